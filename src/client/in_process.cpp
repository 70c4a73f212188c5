#include "client/in_process.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "client/program_exchange.h"
#include "gateway/worker_state.h"
#include "loop/task_group.h"

namespace tidegate::client {
namespace {

RequestFailure canceled() {
  RequestFailure failure;
  failure.failure = FailureClass::canceled;
  failure.message = "the program canceled the request";
  return failure;
}

// What the walk knows better than the answer's words.
void correct(RequestFailure& failure, ledger::Outcome outcome) {
  switch (outcome) {
    case ledger::Outcome::client_gone:
      failure = canceled();
      return;
    case ledger::Outcome::timed_out:
      failure.failure = FailureClass::timeout;
      return;
    case ledger::Outcome::truncated:
      failure.failure = FailureClass::truncated;
      return;
    default:
      return;
  }
}

}  // namespace

struct InProcess::Lane {
  Lane(const Clock& clock, std::size_t number, Resolver& resolver, gateway::SharedState& shared,
       telemetry::Log& log)
      : index(number),
        worker(clock, fmt::format("tidegate-{}", number)),
        state(worker.loop(), resolver, shared, log) {}

  const std::size_t index;
  Worker worker;
  gateway::WorkerState state;
  TaskGroup tasks;
  std::vector<ProgramExchange*> exchanges;
};

InProcess::InProcess() : resolver_(clock_) {}

Result<std::unique_ptr<InProcess>> InProcess::start(config::Config config, int threads,
                                                    const std::string& ledger) {
  std::unique_ptr<InProcess> started(new InProcess);
  if (auto opened = started->open(std::move(config), threads, ledger); !opened) {
    return std::unexpected(std::move(opened.error()));
  }
  return started;
}

Result<void> InProcess::open(config::Config config, int threads, const std::string& ledger) {
  ledger::Options options;
  options.path = ledger;
  if (!ledger.empty()) options.journal_path = ledger + ".journal";
  options.on_record = [this](const ledger::UsageRecord& record) { totals_.add(record); };
  auto opened = ledger::Ledger::open(std::move(options));
  if (!opened) return std::unexpected(std::move(opened.error()));
  shared_.ledger = std::move(*opened);
  // For programs that do not send back what a model thought.
  shared_.reasoning =
      std::make_unique<translation::ReasoningMemory>(translation::MemoryOptions{}, clock_);
  telemetry::LogOptions quiet;
  quiet.level = telemetry::Level::error;
  auto log = telemetry::Log::open(quiet, clock_);
  if (!log) return std::unexpected(std::move(log.error()));
  log_ = std::move(*log);
  std::vector<config::Problem> problems;
  snapshot_ = gateway::Snapshot::build(std::move(config), shared_, problems);
  if (snapshot_ == nullptr) {
    std::string text;
    for (const config::Problem& problem : problems) {
      if (problem.warning) continue;
      text += fmt::format("{}{}", text.empty() ? "" : "\n", config::format(problem));
    }
    return fail(ErrorCode::invalid, std::move(text), "options");
  }
  for (int i = 0; i < threads; ++i) {
    lanes_.push_back(std::make_unique<Lane>(clock_, lanes_.size(), resolver_, shared_, *log_));
    lanes_.back()->state.use(snapshot_);
  }
  for (const auto& lane : lanes_) lane->worker.start();
  return {};
}

InProcess::~InProcess() {
  for (const auto& lane : lanes_) {
    lane->worker.loop().post([at = lane.get()] {
      const std::vector<ProgramExchange*> open = at->exchanges;
      for (ProgramExchange* exchange : open) {
        // One that leaves may end others; only those that are still there are told.
        if (std::ranges::find(at->exchanges, exchange) != at->exchanges.end()) exchange->leave();
      }
    });
  }
  for (int open = open_.load(); open != 0; open = open_.load()) open_.wait(open);
  for (const auto& lane : lanes_) lane->worker.stop_and_join();
}

void InProcess::assign(Job& job) {
  job.worker = next_.fetch_add(1, std::memory_order_relaxed) % lanes_.size();
}

void InProcess::submit(std::shared_ptr<Job> job) {
  open_.fetch_add(1);
  Lane& lane = *lanes_[job->worker];
  lane.worker.loop().post([this, at = &lane, work = std::move(job)]() mutable {
    at->tasks.spawn(serve(*this, *at, std::move(work)));
  });
}

void InProcess::cancel(const std::shared_ptr<Job>& job) {
  job->canceled = true;
  lanes_[job->worker]->worker.loop().post([job] {
    if (job->exchange != nullptr) job->exchange->leave();
  });
}

void InProcess::go_on(const std::shared_ptr<Job>& job) {
  lanes_[job->worker]->worker.loop().post([job] {
    if (job->exchange != nullptr) job->exchange->go_on();
  });
}

Task<void> InProcess::serve(InProcess& self, Lane& lane, std::shared_ptr<Job> job) {
  gateway::WalkEnd walk;
  walk.outcome = ledger::Outcome::client_gone;
  ChatResult result = std::unexpected(canceled());
  if (!job->canceled) {
    AnswerReading reading;
    if (job->on_event) reading.tell(job->on_event);
    ProgramExchange exchange(lane.worker.loop(), lane.index, *job, reading);
    lane.exchanges.push_back(&exchange);
    gateway::Caller caller;
    co_await gateway::serve(exchange, lane.state, protocol::Surface::chat, std::move(caller),
                            &walk);
    std::erase(lane.exchanges, &exchange);
    result = reading.end(exchange.finished(), lane.worker.loop().wall());
  }
  self.end(*job, std::move(result), walk);
  job.reset();
  if (self.open_.fetch_sub(1) == 1) self.open_.notify_all();
}

void InProcess::end(Job& job, ChatResult result, const gateway::WalkEnd& walk) {
  const Spent spent = totals_.take(walk.id);
  const auto id = walk.id.text();
  const auto fill = [&](auto& to) {
    if (to.request_id.empty() && walk.id != RequestId{}) to.request_id.assign(id.data(), id.size());
    to.provider = walk.provider;
    to.model = walk.model;
    to.attempts = walk.attempts;
    to.usage = spent.usage;
    if (spent.priced) to.cost = spent.cost;
    to.timings = {walk.queued, walk.first_byte, clock_.now() - job.started};
  };
  job.on_stop.reset();
  if (result) {
    fill(*result);
    result->notes = walk.notes;
  } else {
    correct(result.error(), walk.outcome);
    fill(result.error());
  }
  job.money.settle(
      {.input = spent.usage.prompt, .output = spent.usage.completion, .cost = spent.cost});
  totals_.add(result);
  // What they hold may hold the job.
  job.on_event = {};
  job.full = {};
  const auto done = std::exchange(job.on_done, {});
  done(std::move(result));
}

}  // namespace tidegate::client
