#include "protocol/error_body.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "base/text.h"
#include "json/checked_text.h"
#include "json/escape.h"
#include "json/reader.h"
#include "protocol/scrub.h"

namespace tidegate::protocol {
namespace {

using json::Kind;

constexpr std::size_t kMaxRead = 64 << 10;

struct ClassRow {
  ErrorClass error_class;
  std::string_view name;
  ErrorPolicy policy;
};

// In the order of the enum.
constexpr std::array<ClassRow, 13> kClasses = {{
    {ErrorClass::bad_request, "bad_request", {false, false, false}},
    {ErrorClass::context_overflow, "context_overflow", {false, false, true}},
    {ErrorClass::too_large, "too_large", {false, false, true}},
    {ErrorClass::authentication, "authentication", {false, false, true}},
    {ErrorClass::insufficient_balance, "insufficient_balance", {false, false, true}},
    {ErrorClass::permission, "permission", {false, false, true}},
    {ErrorClass::not_found, "not_found", {false, false, true}},
    {ErrorClass::rate_limited, "rate_limited", {true, false, true}},
    {ErrorClass::conflict, "conflict", {true, false, true}},
    {ErrorClass::timeout, "timeout", {true, true, true}},
    {ErrorClass::overloaded, "overloaded", {true, true, true}},
    {ErrorClass::server_error, "server_error", {true, true, true}},
    {ErrorClass::unexpected, "unexpected", {false, true, true}},
}};

const ClassRow& row(ErrorClass error_class) {
  return kClasses[static_cast<std::size_t>(error_class)];
}

struct Parts {
  std::string message, type, code;
  std::string nested;  // OpenRouter's metadata.raw
  bool found = false;
};

class ErrorWalk {
 public:
  ErrorWalk(json::Reader& json, Parts& parts) : json_(json), parts_(parts) {}

  bool value() {
    if (json_.kind() == Kind::array) {  // Gemini wraps its error in an array
      return json_.array([&] { return json_.kind() == Kind::object ? value() : json_.skip(); });
    }
    return json_.object([&](std::string_view key) {
      const Kind kind = json_.kind();
      if (key == "error" && kind == Kind::object) return value();
      if (key == "metadata" && kind == Kind::object) {
        return json_.object([&](std::string_view inner) {
          return inner == "raw" ? text(parts_.nested) : json_.skip();
        });
      }
      const bool says = key == "message" || key == "error" || key == "detail" || key == "msg";
      if (says && kind == Kind::string) {
        parts_.found = true;
        return text(parts_.message);
      }
      if (key == "detail" && kind == Kind::array) return value();  // FastAPI: a list of problems
      if (key == "type") return text(parts_.type);
      if (key == "code") return text(parts_.code);
      return json_.skip();
    });
  }

 private:
  bool text(std::string& out) {
    std::string_view raw;
    if (json_.kind() == Kind::number) {
      if (!json_.scalar(raw)) return false;
      out = raw;
      return true;
    }
    if (json_.kind() != Kind::string) return json_.skip();
    if (!json_.string(raw)) return false;
    out = json::unescape(raw).value_or(std::string(raw));
    return true;
  }

  json::Reader& json_;
  Parts& parts_;
};

bool read_json(std::string_view body, Parts& parts) {
  const auto checked = json::check_text(body);
  if (!checked) return false;
  json::Reader json(*checked);
  const Kind kind = json.kind();
  if (kind != Kind::object && kind != Kind::array) return false;
  return ErrorWalk(json, parts).value() && json.finish();
}

std::string html_title(std::string_view body, std::string_view lower) {
  constexpr std::string_view kOpen = "<title>";
  const std::size_t begin = lower.find(kOpen);
  const std::size_t end = lower.find("</title>", begin == lower.npos ? 0 : begin);
  if (begin == lower.npos || end == lower.npos) return "an HTML page";
  const std::string_view title = body.substr(begin + kOpen.size(), end - begin - kOpen.size());
  return fmt::format("an HTML page: {}", trim(title));
}

Parts read_parts(std::string_view body) {
  Parts parts;
  if (body.size() <= kMaxRead && read_json(body, parts)) {
    if (!parts.nested.empty()) {
      Parts inner;
      if (!read_json(parts.nested, inner) || !inner.found) inner.message = parts.nested;
      parts.message = inner.message;
      if (!inner.type.empty()) parts.type = inner.type;
      // The outer code is the status of the provider; a word says more than that.
      if (!inner.code.empty()) parts.code = inner.code;
    }
    if (!parts.message.empty()) return parts;
  }
  const std::string_view start = body.substr(0, kMaxRead);
  const std::string lower = to_lower(start);
  const bool html = lower.contains("<html") || lower.contains("<!doctype html");
  parts.message = html ? html_title(start, lower) : std::string(start);
  return parts;
}

// At most `max` bytes of the text, no character cut.
std::string_view prefix(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text;
  std::size_t end = max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

// One line of valid UTF-8, bounded, without keys. Scrubbed when its characters are final.
std::string sentence(std::string_view text) {
  std::string line(trim(prefix(text, 4 * kMaxMessage)));
  const bool valid = is_valid_utf8(line);
  for (char& c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = ' ';
    if (byte >= 0x80 && !valid) c = '?';
  }
  line = scrub_keys(trim(line));
  if (line.size() > kMaxMessage) line = std::string(prefix(line, kMaxMessage - 3)) + "...";
  return line;
}

bool mentions(std::string_view lower, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return lower.contains(word); });
}

// DeepSeek, vLLM and OpenAI: "maximum context length"; DeepSeek's terse form: "Input token exceed
// the limit"; llama.cpp: exceed_context_size_error; Anthropic: "prompt is too long"; Gemini: "input
// token count ... exceeds".
bool is_overflow(std::string_view lower) {
  return mentions(
      lower, {"maximum context length", "context_length_exceeded", "context length",
              "context window", "context size", "input token exceed", "input token count",
              "prompt is too long", "input is too long", "prompt too long", "exceed_context_size"});
}

bool is_quota(std::string_view lower) {
  return mentions(
      lower, {"insufficient_quota", "exceeded your current quota", "insufficient balance",
              "insufficient_balance", "insufficient credit", "insufficient funds", "credit balance",
              "out of credits", "billing_hard_limit", "exceeded_current_quota", "arrears"});
}

// For errors inside a good answer, whose status says nothing.
ErrorClass class_by_name(std::string_view lower) {
  if (is_overflow(lower)) return ErrorClass::context_overflow;
  if (is_quota(lower)) return ErrorClass::insufficient_balance;
  if (mentions(lower, {"rate_limit", "rate limit", "too many requests"}))
    return ErrorClass::rate_limited;
  if (mentions(lower, {"overloaded", "unavailable"})) return ErrorClass::overloaded;
  if (mentions(lower, {"authentication_error", "invalid_api_key"}))
    return ErrorClass::authentication;
  if (mentions(lower, {"permission_error"})) return ErrorClass::permission;
  if (mentions(lower, {"invalid_request", "bad_request", "badrequest"}))
    return ErrorClass::bad_request;
  if (mentions(lower, {"timeout", "timed out"})) return ErrorClass::timeout;
  return ErrorClass::server_error;
}

ErrorClass class_by_status(int status, std::string_view lower) {
  switch (status) {
    case 401:
      return ErrorClass::authentication;
    case 402:
      return ErrorClass::insufficient_balance;
    case 403:
      return is_quota(lower) ? ErrorClass::insufficient_balance : ErrorClass::permission;
    case 404:
      return ErrorClass::not_found;
    case 408:
    case 504:
    case 524:
      return ErrorClass::timeout;
    case 409:
    case 425:
      return ErrorClass::conflict;
    case 413:
      return is_overflow(lower) ? ErrorClass::context_overflow : ErrorClass::too_large;
    case 429:
      return is_quota(lower) ? ErrorClass::insufficient_balance : ErrorClass::rate_limited;
    case 503:
    case 529:
      return ErrorClass::overloaded;
    default:
      break;
  }
  if (status >= 500) return ErrorClass::server_error;
  if (status < 400) return ErrorClass::unexpected;
  // DeepSeek calls one overflow "quota_limit_reached", so overflow is asked first.
  if (is_overflow(lower)) return ErrorClass::context_overflow;
  return is_quota(lower) ? ErrorClass::insufficient_balance : ErrorClass::bad_request;
}

}  // namespace

std::string_view name(ErrorClass error_class) { return row(error_class).name; }

ErrorPolicy policy(ErrorClass error_class) { return row(error_class).policy; }

bool is_error_object(std::string_view body) {
  const auto checked = json::check_text(body);
  if (!checked) return false;
  json::Reader json(*checked);
  bool found = false;
  return json.kind() == Kind::object && json.object([&](std::string_view key) {
    found = found || (key == "error" && json.kind() == Kind::object);
    return json.skip();
  }) && json.finish() &&
         found;
}

ProviderError read_error(int status, std::string_view body) {
  const Parts parts = read_parts(trim(body));
  ProviderError error;
  error.message = sentence(parts.message);
  error.type = sentence(parts.type);
  error.code = sentence(parts.code);
  if (error.message.empty()) error.message = fmt::format("HTTP {} without a message", status);

  const std::string lower =
      to_lower(fmt::format("{}\n{}\n{}", error.message, error.type, error.code));
  if (status < 300) {
    const auto code = parse_u64(parts.code).value_or(0);
    error.error_class = code >= 400 && code < 600 ? class_by_status(static_cast<int>(code), lower)
                                                  : class_by_name(lower);
  } else {
    error.error_class = class_by_status(status, lower);
  }
  return error;
}

}  // namespace tidegate::protocol
