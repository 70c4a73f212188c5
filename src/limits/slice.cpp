#include "tidegate/slice.h"

#include <algorithm>
#include <utility>

namespace tidegate {
namespace {

// Lets estimates be counted without a locked instruction.
template <class Number>
void count(std::atomic<Number>& counter, Number more) {
  counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

}  // namespace

Slice::Slice(Terms terms, Lender& lender, WaitingLine& line)
    : left_(terms.capacity), lender_(lender), terms_(std::move(terms)), line_(&line) {}

void Slice::call() {
  if (!called_.exchange(true)) lender_.called(shared_from_this());
}

bool Slice::try_take(Tokens n) {
  Tokens held = held_.load();
  while (held >= n) {
    if (!held_.compare_exchange_weak(held, held - n)) continue;
    count(taken_, n);
    // After the exchange: either the lender that is about to look away sees it, or we see that.
    if (!watched_.load()) call();
    return true;
  }
  return false;
}

Admission Slice::take(Tokens n, TimePoint now) {
  count(takes_, 1u);
  if (try_take(n)) return {.admitted = true};
  wanted_.fetch_add(n, std::memory_order_relaxed);
  if (largest_.load(std::memory_order_relaxed) < n) largest_.store(n, std::memory_order_relaxed);
  call();
  return outlook(n, now);
}

Admission Slice::outlook(Tokens n, TimePoint now) const {
  const TimePoint empty{Duration{empty_until_.load()}};
  // A slice that came in between counts as one that is still to come: whoever stands in line by
  // then looks once more.
  if (held_.load() >= n || now >= empty) return {.pending = true};
  return {.wait = empty - now};
}

void Slice::charge(Tokens n) {
  if (held_.fetch_sub(n) < n || !watched_.load()) call();
}

void Slice::refund(Tokens n) {
  held_.fetch_add(n);
  if (!watched_.load()) call();
}

Tokens Slice::available() const {
  const Tokens held = std::max<Tokens>(held_.load(std::memory_order_relaxed), 0);
  return std::min(held + std::max<Tokens>(left_.load(std::memory_order_relaxed), 0),
                  terms_.capacity);
}

Duration Slice::until_full() const {
  if (terms_.rate <= 0) return {};
  const auto missing = static_cast<double>(terms_.capacity - available());
  return Duration{static_cast<std::int64_t>(missing / terms_.rate * 1e9)};
}

void Slice::close() {
  {
    const std::lock_guard lock(line_mutex_);
    line_ = nullptr;
  }
  call();
}

Slice::Demand Slice::look() {
  watched_.store(true);
  Demand demand;
  demand.taken = taken_.exchange(0);
  demand.takes = takes_.exchange(0);
  demand.wanted = wanted_.exchange(0);
  demand.largest = largest_.exchange(0);
  demand.held = held_.load();
  const std::lock_guard lock(line_mutex_);
  demand.closed = line_ == nullptr;
  return demand;
}

void Slice::grant(Tokens n, Tokens left) {
  left_.store(left, std::memory_order_relaxed);
  held_.fetch_add(n);
}

Tokens Slice::give_back(Tokens keep) {
  Tokens held = held_.load();
  while (held > keep) {
    if (held_.compare_exchange_weak(held, keep)) return held - keep;
  }
  return 0;
}

void Slice::empty_until(TimePoint at) { empty_until_.store(at.time_since_epoch().count()); }

bool Slice::rest() {
  watched_.store(false);
  if (held_.load() == 0) return true;
  watched_.store(true);
  return false;
}

std::size_t Slice::waiting() {
  const std::lock_guard lock(line_mutex_);
  return line_ == nullptr ? 0 : line_->length();
}

void Slice::wake() {
  const std::lock_guard lock(line_mutex_);
  if (line_ != nullptr) line_->look_again();
}

}  // namespace tidegate
