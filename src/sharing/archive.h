// Archive: texts that gateways keep for one another in Redis, by key and for a while: what a model
// thought, for the gateway to which the conversation comes next. They are sent behind the answer's
// back and fetched only by who needs one and lacks it; nobody is held up by a server that is away.
//
// Bounded: of what waits to be sent, the latest beyond kMostWaiting are not; in Redis the oldest go
// beyond kMostKept. keep() and find() are for any thread.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sharing/link.h"

namespace tidegate::sharing {

class Archive final : public Errand {
 public:
  static constexpr Duration kGather = 1ms;                  // all that one answer leaves
  static constexpr Duration kPause = 20ms;                  // between two rounds with texts
  static constexpr std::size_t kMostText = 1u << 20;        // a longer one is not kept for others
  static constexpr std::size_t kMostAtOnce = 1u << 20;      // bytes that a round sends, about
  static constexpr std::size_t kMostWaiting = 16u << 20;    // bytes
  static constexpr std::uint64_t kMostKept = 256ull << 20;  // bytes in Redis
  static constexpr std::size_t kMostKeys = 256;             // of one search

  struct Found {
    std::string text;
    WallTime until;
  };
  // What is asked for, and once `done`, what is there. Absent: nobody has it, or nobody knows.
  struct Search {
    std::vector<std::string> keys;
    std::vector<std::optional<Found>> found;  // as many as keys, once it was answered; else none
    std::atomic<bool> done{false};
  };

  Archive(const std::string& prefix, Link& link, std::uint64_t most_kept = kMostKept)
      : prefix_(prefix + ":archive"), most_kept_(most_kept), link_(link) {}

  void keep(std::string key, std::string_view text, WallTime until);
  // Null: the server is away. Beyond kMostKeys the last are not asked for.
  [[nodiscard]] std::shared_ptr<const Search> find(std::vector<std::string> keys);

  TimePoint due(TimePoint now) override;
  void ask(redis::Commands& commands, TimePoint now) override;
  void hear(std::span<const redis::Reply> replies, TimePoint now) override;
  void lost(TimePoint now) override;
  void joined(TimePoint) override {}
  void alone(TimePoint now) override;

 private:
  struct Text {
    std::string key, value;  // value: "MICROSECONDS TEXT", the wall time until which it counts
    [[nodiscard]] std::size_t size() const { return key.size() + value.size(); }
  };

  const std::string prefix_;
  const std::uint64_t most_kept_;
  Link& link_;
  std::mutex mutex_;  // held to push and to take; only by answers that are remembered and searches
  std::deque<Text> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::vector<std::shared_ptr<Search>> searches_;

  std::vector<std::shared_ptr<Search>> asked_;  // in this round
  std::size_t sent_texts_ = 0;                  // in this round
  TimePoint sent_{}, since_{};                  // since_: the first of what waits; none if unset
};

}  // namespace tidegate::sharing
