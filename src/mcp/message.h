// JSON-RPC 2.0 messages: reading those of a server, writing ours. Views point into the text that
// was read. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tidegate::mcp {

inline constexpr std::string_view kStateless = "2026-07-28";
// The versions of the initialize era that we speak, the newest first.
inline constexpr std::string_view kInitialize[] = {"2025-11-25", "2025-06-18", "2025-03-26",
                                                   "2024-11-05"};

// Error codes with a meaning of their own (2026-07-28, basic/index).
inline constexpr std::int64_t kMethodNotFound = -32601;
inline constexpr std::int64_t kHeaderMismatch = -32020;
inline constexpr std::int64_t kMissingCapability = -32021;
inline constexpr std::int64_t kUnsupportedVersion = -32022;

struct RemoteError {
  std::int64_t code = 0;
  std::string message;                 // shortened
  std::vector<std::string> supported;  // versions, of kUnsupportedVersion
};

struct Message {
  enum class Kind : std::uint8_t { response, request, notification };
  Kind kind = Kind::notification;
  std::string_view raw_id;          // as it is written; empty: none, or null
  std::optional<std::uint64_t> id;  // where it is a number of ours
  std::string method;
  std::string_view params;  // whole JSON values, empty where there is none
  std::string_view result;
  std::optional<RemoteError> error;
};

// Error invalid: it is no JSON, or no message of JSON-RPC.
[[nodiscard]] Result<Message> read_message(std::string_view text);

// Calls `each` for the text, or for each element where it is a batch (2025-03-26). False: it is no
// JSON.
bool each_message(std::string_view text, const std::function<void(std::string_view)>& each);

// The token of a notification of progress; nullopt: it is another message.
[[nodiscard]] std::optional<std::uint64_t> progress_of(const Message& message);

// `{"jsonrpc":"2.0","id":ID,"method":METHOD,"params":{MEMBERS}}` on one line. `members` are what
// stands between the braces. Without an id: a notification.
[[nodiscard]] std::string write_message(std::optional<std::uint64_t> id, std::string_view method,
                                        std::string_view members);
// What we answer a request of a server with: we offer nothing but `ping`.
[[nodiscard]] std::string answer_to(const Message& request);

// `"_meta":{...}` of a request: what each of 2026-07-28 must say, and the token of its progress.
[[nodiscard]] std::string meta(bool stateless, std::optional<std::uint64_t> progress_token);
// `"clientInfo":{...}`, without the quotes' name: {"name":"tidegate",...}
[[nodiscard]] std::string client_info();

}  // namespace tidegate::mcp
