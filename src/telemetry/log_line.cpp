#include "telemetry/log_line.h"

#include <array>
#include <charconv>

#include "json/utf8.h"

namespace tidegate::telemetry {
namespace {

// What needs no look at all: printable ASCII without quote and backslash.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) {
    plain[c] = c != '"' && c != '\\';
  }
  return plain;
}();

// What a text line shows without quotes.
constexpr auto kBare = [] {
  std::array<bool, 256> bare = kPlain;
  bare[' '] = false;
  bare['='] = false;
  return bare;
}();

unsigned char byte(char c) { return static_cast<unsigned char>(c); }

void append_unicode_escape(std::string& out, unsigned code) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) {
    out += kHex[(code >> shift) & 0xf];
  }
}

// Appends the character at the start of `text`, which is not plain; returns its length.
std::size_t append_special(std::string& out, std::string_view text) {
  const unsigned char lead = byte(text[0]);
  if (lead == '"' || lead == '\\') {
    out += '\\';
    out += text[0];
    return 1;
  }
  if (lead < 0x80) {
    append_unicode_escape(out, lead);
    return 1;
  }
  const std::size_t size = json::utf8_sequence(text);
  if (size == 0) {
    append_unicode_escape(out, 0xfffd);
    return 1;
  }
  const bool c1_control = lead == 0xc2 && byte(text[1]) < 0xa0;
  const bool line_separator =
      lead == 0xe2 && byte(text[1]) == 0x80 && (byte(text[2]) == 0xa8 || byte(text[2]) == 0xa9);
  if (c1_control) {
    append_unicode_escape(out, byte(text[1]));
  } else if (line_separator) {
    append_unicode_escape(out, 0x2000u + (byte(text[2]) & 0x3f));
  } else {
    out += text.substr(0, size);
  }
  return size;
}

// Not in the middle of a UTF-8 sequence.
std::string_view cut(std::string_view text) {
  if (text.size() <= kMaxFieldBytes) {
    return text;
  }
  std::size_t size = kMaxFieldBytes;
  while (size > kMaxFieldBytes - 4 && (byte(text[size]) & 0xc0) == 0x80) {
    --size;
  }
  return text.substr(0, size);
}

bool is_bare(std::string_view text) {
  for (const char c : text) {
    if (!kBare[byte(c)]) {
      return false;
    }
  }
  return !text.empty();
}

void append_number(std::string& out, std::int64_t value) {
  std::array<char, 24> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end);
}

// "." and three digits.
void append_thousandths(std::string& out, std::int64_t value) {
  const auto digit = [](std::int64_t d) { return static_cast<char>('0' + d); };
  const std::array text{'.', digit(value / 100), digit(value / 10 % 10), digit(value % 10)};
  out.append(text.data(), text.size());
}

}  // namespace

std::string_view name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "error";
}

void append_escaped(std::string& out, std::string_view text) {
  std::size_t done = 0;
  while (done < text.size()) {
    std::size_t end = done;
    while (end < text.size() && kPlain[byte(text[end])]) {
      ++end;
    }
    out += text.substr(done, end - done);
    done = end;
    if (done < text.size()) {
      done += append_special(out, text.substr(done));
    }
  }
}

void TimeStamp::append(std::string& out, WallTime at) {
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  if (second.time_since_epoch().count() != second_) {
    second_ = second.time_since_epoch().count();
    text_ = format_rfc3339(second);
    text_.resize(std::string_view("2026-10-01T12:00:00").size());
  }
  out += text_;
  append_thousandths(out, std::chrono::floor<std::chrono::milliseconds>(at - second).count());
  out += 'Z';
}

void LogLine::begin(TimeStamp& stamp, WallTime at, Level level, std::string_view event) {
  if (format_ == Format::json) {
    out_ += R"({"time":")";
    stamp.append(out_, at);
    out_ += R"(","level":")";
    out_ += name(level);
    out_ += R"(","event":")";
    out_ += event;
    out_ += '"';
  } else {
    stamp.append(out_, at);
    out_ += ' ';
    out_ += name(level);
    out_ += ' ';
    out_ += event;
  }
}

// Put together aside and appended at once: half of a line's cost would be appends of one byte.
void LogLine::key(std::string_view name) {
  std::array<char, kMaxNameBytes + 4> text;
  char* end = text.data();
  const bool json = format_ == Format::json;
  *end++ = json ? ',' : ' ';
  if (json) {
    *end++ = '"';
  }
  end += name.copy(end, kMaxNameBytes);
  if (json) {
    *end++ = '"';
  }
  *end++ = json ? ':' : '=';
  out_.append(text.data(), end);
}

void LogLine::field(std::string_view name, std::string_view value) {
  key(name);
  const std::string_view shown = cut(value);
  if (format_ == Format::text && shown.size() == value.size() && is_bare(shown)) {
    out_ += shown;
    return;
  }
  out_ += '"';
  append_escaped(out_, shown);
  out_ += shown.size() == value.size() ? "\"" : "...\"";
}

void LogLine::field(std::string_view name, std::int64_t value) {
  key(name);
  append_number(out_, value);
}

void LogLine::field(std::string_view name, bool value) {
  key(name);
  out_ += value ? "true" : "false";
}

void LogLine::milliseconds(std::string_view name, Duration value) {
  const std::int64_t micros = std::max<std::int64_t>(
      0, std::chrono::duration_cast<std::chrono::microseconds>(value).count());
  key(name);
  append_number(out_, micros / 1000);
  append_thousandths(out_, micros % 1000);
}

void LogLine::end() { out_ += format_ == Format::json ? "}\n" : "\n"; }

}  // namespace tidegate::telemetry
