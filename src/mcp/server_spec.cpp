#include "mcp/server_spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "mcp/url.h"

namespace tidegate::mcp {
namespace {

bool has_zero(std::string_view text) { return text.find('\0') != text.npos; }

Result<void> check_command(const ServerSpec& spec) {
  if (spec.command.front().empty() || std::ranges::any_of(spec.command, has_zero)) {
    return fail(ErrorCode::invalid, "expected a program and its arguments, without NUL bytes",
                "command");
  }
  for (const auto& [name, value] : spec.environment) {
    if (name.empty() || name.find('=') != name.npos || has_zero(name) || has_zero(value)) {
      return fail(ErrorCode::invalid, "expected a name without '=' and a value without NUL bytes",
                  "env");
    }
  }
  return {};
}

}  // namespace

Result<void> check(const ServerSpec& spec) {
  if (!spec.command.empty() && !spec.url.empty()) {
    return fail(ErrorCode::invalid, "expected either a command or a url, found both", "url");
  }
  if (!spec.command.empty()) return check_command(spec);
  if (spec.url.empty()) {
    return fail(ErrorCode::invalid, "expected a command (a list) or a url", "command");
  }
  if (const auto url = parse_url(spec.url); !url) {
    return fail(ErrorCode::invalid, url.error().message, "url");
  }
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7F; };
  if (!std::ranges::all_of(spec.token, is_visible)) {
    return fail(ErrorCode::invalid, "the token holds characters that a header may not", "auth");
  }
  return {};
}

}  // namespace tidegate::mcp
