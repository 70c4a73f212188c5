#include "sharing/bulletin.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace tidegate::sharing {
namespace {

constexpr std::string_view kKept = "20000";         // news in the stream, about
constexpr std::string_view kForgotten = "3600000";  // milliseconds after the last
constexpr std::size_t kAtOnce = 1000;               // read in one round

}  // namespace

Bulletin::Bulletin(const std::string& prefix, Link& link, const Membership& members)
    : key_(prefix + ":news"), link_(link), members_(members) {}

Bulletin::~Bulletin() {
  for (News* news = news_.exchange(nullptr); news != nullptr;) {
    delete std::exchange(news, news->next);
  }
}

void Bulletin::post(std::string_view kind, std::string text) {
  if (waiting_.fetch_add(1) >= kMost) {
    waiting_.fetch_sub(1);
    return;
  }
  News* const news = new News{kind, std::move(text), news_.load()};
  while (!news_.compare_exchange_weak(news->next, news)) continue;
  link_.wake();
}

TimePoint Bulletin::due(TimePoint) {
  return news_.load() != nullptr ? std::min(next_, sent_ + kPause) : next_;
}

void Bulletin::ask(redis::Commands& commands, TimePoint now) {
  posted_ = reads_ = 0;
  News* newest_first = news_.exchange(nullptr);
  News* oldest_first = nullptr;
  while (newest_first != nullptr) {
    News* const after = std::exchange(newest_first->next, oldest_first);
    oldest_first = std::exchange(newest_first, after);
  }
  while (oldest_first != nullptr) {
    const std::unique_ptr<News> news(std::exchange(oldest_first, oldest_first->next));
    commands.add({"XADD", key_, "MAXLEN", "~", kKept, "*", "by", members_.id(), "kind", news->kind,
                  "text", news->text});
    waiting_.fetch_sub(1);
    ++posted_;
  }
  if (posted_ != 0) {
    sent_ = now;
    commands.add({"PEXPIRE", key_, kForgotten});
    ++posted_;
  }
  if (now < next_) return;
  next_ = now + kBeat;
  commands.add({"XREAD", "COUNT", std::to_string(kAtOnce), "STREAMS", key_, last_});
  reads_ = 1;
}

void Bulletin::hear(std::span<const redis::Reply> replies, TimePoint) {
  if (std::exchange(reads_, 0) == 0) return;
  // One stream was asked for: in RESP3 a map of it, and nothing at all where nothing is new.
  if (const redis::Reply* entries = replies.back().find(key_)) read(*entries);
}

void Bulletin::read(const redis::Reply& entries) {
  for (const redis::Reply& entry : entries.items) {
    const redis::Reply* id = entry.at(0);
    const redis::Reply* fields = entry.at(1);
    if (id == nullptr || fields == nullptr) continue;
    last_ = id->text;
    const redis::Reply* by = fields->find("by");
    const redis::Reply* kind = fields->find("kind");
    const redis::Reply* text = fields->find("text");
    if (by == nullptr || kind == nullptr || text == nullptr || by->text == members_.id()) continue;
    if (listener_) listener_(kind->text, text->text);
  }
  // More than a round takes are there, as after a start.
  if (entries.items.size() == kAtOnce) next_ = {};
}

}  // namespace tidegate::sharing
