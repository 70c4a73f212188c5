#include "json/escape.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"
#include "json/utf8.h"

namespace tidegate::json {
namespace {

std::optional<std::uint32_t> hex4(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    const char lower = static_cast<char>(c | 0x20);
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      digit = static_cast<std::uint32_t>(lower - 'a' + 10);
    } else {
      return std::nullopt;
    }
    value = value << 4 | digit;
  }
  return value;
}

// Of what follows "\u"; moves past it.
std::optional<std::uint32_t> code_point(std::string_view& rest) {
  const auto first = hex4(rest);
  if (!first) return std::nullopt;
  rest.remove_prefix(4);
  if (*first < 0xD800 || *first > 0xDFFF) return first;
  if (*first > 0xDBFF || !rest.starts_with("\\u")) return std::nullopt;
  const auto second = hex4(rest.substr(2));
  if (!second || *second < 0xDC00 || *second > 0xDFFF) return std::nullopt;
  rest.remove_prefix(6);
  return 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00);
}

char simple_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

void append_special(std::string& out, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
  }
}

}  // namespace

void append_escaped(std::string& out, std::string_view text) {
  std::size_t plain = 0;  // begin of what can be copied as it is
  std::size_t i = 0;
  const auto flush = [&] { out.append(text, plain, i - plain); };
  while (i < text.size()) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\') {
      ++i;
    } else if (const std::size_t size = utf8_sequence(text.substr(i)); size > 1) {
      i += size;
    } else {
      flush();
      if (size == 1) {
        append_special(out, c);
      } else {
        out += "\xEF\xBF\xBD";
      }
      plain = ++i;
    }
  }
  flush();
}

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 8);
  append_escaped(out, text);
  return out;
}

bool append_unescaped(std::string& out, std::string_view raw) {
  while (!raw.empty()) {
    const std::size_t plain = std::min(raw.find('\\'), raw.size());
    out.append(raw.substr(0, plain));
    raw.remove_prefix(plain);
    if (raw.empty()) break;
    if (raw.size() < 2) return false;
    const char c = raw[1];
    raw.remove_prefix(2);
    if (c == 'u') {
      const auto value = code_point(raw);
      if (!value) return false;
      append_utf8(out, *value);
    } else if (const char simple = simple_escape(c); simple != '\0') {
      out.push_back(simple);
    } else {
      return false;
    }
  }
  return true;
}

std::optional<std::string> unescape(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  if (!append_unescaped(out, raw)) return std::nullopt;
  return out;
}

bool is_raw_string(std::string_view raw) {
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const auto byte = static_cast<unsigned char>(raw[i]);
    if (byte < 0x20 || byte == '"') return false;
    if (byte == '\\') {
      if (++i == raw.size()) return false;
      if (raw[i] != 'u' && simple_escape(raw[i]) == '\0') return false;
      if (raw[i] == 'u' && !hex4(raw.substr(i + 1))) return false;
    }
  }
  return is_valid_utf8(raw);
}

bool is_blank(std::string_view raw) {
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == ' ') continue;
    const bool escape = raw[i] == '\\' && i + 1 < raw.size();
    if (!escape || (raw[i + 1] != 'n' && raw[i + 1] != 't' && raw[i + 1] != 'r')) return false;
    ++i;
  }
  return true;
}

}  // namespace tidegate::json
