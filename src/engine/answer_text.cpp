#include "engine/answer_text.h"

#include "json/writer.h"
#include "workflow/value.h"

namespace tidegate::engine {
namespace {

using workflow::ErrorClass;
using workflow::Value;

constexpr ErrorClass kClasses[] = {ErrorClass::transport,      ErrorClass::rate_limit,
                                   ErrorClass::server,         ErrorClass::timeout,
                                   ErrorClass::invalid_output, ErrorClass::tool};

std::int64_t micros(Duration length) {
  return std::chrono::duration_cast<std::chrono::microseconds>(length).count();
}

// What an answer and a failure have both.
template <class T>
void write_origin(json::Writer& json, const T& from) {
  json.member("model", from.model).member("provider", from.provider);
  json.member("request_id", from.request_id);
  if (!from.usage) return;
  json.key("usage").begin_array().value(from.usage->prompt).value(from.usage->cached);
  json.value(from.usage->cache_write).value(from.usage->completion).value(from.usage->reasoning);
  json.end_array();
}

template <class T>
void read_origin(const Value& text, T& to) {
  to.model = text.find("model").text();
  to.provider = text.find("provider").text();
  to.request_id = text.find("request_id").text();
  const Value usage = text.find("usage");
  if (!usage.is_list()) return;
  to.usage = Usage{.prompt = usage.at(0).integer(),
                   .cached = usage.at(1).integer(),
                   .cache_write = usage.at(2).integer(),
                   .completion = usage.at(3).integer(),
                   .reasoning = usage.at(4).integer()};
}

void write(json::Writer& json, const Answer& answer) {
  json.member("text", answer.text).member("reasoning", answer.reasoning);
  json.member("finish_reason", answer.finish_reason);
  json.key("tool_calls").begin_array();
  for (const ToolCall& call : answer.tool_calls) {
    json.begin_object().member("id", call.id).member("name", call.name);
    json.member("arguments", call.arguments).end_object();
  }
  json.end_array();
  if (answer.first_byte) {
    json.member("first_byte_us", micros(answer.first_byte->time_since_epoch()));
  }
  write_origin(json, answer);
}

void write(json::Writer& json, const Failure& failure) {
  json.member("failure", failure.error.message).member("class", name(failure.error_class));
  json.member("retryable", failure.retryable).member("sent", failure.sent);
  json.member("cancelled", failure.cancelled);
  json.member("retry_after_us", micros(failure.retry_after));
  if (failure.begun) json.member("begun", *failure.begun);
  write_origin(json, failure);
}

Failure failure_of(const Value& text) {
  Failure failure{.error = {ErrorCode::unavailable, std::string(text.find("failure").text()), {}}};
  for (const ErrorClass each : kClasses) {
    if (name(each) == text.find("class").text()) failure.error_class = each;
  }
  failure.retryable = text.find("retryable").truthy();
  failure.sent = text.find("sent").truthy();
  failure.cancelled = text.find("cancelled").truthy();
  failure.retry_after = std::chrono::microseconds{text.find("retry_after_us").integer()};
  if (const Value begun = text.find("begun"); begun.is_number()) failure.begun = begun.integer();
  read_origin(text, failure);
  return failure;
}

}  // namespace

std::string to_text(const AskResult& result) {
  std::string out;
  json::Writer json(out);
  json.begin_object();
  if (result) {
    write(json, *result);
  } else {
    write(json, result.error());
  }
  json.end_object();
  return out;
}

Result<AskResult> ask_result(std::string_view text) {
  const auto parsed = Value::parse(text);
  if (!parsed || !parsed->is_map()) {
    return fail(ErrorCode::bad_answer, "the answer of another process cannot be read");
  }
  if (parsed->find("failure").is_string()) return AskResult(std::unexpected(failure_of(*parsed)));
  Answer answer;
  answer.text = parsed->find("text").text();
  answer.reasoning = parsed->find("reasoning").text();
  answer.finish_reason = parsed->find("finish_reason").text();
  for (const Value& call : parsed->find("tool_calls").items()) {
    answer.tool_calls.push_back({std::string(call.find("id").text()),
                                 std::string(call.find("name").text()),
                                 std::string(call.find("arguments").text())});
  }
  if (const Value at = parsed->find("first_byte_us"); at.is_number()) {
    answer.first_byte = WallTime{std::chrono::microseconds{at.integer()}};
  }
  read_origin(*parsed, answer);
  return AskResult(std::move(answer));
}

}  // namespace tidegate::engine
