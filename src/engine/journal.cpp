#include "engine/journal.h"

#include <algorithm>
#include <atomic>

#include "base/random.h"

namespace tidegate::engine {
namespace {

constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr int kRandomBits = 15;
constexpr int kCharacters = 13;

}  // namespace

RunId RunId::make(WallTime now) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const auto random = static_cast<std::int64_t>(random_below(1u << kRandomBits));
  const std::int64_t wanted = (ms << kRandomBits | random) & INT64_MAX;
  // A fan-out makes hundreds in one millisecond: in a process each is above the one before.
  static std::atomic<std::int64_t> last{0};
  std::int64_t before = last.load(std::memory_order_relaxed);
  std::int64_t next = 0;
  do {
    next = std::max(wanted, before + 1);
  } while (!last.compare_exchange_weak(before, next, std::memory_order_relaxed));
  return {next};
}

std::string RunId::text() const {
  std::string text(1 + kCharacters, 'r');
  auto rest = static_cast<std::uint64_t>(value);
  for (std::size_t i = kCharacters; i > 0; --i, rest >>= 5) text[i] = kDigits[rest & 31];
  return text;
}

std::optional<RunId> RunId::parse(std::string_view text) {
  if (text.size() != 1 + kCharacters || text[0] != 'r') return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text.substr(1)) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos || value >> 59 != 0) return std::nullopt;
    value = value << 5 | digit;
  }
  if (value > INT64_MAX) return std::nullopt;
  return RunId{static_cast<std::int64_t>(value)};
}

std::string_view name_of(CostKind kind) {
  constexpr std::string_view kNames[] = {"billed", "estimated", "unknown"};
  return kNames[static_cast<std::size_t>(kind)];
}

void Journal::Durable::await_suspend(std::coroutine_handle<> coroutine) {
  waiter_.coroutine = coroutine;
  (journal_.first_ == nullptr ? journal_.first_ : journal_.last_->next) = &waiter_;
  journal_.last_ = &waiter_;
}

Result<void> Journal::Durable::await_resume() const {
  if (journal_.committed_ >= waiter_.position) return {};
  return std::unexpected(journal_.failure_);
}

// A waiter lies in the frame that it resumes, so it is unlinked before.
void Journal::committed_up_to(std::uint64_t position) {
  committed_ = position;
  while (first_ != nullptr && (failed_ || first_->position <= committed_)) {
    const std::coroutine_handle<> coroutine = first_->coroutine;
    first_ = first_->next;
    if (first_ == nullptr) last_ = nullptr;
    coroutine.resume();
  }
}

void Journal::fail_for_good(Error error) {
  if (failed_) return;
  failed_ = true;
  failure_ = std::move(error);
  committed_up_to(committed_);
}

}  // namespace tidegate::engine
