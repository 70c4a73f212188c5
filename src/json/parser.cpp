#include "json/parser.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <string>

#include "json/utf8.h"

namespace tidegate::json {
namespace {

// Four bytes of index are reserved per byte of text, but only what is written costs memory.
constexpr std::size_t kLeastCapacity = 64 * 1024;
constexpr std::size_t kKeptCapacity = 16 * 1024 * 1024;
constexpr std::uint32_t kKeptTokens = 1024 * 1024;

std::size_t first_invalid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t size = utf8_sequence(text.substr(at));
    if (size == 0) break;
    at += size;
  }
  return at;
}

// The opening quote of the string that is never closed, or the first control character in a string.
std::size_t find_string_fault(std::string_view text, bool control) {
  bool inside = false;
  std::size_t opened = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      inside = !inside;
      opened = i;
    } else if (inside && c == '\\') {
      ++i;
    } else if (inside && control && static_cast<unsigned char>(c) < 0x20) {
      return i;
    }
  }
  return opened;
}

std::unexpected<Error> refuse(std::string_view text, simdjson::error_code code) {
  const auto at = [&](std::string_view what, std::size_t offset) {
    return fail(ErrorCode::invalid,
                fmt::format("malformed JSON at {}: {}", describe_place(text, offset), what));
  };
  switch (code) {
    case simdjson::UTF8_ERROR:
      return at("invalid UTF-8", first_invalid_utf8(text));
    case simdjson::UNCLOSED_STRING:
      return at("the string that begins here is not closed", find_string_fault(text, false));
    case simdjson::UNESCAPED_CHARS:
      return at("a control character in a string must be escaped", find_string_fault(text, true));
    case simdjson::EMPTY:
      return fail(ErrorCode::invalid, "the body is empty, expected a JSON object");
    default:
      return fail(ErrorCode::internal, simdjson::error_message(code));
  }
}

}  // namespace

struct Parser::Index {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> scanner;
};

Parser::Parser() : index_(std::make_unique<Index>()) {}
Parser::~Parser() = default;
Parser::Parser(Parser&&) noexcept = default;
Parser& Parser::operator=(Parser&&) noexcept = default;

Result<Tokens> Parser::tokenize(std::string_view text) {
  if (text.empty()) return refuse(text, simdjson::EMPTY);
  if (text.size() >= simdjson::SIMDJSON_MAXSIZE_BYTES) {
    return fail(ErrorCode::too_large, "the body is larger than 4 GiB");
  }
  auto& scanner = index_->scanner;
  if (!scanner || scanner->capacity() < text.size()) {
    const std::size_t capacity = std::bit_ceil(std::max(text.size(), kLeastCapacity));
    // Depth is the Reader's to limit: one level is the least that simdjson takes.
    const auto code = simdjson::get_active_implementation()->create_dom_parser_implementation(
        capacity, 1, scanner);
    if (code != simdjson::SUCCESS) return refuse(text, code);
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto code = scanner->stage1(bytes, text.size(), simdjson::stage1_mode::regular);
  used_ = scanner->n_structural_indexes;
  if (code != simdjson::SUCCESS) return refuse(text, code);
  return Tokens{text, scanner->structural_indexes.get(), used_};
}

void Parser::trim() {
  if (!index_->scanner) return;
  if (used_ > kKeptTokens || index_->scanner->capacity() > kKeptCapacity) index_->scanner.reset();
}

std::string describe_place(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("line {}, column {} (byte {})", line, before.size() - start + 1,
                     before.size());
}

}  // namespace tidegate::json
