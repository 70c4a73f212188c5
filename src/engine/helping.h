// Helping: makes requests for runs of other processes that share the store (offer.h): claims them,
// asks this process' own models, leaves the answers. What it has claimed is lost to it once it was
// not heard of for a lease. Lives on the engine's loop; the store is asked on a thread of its own.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/models.h"
#include "engine/offer.h"
#include "engine/run_archive.h"
#include "loop/loop.h"
#include "loop/notice.h"
#include "loop/task_group.h"

namespace tidegate::engine {

class Helping {
 public:
  struct Options {
    std::string name{};     // this process
    Duration lease = 20s;   // heard of at a third of it
    std::size_t most = 64;  // requests at a time
    Duration look = 100ms;
    std::vector<std::string> secrets{};  // of the process: no answer may tell them
  };
  Helping(Loop& loop, RunArchive::OpenStore open_store, Models& models, Options options);

  void start() { group_.spawn(help()); }
  // Breaks off what it makes and tells the owners. Then it may be destroyed once it is idle.
  void stop();
  [[nodiscard]] bool idle() const { return group_.empty(); }

 private:
  struct Request;
  struct Look;
  Task<void> help();
  Task<Result<Look>> look();
  void take(Look& found, TimePoint asked);
  Task<void> make(Claim claim);

  Loop& loop_;
  RunArchive archive_;
  Models& models_;
  const Options options_;
  std::vector<std::string> secrets_;   // in the forms that they may be written in
  std::map<OfferKey, Request*> made_;  // under way
  std::vector<std::pair<OfferKey, std::string>> answers_;  // to be left
  TimePoint heard_{};
  bool stopped_ = false;
  Notice changed_;
  TaskGroup group_, requests_;
};

}  // namespace tidegate::engine
