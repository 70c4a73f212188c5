#include "json/checked_text.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <limits>
#include <string>

#include "json/ascii.h"
#include "json/utf8.h"

namespace tidegate::json {
namespace {

std::size_t first_invalid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t size = utf8_sequence(text.substr(at));
    if (size == 0) break;
    at += size;
  }
  return at;
}

}  // namespace

Result<CheckedText> check_text(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return fail(ErrorCode::invalid, "the body is empty, expected a JSON object");
  }
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
    return fail(ErrorCode::too_large, "the body is larger than 4 GiB");
  }
  const std::string_view rest = text.substr(ascii_prefix(text));
  if (!rest.empty() && !simdjson::validate_utf8(rest.data(), rest.size())) {
    return fail(ErrorCode::invalid, fmt::format("malformed JSON at {}: invalid UTF-8",
                                                describe_place(text, first_invalid_utf8(text))));
  }
  return CheckedText{text};
}

std::string describe_place(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("line {}, column {} (byte {})", line, before.size() - start + 1,
                     before.size());
}

}  // namespace tidegate::json
