// Link: the connection of this gateway to the Redis server that it shares with others: a thread, a
// loop, one connection, and rounds: in each all errands say what they want to ask, it leaves in one
// write, and the answers go back to them. Nobody ever waits for it but its own thread.
//
// Errand: one thing that is shared. Its methods run on the link's thread, but for what it offers to
// others.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "loop/resolver.h"
#include "loop/task_group.h"
#include "loop/worker.h"
#include "redis/connection.h"
#include "telemetry/log.h"

namespace tidegate::sharing {

class Errand {
 public:
  virtual ~Errand() = default;
  // When it next wants a round; TimePoint::max(): not before it wakes the link.
  [[nodiscard]] virtual TimePoint due(TimePoint now) = 0;
  // Adds its commands, in a round that is due for this errand or another.
  virtual void ask(redis::Commands& commands, TimePoint now) = 0;
  // The replies to those, in order.
  virtual void hear(std::span<const redis::Reply> replies, TimePoint now) = 0;
  // The round failed: nobody knows what of it was done.
  virtual void lost(TimePoint now) = 0;
  // A connection is there, for the first time or again.
  virtual void joined(TimePoint now) = 0;
  // Called at least every kAlone while there is none.
  virtual void alone(TimePoint now) = 0;
  // The next round is the last.
  virtual void leaving() {}
};

class Link {
 public:
  // A server that needs longer counts as away.
  static constexpr Duration kReply = 250ms;
  static constexpr Duration kConnect = 1s;
  static constexpr Duration kAlone = 20ms;
  static constexpr Duration kShortestBackoff = 50ms, kLongestBackoff = 2s;

  Link(const Clock& clock, redis::Server server, telemetry::Log& log);
  ~Link();  // stops
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // In the order in which they ask; before start(). They must outlive the link's thread.
  void add(Errand& errand) { errands_.push_back(&errand); }
  void start();
  void stop();

  // An errand became due. Any thread; posts to the loop once for many calls.
  void wake();

  struct State {
    bool connected = false;
    std::uint64_t rounds = 0, failures = 0;
    std::string problem;  // the latest, while it lasts
  };
  [[nodiscard]] State state() const;  // any thread
  [[nodiscard]] bool connected() const { return connected_.load(std::memory_order_relaxed); }

 private:
  class Nap;
  Task<void> run_rounds();
  Task<void> keep_connected();
  Task<void> one_round();
  [[nodiscard]] TimePoint next_due(TimePoint now);
  void disconnected(const Error& error);

  const redis::Server server_;
  telemetry::Log& log_;
  Worker worker_;
  Resolver resolver_;
  TaskGroup tasks_;
  std::vector<Errand*> errands_;
  std::unique_ptr<redis::Connection> connection_;
  Nap* rounds_nap_ = nullptr;   // of run_rounds(), while it naps
  Nap* connect_nap_ = nullptr;  // of keep_connected()
  bool stopping_ = false, said_away_ = false;
  std::atomic<bool> woken_{false};

  std::atomic<bool> connected_{false};
  std::atomic<std::uint64_t> rounds_{0}, failures_{0};
  mutable std::mutex problem_mutex_;  // for what is read once a scrape
  std::string problem_;
  bool started_ = false;
};

}  // namespace tidegate::sharing
