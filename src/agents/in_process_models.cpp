#include "agents/in_process_models.h"

#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <utility>

#include "loop/notice.h"
#include "workflow/value.h"

namespace tidegate::agents {
namespace {

using engine::Answer;
using engine::AskResult;
using engine::Failure;
using engine::Question;
using workflow::ErrorClass;

// Between the coroutine that waits and the worker that serves the request. Outlives both.
struct Exchange {
  explicit Exchange(Loop& on) : loop(on), told(on) {}
  Loop& loop;
  Notice told;                       // the loop's
  std::optional<ChatResult> result;  // the loop's
  std::atomic<std::uint64_t> events{0};
};

Failure failure_of(const RequestFailure& from) {
  Failure out{.error = {ErrorCode::unavailable, from.message, {}}};
  out.retryable = false;
  out.error_class = ErrorClass::server;
  switch (from.failure) {
    case FailureClass::rate_limited:
      out.error_class = ErrorClass::rate_limit;
      out.retryable = true;
      break;
    case FailureClass::timeout:
      out.error_class = ErrorClass::timeout;
      out.retryable = true;
      break;
    case FailureClass::truncated:
      out.error_class = ErrorClass::transport;
      out.retryable = true;
      break;
    case FailureClass::unavailable:
    case FailureClass::internal:
      out.retryable = true;
      break;
    case FailureClass::canceled:
      out.cancelled = true;
      break;
    default:
      break;
  }
  out.sent = from.attempts != 0;
  out.retry_after = from.retry_after.value_or(Duration{});
  out.model = from.model;
  out.provider = from.provider;
  out.request_id = from.request_id;
  if (from.usage != Usage{}) out.usage = from.usage;
  return out;
}

Answer answer_of(ChatAnswer from, WallTime now) {
  Answer out;
  out.text = std::move(from.content);
  out.reasoning = std::move(from.reasoning);
  for (ToolCall& call : from.tool_calls) {
    out.tool_calls.push_back({std::move(call.id), std::move(call.name), std::move(call.arguments)});
  }
  out.finish_reason = std::move(from.finish_reason);
  out.model = std::move(from.model);
  out.provider = std::move(from.provider);
  out.request_id = std::move(from.request_id);
  if (from.usage != Usage{}) out.usage = from.usage;
  out.first_byte = now - (from.timings.total - from.timings.first_byte);
  return out;
}

// Of the day's money, which the request's model and the length of its answer are asked for.
std::expected<Reservation, RequestFailure> reserve(Client& client, const std::string& body) {
  ChatRequest request;
  if (const auto read = workflow::Value::parse(body)) {
    request.model = read->find("model").text();
    const workflow::Value most = read->find("max_tokens");
    if (most.is_number()) request.max_tokens = most.integer();
  }
  request.priority = Priority::batch;
  return client::Access::reserve(client, request, body.size());
}

}  // namespace

Task<AskResult> InProcessModels::ask(Question question) {
  auto money = reserve(client_, question.body);
  if (!money) co_return std::unexpected(failure_of(money.error()));
  client::InProcess& process = client::Access::process(client_);
  const auto exchange = std::make_shared<Exchange>(loop_);
  const auto job = std::make_shared<client::Job>();
  job->money = std::move(*money);
  job->started = process.clock().now();
  job->request.head = fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nUser-Agent: tidegate-workflow\r\n"
      "Content-Type: application/json\r\nContent-Length: {}\r\nx-tidegate-task: {}\r\n"
      "x-tidegate-role: {}\r\nx-tidegate-priority: batch\r\n\r\n",
      question.body.size(), question.run.text(), question.role);
  job->request.body = std::move(question.body);
  job->on_event = [exchange](const StreamEvent&) { exchange->events.fetch_add(1); };
  job->on_done = [exchange](ChatResult result) {
    exchange->loop.post([exchange, result = std::move(result)]() mutable {
      exchange->result = std::move(result);
      exchange->told.give();
    });
  };
  process.assign(*job);
  process.submit(job);
  const Cancel::Listener listener(*question.cancel, [&process, job] { process.cancel(job); });

  // The clocks of the task: until its answer begins, between two parts of it, and in all.
  std::string late;
  std::uint64_t seen = 0;
  while (!exchange->result) {
    const Duration silence = seen == 0 ? question.queue : question.idle;
    const bool bounded = late.empty() && silence != Duration{};
    const TimePoint by = !late.empty() ? kNever
                         : bounded     ? std::min(question.until, loop_.now() + silence)
                                       : question.until;
    co_await exchange->told.until_given(by);
    if (exchange->result || !late.empty()) continue;
    const std::uint64_t events = exchange->events.load();
    if (loop_.now() < question.until && events != std::exchange(seen, events)) continue;
    late = loop_.now() >= question.until ? "the answer took longer than timeout.total"
           : seen == 0                   ? "the answer did not begin within timeout.queue"
                                         : "the answer fell silent for longer than timeout.idle";
    process.cancel(job);
  }
  ChatResult& result = *exchange->result;
  if (result) co_return answer_of(std::move(*result), loop_.wall());
  Failure failure = failure_of(result.error());
  if (!late.empty()) {
    failure.error = {ErrorCode::timeout, late, {}};
    failure.error_class = ErrorClass::timeout;
    failure.retryable = true;
    failure.cancelled = false;
  }
  co_return std::unexpected(std::move(failure));
}

}  // namespace tidegate::agents
