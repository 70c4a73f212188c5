// GET /api/usage on the admin listener: the reports of `tidegate cost --json`, with the same
// parameters. Reports run on a thread of its own, one after another, as they read files or ask a
// server. One per process; must outlive the listener.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "http/exchange.h"
#include "ledger/report.h"

namespace tidegate::gateway {

class UsagePage final : public http::Handler {
 public:
  explicit UsagePage(ledger::LedgerPlace place) : place_(std::move(place)) {}
  ~UsagePage() override;

  Task<void> serve(http::Exchange& exchange) override;
  std::string error_body(int status, std::string_view problem) override;

 private:
  struct Answer {
    int status = 200;
    std::string body;
  };
  class OnThread;

  [[nodiscard]] Answer report(const ledger::Query& query) const;
  // False: too many wait already.
  bool submit(std::function<void()> work);
  void run();

  const ledger::LedgerPlace place_;
  // Guards what follows; taken by a worker only for a report. The thread starts with the first.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace tidegate::gateway
