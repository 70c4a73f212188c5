// A code fence around an answer, which models put there though they were told not to: around a
// whole one, and around one that comes in pieces. Texts are raw, as between the quotes in JSON. A
// StreamFence belongs to one answer, on one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidegate::translation {

// What stands within the fence, when `raw` is nothing but one: ```json ... ```. A part of `raw`.
[[nodiscard]] std::optional<std::string_view> within_fence(std::string_view raw);

// Takes the fence off as the text passes. Held back is only what may yet be a part of it: the begin
// until it is clear, and what could be the end. Views hold until the next call.
class StreamFence {
 public:
  // What may pass after the answer's next piece; no piece ends within an escape.
  std::string_view take(std::string_view raw);
  // What is left at the text's end.
  std::string_view finish();

 private:
  enum class State : std::uint8_t { begin, inside, none };
  bool open();
  std::string_view release(std::size_t size);

  State state_ = State::begin;
  std::string held_, released_;
};

}  // namespace tidegate::translation
