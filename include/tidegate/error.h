// Errors as values: what went wrong, in a sentence for the user, and where.
// Used everywhere on the data plane instead of exceptions. Plain values, any thread.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace tidegate {

enum class ErrorCode {
  invalid,        // the caller's input is wrong; `field` names the part at fault
  unauthorized,   // no key, or a wrong one
  forbidden,      // a good key that may not do this
  not_found,      // no such model, route, path, file
  too_large,      // over a stated limit; never admissible
  rate_limited,   // admissible later
  out_of_budget,  // there is no money left for it
  unavailable,    // the other side refused, is down or is overloaded
  timeout,        // a deadline passed
  truncated,      // the other side stopped before its end marker
  bad_answer,     // the other side answered, but not what was asked for
  canceled,       // the client went away, or we are stopping
  io,             // a system call failed
  internal,       // a fault of ours
};

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;  // a sentence: what, what was expected, what to do
  std::string field;    // header, JSON path, option or file at fault; may be empty
};

template <class T>
using Result = std::expected<T, Error>;

// `return fail(ErrorCode::invalid, "...", "messages[3].role");`
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message,
                                                 std::string field = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(field)});
}

}  // namespace tidegate
