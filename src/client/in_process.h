// InProcess: the gateway's pipeline without its server: workers that serve the jobs of a program in
// the same process. Any thread; made and destroyed by its owner.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "client/job.h"
#include "client/totals.h"
#include "config/config.h"
#include "gateway/shared_state.h"
#include "gateway/snapshot.h"
#include "loop/resolver.h"
#include "loop/worker.h"
#include "telemetry/log.h"

namespace tidegate::client {

class InProcess {
 public:
  // `ledger`: the path of its file; empty: nothing is kept.
  static Result<std::unique_ptr<InProcess>> start(config::Config config, int threads,
                                                  const std::string& ledger);
  // Cancels what is in flight; every job ends before this returns.
  ~InProcess();
  InProcess(const InProcess&) = delete;
  InProcess& operator=(const InProcess&) = delete;

  // Chooses who will serve the job; before anybody may cancel it.
  void assign(Job& job);
  void submit(std::shared_ptr<Job> job);
  // Closes the connection to the provider, or leaves the line of a limit.
  void cancel(const std::shared_ptr<Job>& job);
  // There is room again where job->full said that there was none.
  void go_on(const std::shared_ptr<Job>& job);

  [[nodiscard]] const gateway::Snapshot& snapshot() const { return *snapshot_; }
  [[nodiscard]] const SystemClock& clock() const { return clock_; }
  // A request that ended before it became a job.
  void count(const RequestFailure& failure) { totals_.add(ChatResult(std::unexpected(failure))); }
  [[nodiscard]] CostSummary costs() const { return totals_.summary(); }

 private:
  struct Lane;
  InProcess();
  Result<void> open(config::Config config, int threads, const std::string& ledger);
  static Task<void> serve(InProcess& self, Lane& lane, std::shared_ptr<Job> job);
  void end(Job& job, ChatResult result, const gateway::WalkEnd& walk);

  SystemClock clock_;
  Resolver resolver_;
  std::unique_ptr<telemetry::Log> log_;
  gateway::SharedState shared_;
  std::shared_ptr<const gateway::Snapshot> snapshot_;
  Totals totals_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::atomic<std::size_t> next_{0};
  std::atomic<int> open_{0};
};

}  // namespace tidegate::client
