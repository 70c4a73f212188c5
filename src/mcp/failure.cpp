#include "mcp/failure.h"

#include <algorithm>

#include "base/text.h"

namespace tidegate::mcp {
namespace {

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::string without_controls(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return is_valid_utf8(out) ? out : "(not UTF-8)";
}

}  // namespace

bool may_repeat(const Failure& failure, Hints hints, bool once) {
  switch (failure.error.code) {
    case ErrorCode::unavailable:
    case ErrorCode::rate_limited:
    case ErrorCode::timeout:
    case ErrorCode::truncated:
    case ErrorCode::io:
      break;
    default:
      return false;
  }
  if (failure.fate == Fate::not_run) return true;
  return !once && (hints.read_only || hints.idempotent);
}

std::string excerpt(std::string_view text, std::size_t bytes) {
  text = trim(text);
  if (text.size() <= bytes) return without_controls(text);
  while (bytes > 0 && continues_character(text[bytes])) --bytes;
  return without_controls(text.substr(0, bytes)) + "...";
}

std::string last_words(std::string_view text, std::size_t bytes) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  if (text.size() <= bytes) return without_controls(trim(text));
  std::size_t from = text.size() - bytes;
  while (from < text.size() && continues_character(text[from])) ++from;
  return "..." + without_controls(text.substr(from));
}

}  // namespace tidegate::mcp
