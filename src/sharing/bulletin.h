// Bulletin: short news that gateways have for one another, in a stream in Redis: a breaker that
// opened, the route that a task took. What one posts the others hear within kBeat and a round trip.
// Nobody waits for it, and what cannot be sent while Redis is away is forgotten beyond kMost.
//
// post() is for any thread; the listener is called on the link's.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

#include "sharing/membership.h"

namespace tidegate::sharing {

class Bulletin final : public Errand {
 public:
  static constexpr Duration kBeat = 500ms;
  static constexpr Duration kPause = 20ms;  // between two rounds with news
  static constexpr int kMost = 10'000;      // that wait to be sent
  // "breaker", "openai/gpt-5.5 1780000000000"
  using Listener = std::function<void(std::string_view kind, std::string_view text)>;

  Bulletin(const std::string& prefix, Link& link, const Membership& members);
  ~Bulletin() override;

  void listen(Listener listener) { listener_ = std::move(listener); }  // before the link starts
  void post(std::string_view kind, std::string text);

  TimePoint due(TimePoint now) override;
  void ask(redis::Commands& commands, TimePoint now) override;
  void hear(std::span<const redis::Reply> replies, TimePoint now) override;
  void lost(TimePoint) override { posted_ = reads_ = 0; }
  void joined(TimePoint) override { next_ = {}; }
  void alone(TimePoint) override {}

 private:
  struct News {
    std::string_view kind;  // a literal
    std::string text;
    News* next;
  };
  void read(const redis::Reply& entries);

  const std::string key_;
  Link& link_;
  const Membership& members_;
  Listener listener_;
  std::atomic<News*> news_{nullptr};  // the latest first
  std::atomic<int> waiting_{0};
  std::string last_ = "0";  // heard, the stream's id
  TimePoint next_{}, sent_{};
  std::size_t posted_ = 0, reads_ = 0;  // commands of this round
};

}  // namespace tidegate::sharing
