// Answer: what a provider's chat answer says about itself, whether it came whole or as a stream.
// Used by the gateway to judge an attempt and to settle it. Plain values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/recycle.h"
#include "base/usage.h"

namespace tidegate::protocol {

enum class FinishReason : std::uint8_t {
  none,  // not said (yet)
  stop,
  length,
  tool_calls,
  content_filter,
  insufficient_system_resource,  // DeepSeek: the provider failed inside HTTP 200
  aborted,                       // the same; also OpenRouter's "error"
  other,
};
[[nodiscard]] std::string_view name(FinishReason reason);

struct Answer {
  static constexpr std::size_t kMaxToolCallIds = 16;
  static constexpr std::size_t kMaxErrorBytes = 4096;

  RecycledString model;        // as served, which need not be the name that was asked for
  std::optional<Usage> usage;  // the latest that was sent; absent when none was
  FinishReason finish = FinishReason::none;
  bool content = false;    // any text for the user, refusals included
  bool reasoning = false;  // any
  std::uint32_t tool_calls = 0;
  std::vector<std::string> tool_call_ids;  // the first kMaxToolCallIds, raw JSON, in order
  std::string error;  // JSON with the error that came inside HTTP 200, cut; for read_error()

  bool operator==(const Answer&) const = default;
};

// What an answer amounts to for the attempt that got it.
enum class Ending : std::uint8_t {
  complete,
  empty,      // finished normally with neither text nor tool call: worth a retry (fact sheet 1.4)
  failed,     // a finish_reason that means the provider's failure
  error,      // an error object inside HTTP 200
  truncated,  // a stream without its end marker
};
[[nodiscard]] std::string_view name(Ending ending);

// Of an answer that came whole; for streams see StreamReader::ending().
[[nodiscard]] Ending ending(const Answer& answer);

}  // namespace tidegate::protocol
