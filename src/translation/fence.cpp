#include "translation/fence.h"

#include <algorithm>

namespace tidegate::translation {
namespace {

constexpr std::string_view kFence = "```";
constexpr std::size_t kMostHeld = 256;  // more white space than that is no part of a fence

bool is_space_escape(std::string_view escape) {
  return escape == "\\n" || escape == "\\r" || escape == "\\t";
}

std::string_view without_space_before(std::string_view raw) {
  for (;;) {
    if (raw.starts_with(' ')) {
      raw.remove_prefix(1);
    } else if (is_space_escape(raw.substr(0, 2))) {
      raw.remove_prefix(2);
    } else {
      return raw;
    }
  }
}

// An n behind an escaped backslash is a letter.
bool ends_with_escape(std::string_view raw) {
  if (raw.size() < 2 || !is_space_escape(raw.substr(raw.size() - 2))) return false;
  const std::string_view before = raw.substr(0, raw.size() - 1);
  const std::size_t other = before.find_last_not_of('\\');
  const std::size_t backslashes = before.size() - (other == before.npos ? 0 : other + 1);
  return backslashes % 2 == 1;
}

std::string_view without_space_behind(std::string_view raw) {
  for (;;) {
    if (raw.ends_with(' ')) {
      raw.remove_suffix(1);
    } else if (ends_with_escape(raw)) {
      raw.remove_suffix(2);
    } else {
      return raw;
    }
  }
}

bool is_language(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '5'; }

}  // namespace

std::optional<std::string_view> within_fence(std::string_view raw) {
  raw = without_space_behind(without_space_before(raw));
  if (raw.size() < 2 * kFence.size() || !raw.starts_with(kFence) || !raw.ends_with(kFence)) {
    return std::nullopt;
  }
  raw = raw.substr(kFence.size(), raw.size() - 2 * kFence.size());
  // "json", "jsonc", "JSON5"; none as often as not.
  raw.remove_prefix(
      static_cast<std::size_t>(std::ranges::find_if_not(raw, is_language) - raw.begin()));
  raw = without_space_behind(without_space_before(raw));
  if (raw.empty()) return std::nullopt;
  return raw;
}

std::string_view StreamFence::take(std::string_view raw) {
  if (state_ == State::none) return raw;
  held_ += raw;
  if (state_ == State::begin && !open()) return {};
  if (state_ == State::none) return release(held_.size());
  std::string_view passes = without_space_behind(held_);
  for (std::size_t i = 0; i < kFence.size() && passes.ends_with('`'); ++i) passes.remove_suffix(1);
  passes = without_space_behind(passes);
  return release(held_.size() - passes.size() > kMostHeld ? held_.size() : passes.size());
}

std::string_view StreamFence::finish() {
  const bool closes = state_ == State::inside && without_space_behind(held_).ends_with(kFence);
  state_ = State::none;
  if (closes) held_.clear();
  return release(held_.size());
}

// Whether it is clear by now if there is a fence; what opens it is dropped.
bool StreamFence::open() {
  std::string_view rest = without_space_before(held_);
  if (rest.size() < kFence.size() && kFence.starts_with(rest) && held_.size() <= kMostHeld) {
    return false;
  }
  state_ = rest.starts_with(kFence) ? State::inside : State::none;
  if (state_ == State::none) return true;
  rest.remove_prefix(kFence.size());
  rest.remove_prefix(
      static_cast<std::size_t>(std::ranges::find_if_not(rest, is_language) - rest.begin()));
  rest = without_space_before(rest);
  if (rest.empty() && held_.size() <= kMostHeld) {  // the language may go on
    state_ = State::begin;
    return false;
  }
  held_.erase(0, held_.size() - rest.size());
  return true;
}

std::string_view StreamFence::release(std::size_t size) {
  released_.assign(held_, 0, size);
  held_.erase(0, size);
  return released_;
}

}  // namespace tidegate::translation
