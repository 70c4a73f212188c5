// Giving: the owner of runs gives requests to other processes that share its store, and waits for
// their answers (offer.h). What one process has in hand stays with it; of what is more, each
// process gets its part. Lives on the engine's loop; the store is asked on a thread of its own.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "engine/models.h"
#include "engine/offer.h"
#include "engine/run_archive.h"
#include "loop/loop.h"
#include "loop/notice.h"
#include "loop/task_group.h"

namespace tidegate::engine {

class Giving {
 public:
  struct Options {
    std::string owner{};     // this process
    Duration lease = 20s;    // how long a helper that is not heard of keeps what it claimed
    std::size_t keep = 16;   // requests at a time that are made here before any is given away
    Duration look = 20ms;    // for answers, while any is awaited
    Duration census = 1s;    // of helpers, while there are runs
    Duration patience = 1s;  // with an offer that nobody claims
  };
  enum class Fate {
    answered,
    lost,        // nobody knows what became of it
    taken_back,  // nobody has claimed it: it is to be made here
    left,        // this process has the run no more; its next owner waits for the answer
  };
  struct End {
    Fate fate = Fate::lost;
    std::string helper{};
    AskResult result = std::unexpected(Failure{});
  };
  // A request that is made here, as long as it lives. `giving` null: nobody counts.
  class Own {
   public:
    explicit Own(Giving* giving) : giving_(giving) {
      if (giving_ != nullptr) ++giving_->own_;
    }
    ~Own() {
      if (giving_ != nullptr) --giving_->own_;
    }
    Own(const Own&) = delete;
    Own& operator=(const Own&) = delete;

   private:
    Giving* giving_;
  };

  Giving(Loop& loop, RunArchive::OpenStore open_store, Options options);

  // Looks who is there from start() until stop(), as long as this process has runs.
  void start();
  void stop();
  [[nodiscard]] bool idle() const { return group_.empty(); }
  [[nodiscard]] const std::string& owner() const { return options_.owner; }
  // That were seen last.
  [[nodiscard]] std::size_t helpers() const { return others_.helpers; }

  // Whether the next request shall be made by somebody else.
  [[nodiscard]] bool shall_give() const;
  // Waits for the answer to an offer that is durable. `left` is looked at when it is cancelled:
  // true: only this process wants it no more. `limit`: how long the request may take; 0: no limit.
  Task<End> answer(OfferKey key, Duration limit, Cancel& cancel, const bool& left);

 private:
  struct Wait;
  struct Errands;
  Task<void> look();
  [[nodiscard]] Errands errands();
  void run_errands_done(const Errands& done);
  Task<void> take_in(std::vector<OfferKey> over);
  void end(OfferKey key, End how);

  Loop& loop_;
  RunArchive archive_;
  const Options options_;
  std::map<OfferKey, Wait*> waits_;
  HelperRoom others_;
  std::size_t own_ = 0;
  TimePoint counted_{};     // the helpers
  TimePoint full_until_{};  // an offer came back
  TimePoint bury_from_{};   // not before; while the store was away nobody could be heard of
  bool running_ = false;
  bool stopped_ = true;
  Notice changed_;
  TaskGroup group_;
};

}  // namespace tidegate::engine
