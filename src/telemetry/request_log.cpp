#include "telemetry/request_log.h"

namespace tidegate::telemetry {
namespace {

void optional_field(LogLine& line, std::string_view name, std::string_view value) {
  if (!value.empty()) {
    line.field(name, value);
  }
}

void optional_field(LogLine& line, std::string_view name, std::int64_t value) {
  if (value != 0) {
    line.field(name, value);
  }
}

void optional_milliseconds(LogLine& line, std::string_view name, Duration value) {
  if (value > Duration::zero()) {
    line.milliseconds(name, value);
  }
}

}  // namespace

RequestLog::RequestLog(Log& log) : log_(log) { buffer_.reserve(kFlushBytes * 2); }

void RequestLog::append(const RequestLine& request, TimePoint now) {
  if (!log_.shows(Level::info)) {
    return;
  }
  if (buffer_.empty()) {
    due_ = now + kMaxAge;
  }
  LogLine line(buffer_, log_.format());
  line.begin(stamp_, request.at, Level::info, "request");
  const auto id = request.id.text();
  line.field("id", std::string_view(id.data(), id.size()));
  optional_field(line, "endpoint", request.endpoint);
  line.field("status", std::int64_t{request.status});
  optional_field(line, "result", request.result);
  optional_field(line, "requested_model", request.requested_model);
  optional_field(line, "route", request.route);
  optional_field(line, "provider", request.provider);
  optional_field(line, "model", request.model);
  optional_field(line, "reason", request.reason);
  optional_field(line, "notes", request.notes);
  optional_field(line, "attempts", std::int64_t{request.attempts});
  if (request.stream) {
    line.field("stream", true);
  }
  optional_field(line, "task", request.task);
  optional_field(line, "role", request.role);
  optional_field(line, "key_id", request.key_id);
  optional_field(line, "tenant", request.tenant);
  optional_field(line, "client", request.client);
  optional_field(line, "error", request.error);
  optional_field(line, "limit", request.limit);
  optional_milliseconds(line, "queued_ms", request.queued);
  optional_field(line, "prompt_tokens", request.usage.prompt);
  optional_field(line, "cached_tokens", request.usage.cached);
  optional_field(line, "completion_tokens", request.usage.completion);
  optional_field(line, "reasoning_tokens", request.usage.reasoning);
  if (request.cost) {
    line.field("cost_nanodollars", request.cost->value);
  }
  optional_milliseconds(line, "first_byte_ms", request.first_byte);
  line.milliseconds("total_ms", request.total);
  line.end();
  if (buffer_.size() >= kMaxBytes) {
    flush();
  }
}

void RequestLog::flush() {
  if (!buffer_.empty()) {
    log_.write(buffer_);
    buffer_.clear();
  }
  due_ = kNever;
}

}  // namespace tidegate::telemetry
