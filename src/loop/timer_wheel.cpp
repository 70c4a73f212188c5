#include "loop/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace tidegate {
namespace {

template <std::size_t... I>
std::array<Timer, sizeof...(I)> make_slots(std::index_sequence<I...>) {
  return {((void)I, Timer(nullptr, nullptr))...};
}

}  // namespace

TimerWheel::TimerWheel(TimePoint now)
    : done_(tick_of(now)), slots_(make_slots(std::make_index_sequence<kSlots>{})) {
  for (Timer& head : slots_) head.next_ = head.prev_ = &head;
}

void TimerWheel::arm(Timer& timer, TimePoint deadline) {
  timer.disarm();
  if (deadline == kNever) return;
  timer.deadline_ = deadline;
  // A deadline in the past goes to the first slot that advance() will look at.
  const std::uint64_t tick = std::max(tick_of(deadline), done_);
  const auto slot = static_cast<unsigned>(tick % kSlots);
  Timer& head = slots_[slot];
  timer.next_ = &head;
  timer.prev_ = head.prev_;
  head.prev_->next_ = &timer;
  head.prev_ = &timer;
  occupied_[slot / 64] |= 1ull << (slot % 64);
}

void TimerWheel::advance(TimePoint now) {
  const std::uint64_t now_tick = tick_of(now);
  if (now_tick <= done_) return;
  // Expired timers move to a list of their own first: what fires may arm and disarm others.
  Timer due(nullptr, nullptr);
  due.next_ = due.prev_ = &due;
  const std::uint64_t last = std::min(now_tick, done_ + kSlots);
  for (std::uint64_t tick = done_; tick < last; ++tick) {
    const auto slot = static_cast<unsigned>(tick % kSlots);
    const std::uint64_t bit = 1ull << (slot % 64);
    if ((occupied_[slot / 64] & bit) == 0) continue;
    Timer& head = slots_[slot];
    for (Timer* timer = head.next_; timer != &head;) {
      Timer* next = timer->next_;
      if (tick_of(timer->deadline_) < now_tick) {
        timer->disarm();
        timer->next_ = &due;
        timer->prev_ = due.prev_;
        due.prev_->next_ = timer;
        due.prev_ = timer;
      }
      timer = next;
    }
    if (head.next_ == &head) occupied_[slot / 64] &= ~bit;
  }
  done_ = now_tick;
  while (due.next_ != &due) {
    Timer& timer = *due.next_;
    timer.disarm();
    timer.fire_(timer.owner_);
  }
}

TimePoint TimerWheel::next_check() {
  constexpr unsigned kWords = kSlots / 64;
  const auto start = static_cast<unsigned>(done_ % kSlots);
  for (unsigned i = 0; i <= kWords; ++i) {
    const unsigned word = (start / 64 + i) % kWords;
    std::uint64_t bits = occupied_[word];
    if (i == 0) bits &= ~0ull << (start % 64);
    if (i == kWords) bits &= ~(~0ull << (start % 64));
    while (bits != 0) {
      const unsigned slot = word * 64 + static_cast<unsigned>(std::countr_zero(bits));
      if (slots_[slot].next_ != &slots_[slot]) {
        const std::uint64_t tick = done_ + (slot + kSlots - start) % kSlots;
        return TimePoint(Duration(static_cast<std::int64_t>((tick + 1) << kTickShift)));
      }
      occupied_[word] &= ~(1ull << (slot % 64));
      bits &= bits - 1;
    }
  }
  return kNever;
}

}  // namespace tidegate
