#include "protocol/error_answer.h"

#include <array>

#include "json/writer.h"

namespace tidegate::protocol {
namespace {

struct Row {
  ErrorCode error;
  int status;
  std::string_view type;
  std::string_view code;  // empty: null
};

// In the order of ErrorCode. Types and codes are OpenAI's where it has one.
constexpr std::array<Row, 14> kRows = {{
    {ErrorCode::invalid, 400, "invalid_request_error", ""},
    {ErrorCode::unauthorized, 401, "authentication_error", "invalid_api_key"},
    {ErrorCode::forbidden, 403, "permission_error", "forbidden"},
    {ErrorCode::not_found, 404, "invalid_request_error", "not_found"},
    {ErrorCode::too_large, 413, "invalid_request_error", "request_too_large"},
    {ErrorCode::rate_limited, 429, "rate_limit_error", "rate_limit_exceeded"},
    {ErrorCode::out_of_budget, 429, "insufficient_quota", "insufficient_quota"},
    {ErrorCode::unavailable, 503, "api_error", "provider_unavailable"},
    {ErrorCode::timeout, 504, "api_error", "provider_timeout"},
    {ErrorCode::truncated, 502, "api_error", "answer_truncated"},
    {ErrorCode::bad_answer, 502, "api_error", "bad_answer"},
    {ErrorCode::canceled, 503, "api_error", "canceled"},
    {ErrorCode::io, 502, "api_error", "provider_unreachable"},
    {ErrorCode::internal, 500, "api_error", "internal_error"},
}};
static_assert(kRows[static_cast<std::size_t>(ErrorCode::internal)].error == ErrorCode::internal);

Row row(const Error& error) {
  Row row = kRows[static_cast<std::size_t>(error.code)];
  // What OpenAI's clients know by name: an unknown model or response, a conversation that does not
  // fit.
  if (error.code == ErrorCode::not_found && error.field == "model") row.code = "model_not_found";
  if (error.code == ErrorCode::not_found && error.field == "previous_response_id") {
    row.status = 400;
    row.code = "previous_response_not_found";
  }
  if (error.code == ErrorCode::too_large && error.field == "messages") {
    row.status = 400;
    row.code = "context_length_exceeded";
  }
  return row;
}

}  // namespace

int http_status(const Error& error) { return row(error).status; }

std::string openai_error(const Error& error) {
  const Row as = row(error);
  std::string body;
  json::Writer json(body);
  json.begin_object().key("error").begin_object();
  json.member("message", error.message).member("type", as.type);
  json.key("param");
  error.field.empty() ? json.null() : json.value(error.field);
  json.key("code");
  as.code.empty() ? json.null() : json.value(as.code);
  json.end_object().end_object();
  return body;
}

std::string openai_error_event(const Error& error) {
  return "data: " + openai_error(error) + "\n\n";
}

}  // namespace tidegate::protocol
