// Membership: that this gateway lives, and how many others do. A gateway that was silent for
// kSilent counts as dead: what it had leased goes to the others.
//
// Asked by the other errands on the link's thread; what is atomic, by any.
#pragma once

#include <atomic>
#include <deque>
#include <string>
#include <utility>

#include "sharing/link.h"

namespace tidegate::sharing {

class Membership final : public Errand {
 public:
  static constexpr Duration kBeat = 500ms;
  static constexpr Duration kSilent = 5s;
  static constexpr Duration kSettled = Link::kLongestBackoff + Link::kReply;
  // Those who were there a moment ago may come again: until then they count in fair shares.
  static constexpr Duration kRemembered = 10s;

  // `expected`: how many there are, until the server says it.
  Membership(const std::string& prefix, int expected);

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const std::string& key() const { return key_; }  // of the set of gateways
  // The most that were seen within kRemembered; at least 1.
  [[nodiscard]] int gateways() const { return gateways_.load(std::memory_order_relaxed); }
  // Of the server's clock, at `now` of ours; zero before the first beat.
  [[nodiscard]] WallTime server_time(TimePoint now) const;
  // Somebody was connected at every moment of the last kSettled: the server was there and has
  // forgotten nothing, and whoever had lost it has come back and said what it did alone.
  [[nodiscard]] bool steady() const { return steady_; }

  TimePoint due(TimePoint now) override;
  void ask(redis::Commands& commands, TimePoint now) override;
  void hear(std::span<const redis::Reply> replies, TimePoint now) override;
  void lost(TimePoint) override { asked_ = steady_ = false; }
  void joined(TimePoint) override { next_ = {}; }
  void alone(TimePoint) override {}
  void leaving() override { leaving_ = true; }

 private:
  void saw(int gateways, TimePoint now);

  const std::string id_, key_, steady_key_;
  std::atomic<int> gateways_;
  std::deque<std::pair<TimePoint, int>> seen_;  // falling numbers; the first one counts
  TimePoint next_{};
  bool asked_ = false, leaving_ = false, steady_ = false;
  WallTime server_{};
  TimePoint server_at_{};
};

}  // namespace tidegate::sharing
