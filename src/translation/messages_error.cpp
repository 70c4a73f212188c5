#include "translation/messages_error.h"

#include <fmt/format.h>

#include <array>

#include "json/writer.h"

namespace tidegate::translation {
namespace {

using protocol::ErrorClass;

struct Row {
  ErrorCode error;
  int status;
  std::string_view type;
};

// In the order of ErrorCode.
constexpr std::array<Row, 14> kRows = {{
    {ErrorCode::invalid, 400, "invalid_request_error"},
    {ErrorCode::unauthorized, 401, "authentication_error"},
    {ErrorCode::forbidden, 403, "permission_error"},
    {ErrorCode::not_found, 404, "not_found_error"},
    {ErrorCode::too_large, 413, "request_too_large"},
    {ErrorCode::rate_limited, 429, "rate_limit_error"},
    {ErrorCode::out_of_budget, 429, "rate_limit_error"},
    {ErrorCode::unavailable, 529, "overloaded_error"},
    {ErrorCode::timeout, 504, "timeout_error"},
    {ErrorCode::truncated, 500, "api_error"},
    {ErrorCode::bad_answer, 500, "api_error"},
    {ErrorCode::canceled, 500, "api_error"},
    {ErrorCode::io, 500, "api_error"},
    {ErrorCode::internal, 500, "api_error"},
}};
static_assert(kRows[static_cast<std::size_t>(ErrorCode::internal)].error == ErrorCode::internal);

bool is_overflow(const Error& error) {
  return error.code == ErrorCode::too_large && error.field == "messages";
}

Row row(const Error& error) {
  if (is_overflow(error)) return kRows[0];  // an invalid request, at Anthropic
  return kRows[static_cast<std::size_t>(error.code)];
}

std::string_view type_of(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::bad_request:
    case ErrorClass::context_overflow:
      return "invalid_request_error";
    case ErrorClass::too_large:
      return "request_too_large";
    case ErrorClass::rate_limited:
      return "rate_limit_error";
    case ErrorClass::timeout:
      return "timeout_error";
    case ErrorClass::overloaded:
      return "overloaded_error";
    case ErrorClass::not_found:
      return "not_found_error";
    // The provider refused our account, not the client's.
    case ErrorClass::authentication:
    case ErrorClass::insufficient_balance:
    case ErrorClass::permission:
    case ErrorClass::conflict:
    case ErrorClass::server_error:
    case ErrorClass::unexpected:
      break;
  }
  return "api_error";
}

std::string body(std::string_view type, std::string_view message, std::string_view request_id) {
  std::string out;
  json::Writer json(out);
  json.begin_object().member("type", "error").key("error").begin_object();
  json.member("type", type).member("message", message).end_object();
  if (!request_id.empty()) json.member("request_id", request_id);
  json.end_object();
  return out;
}

}  // namespace

int messages_status(const Error& error) { return row(error).status; }

std::string messages_error(const Error& error, std::string_view request_id) {
  // The words that clients of Anthropic know a full context by, and shorten their history.
  constexpr std::string_view kTooLong = "prompt is too long";
  if (is_overflow(error) && !error.message.contains(kTooLong)) {
    return body(row(error).type, fmt::format("{}: {}", kTooLong, error.message), request_id);
  }
  const bool named = error.field.empty() || error.message.contains(error.field);
  return body(row(error).type,
              named ? error.message : fmt::format("{}: {}", error.field, error.message),
              request_id);
}

std::string messages_error_event(const Error& error) {
  return "event: error\ndata: " + messages_error(error) + "\n\n";
}

std::string messages_provider_error(std::string_view json) {
  const protocol::ProviderError error = protocol::read_error(200, json);
  return body(type_of(error.error_class), error.message, {});
}

}  // namespace tidegate::translation
