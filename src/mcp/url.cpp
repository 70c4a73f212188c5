#include "mcp/url.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidegate::mcp {

Result<Url> parse_url(std::string_view url) {
  const auto wrong = [&](std::string_view what) {
    return fail(ErrorCode::invalid,
                fmt::format("\"{}\" is not the URL of an MCP endpoint: {}; expected for example "
                            "https://mcp.example.com/mcp",
                            url.substr(0, url.find('?')), what));
  };
  const std::size_t scheme = url.find("://");
  if (scheme == url.npos) return wrong("it does not begin with https:// or http://");
  const std::size_t begin = url.find_first_of("/?", scheme + 3);
  const std::string_view target = begin == url.npos ? std::string_view{} : url.substr(begin);
  const auto is_allowed = [](char c) { return c > 0x20 && c < 0x7F && c != '#' && c != '\\'; };
  if (!std::ranges::all_of(target, is_allowed)) {
    return wrong("it contains a character that is not allowed");
  }
  auto endpoint = http::Endpoint::parse(url.substr(0, begin));
  if (!endpoint) return wrong(endpoint.error().message);
  Url out{std::move(*endpoint), std::string(target)};
  if (!out.target.starts_with('/')) out.target.insert(0, "/");
  return out;
}

}  // namespace tidegate::mcp
