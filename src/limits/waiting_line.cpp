#include "tidegate/waiting_line.h"

#include <utility>

namespace tidegate {
namespace {

std::size_t index(Priority priority) { return static_cast<std::size_t>(priority); }

}  // namespace

std::unique_ptr<WaitingLine::Place> WaitingLine::join(Priority priority, Wake wake) {
  const std::lock_guard lock(mutex_);
  if (waiting_[0].size() + waiting_[1].size() >= max_length_) return nullptr;
  auto& list = waiting_[index(priority)];
  ++lengths_[index(priority)];
  return std::unique_ptr<Place>(
      new Place(*this, priority, list.insert(list.end(), std::move(wake))));
}

const WaitingLine::Wake* WaitingLine::first() const {
  for (const auto& list : waiting_) {
    if (!list.empty()) return &list.front();
  }
  return nullptr;
}

bool WaitingLine::is_first(const Place& place) const {
  const std::lock_guard lock(mutex_);
  return first() == &*place.entry_;
}

void WaitingLine::leave(Place& place) {
  const std::lock_guard lock(mutex_);
  const bool was_first = first() == &*place.entry_;
  waiting_[index(place.priority_)].erase(place.entry_);
  --lengths_[index(place.priority_)];
  if (const Wake* next = first(); was_first && next != nullptr) (*next)();
}

void WaitingLine::wake_first() {
  const std::lock_guard lock(mutex_);
  if (const Wake* next = first()) (*next)();
}

}  // namespace tidegate
