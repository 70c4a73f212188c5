#include "sharing/link.h"

#include <algorithm>
#include <future>
#include <utility>

#include "base/random.h"

namespace tidegate::sharing {
namespace {

// No command of ours fails on a server that is well: one that is full, or a replica that takes no
// writes, is as good as away.
Result<void> check(const std::vector<redis::Reply>& replies) {
  for (const redis::Reply& reply : replies) {
    if (reply.kind == redis::Reply::Kind::error) return fail(ErrorCode::unavailable, reply.text);
  }
  return {};
}

void forget_problem(std::mutex& mutex, std::string& problem) {
  const std::lock_guard lock(mutex);
  problem.clear();
}

}  // namespace

// A sleep that can be cut short, from the loop's thread.
class Link::Nap {
 public:
  Nap(Loop& loop, TimePoint until, Nap*& place) : loop_(loop), until_(until), place_(place) {}
  bool await_ready() const { return until_ <= loop_.now(); }
  void await_suspend(std::coroutine_handle<> sleeper) {
    sleeper_ = sleeper;
    place_ = this;
    // A timer that is far away may as well not be there.
    if (until_ != TimePoint::max()) loop_.arm(timer_, until_);
  }
  void await_resume() const {}
  void end() {
    place_ = nullptr;
    std::exchange(sleeper_, nullptr).resume();
  }

 private:
  static void fire(void* self) { static_cast<Nap*>(self)->end(); }
  Loop& loop_;
  TimePoint until_;
  Nap*& place_;
  Timer timer_{&Nap::fire, this};
  std::coroutine_handle<> sleeper_;
};

Link::Link(const Clock& clock, redis::Server server, telemetry::Log& log)
    : server_(std::move(server)), log_(log), worker_(clock, "shared-state"), resolver_(clock) {}

Link::~Link() { stop(); }

void Link::start() {
  started_ = true;
  worker_.loop().post([this] {
    tasks_.spawn(keep_connected());
    tasks_.spawn(run_rounds());
  });
  worker_.start();
}

void Link::stop() {
  if (!std::exchange(started_, false)) return;
  std::promise<void> ended;
  worker_.loop().post([this, &ended] {
    stopping_ = true;
    // The last round gives back what was leased; both tasks end by themselves.
    if (connect_nap_ != nullptr) connect_nap_->end();
    if (rounds_nap_ != nullptr) rounds_nap_->end();
    const auto until_ended = [](Loop& loop, TaskGroup& tasks,
                                std::promise<void>& done) -> Task<void> {
      while (tasks.size() > 1) {
        const TimePoint soon = loop.now() + 1ms;
        co_await loop.sleep_until(soon);
      }
      done.set_value();
    };
    tasks_.spawn(until_ended(worker_.loop(), tasks_, ended));
  });
  ended.get_future().wait();
  worker_.stop_and_join();
}

void Link::wake() {
  if (woken_.exchange(true)) return;
  worker_.loop().post([this] {
    woken_.store(false);
    if (rounds_nap_ != nullptr) rounds_nap_->end();
  });
}

Link::State Link::state() const {
  const std::lock_guard lock(problem_mutex_);
  return {connected_.load(), rounds_.load(), failures_.load(), problem_};
}

TimePoint Link::next_due(TimePoint now) {
  TimePoint due = TimePoint::max();
  for (Errand* errand : errands_) due = std::min(due, errand->due(now));
  return due;
}

Task<void> Link::run_rounds() {
  Loop& loop = worker_.loop();
  while (!stopping_) {
    const TimePoint now = loop.now();
    TimePoint next = now + kAlone;
    if (connection_ == nullptr) {
      for (Errand* errand : errands_) errand->alone(now);
    } else {
      next = next_due(now);
    }
    if (next > now) {
      Nap nap(loop, next, rounds_nap_);
      co_await nap;
      continue;
    }
    co_await one_round();
  }
  for (Errand* errand : errands_) errand->leaving();
  if (connection_ != nullptr) co_await one_round();
}

Task<void> Link::one_round() {
  Loop& loop = worker_.loop();
  redis::Commands commands;
  std::vector<std::size_t> ends;
  for (Errand* errand : errands_) {
    errand->ask(commands, loop.now());
    ends.push_back(commands.count());
  }
  if (commands.empty()) co_return;
  const std::uint64_t before = connection_->round_trips();
  const TimePoint deadline = loop.now() + kReply;
  Result<std::vector<redis::Reply>> replies = co_await connection_->exchange(commands, deadline);
  rounds_ += connection_->round_trips() - before;
  const Result<void> good = replies ? check(*replies) : std::unexpected(replies.error());
  if (!good) {
    for (Errand* errand : errands_) errand->lost(loop.now());
    disconnected(good.error());
    co_return;
  }
  std::size_t begin = 0;
  for (std::size_t i = 0; i < errands_.size(); ++i) {
    errands_[i]->hear(std::span(*replies).subspan(begin, ends[i] - begin), loop.now());
    begin = ends[i];
  }
}

void Link::disconnected(const Error& error) {
  ++failures_;
  connected_.store(false);
  connection_.reset();
  {
    const std::lock_guard lock(problem_mutex_);
    problem_ = error.message;
  }
  if (!std::exchange(said_away_, true)) {
    log_.event(telemetry::Level::warning, "redis_away",
               {{"option", "state.limits"}, {"error", error.message}});
  }
  if (connect_nap_ != nullptr) connect_nap_->end();
}

// Backs off with jitter, so that a server that comes back is not met by all gateways at once. A
// connection that did not last counts as one that failed.
Task<void> Link::keep_connected() {
  Loop& loop = worker_.loop();
  Duration backoff = kShortestBackoff;
  while (!stopping_) {
    const TimePoint began = loop.now();
    Result<std::unique_ptr<redis::Connection>> opened =
        co_await redis::Connection::open(loop, resolver_, server_, began + kConnect);
    if (opened) {
      connection_ = std::move(*opened);
      for (Errand* errand : errands_) errand->joined(loop.now());
      said_away_ = false;
      log_.event(telemetry::Level::info, "redis_connected", {{"server", server_.where()}});
      forget_problem(problem_mutex_, problem_);
      connected_.store(true);
      if (rounds_nap_ != nullptr) rounds_nap_->end();
      while (connection_ != nullptr && !stopping_) {
        Nap nap(loop, TimePoint::max(), connect_nap_);
        co_await nap;
      }
    } else {
      disconnected(opened.error());
    }
    if (stopping_) break;
    if (loop.now() - began > kLongestBackoff) backoff = kShortestBackoff;
    const auto jitter =
        static_cast<std::int64_t>(random_below(static_cast<std::uint64_t>(backoff.count() / 2)));
    const TimePoint again = loop.now() + backoff / 2 + Duration{jitter};
    backoff = std::min<Duration>(backoff * 2, kLongestBackoff);
    Nap nap(loop, again, connect_nap_);
    co_await nap;
  }
}

}  // namespace tidegate::sharing
