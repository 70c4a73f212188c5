// What became of a request to an MCP server that has no result: the error, and whether the server
// may have done what it was asked to. Plain values, any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tidegate::mcp {

enum class Fate : std::uint8_t {
  not_run,  // it was not sent, or the server refused it
  unknown,  // it was sent, and nobody knows
};

struct Failure {
  Error error;
  Fate fate = Fate::not_run;
};

template <class T>
using Answer = std::expected<T, Failure>;

[[nodiscard]] inline std::unexpected<Failure> failed(ErrorCode code, std::string message,
                                                     Fate fate = Fate::not_run) {
  return std::unexpected(Failure{{code, std::move(message), {}}, fate});
}

// What a tool says about itself; only as good as its server.
struct Hints {
  bool read_only = false;
  bool idempotent = false;
};

// Whether the same call may be made again. What has not run may, if the reason can pass; what may
// have run only where the tool says that a second time does no harm and the task does not say
// `side_effects: once`.
[[nodiscard]] bool may_repeat(const Failure& failure, Hints hints, bool once);

// The beginning (or the end) of what a stranger wrote, fit for an error: control characters are
// spaces, "..." stands for what was left out.
[[nodiscard]] std::string excerpt(std::string_view text, std::size_t bytes = 300);
[[nodiscard]] std::string last_words(std::string_view text, std::size_t bytes = 300);

}  // namespace tidegate::mcp
