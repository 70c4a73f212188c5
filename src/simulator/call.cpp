#include "simulator/call.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "simulator/error_shape.h"
#include "simulator/reply_faults.h"

namespace tidegate::simulator {
namespace {

// What an account of Anthropic's has left, as it says on every answer.
std::string rate_limits(WallTime now, bool exhausted) {
  const std::string reset = format_rfc3339(std::chrono::floor<std::chrono::seconds>(now) + 60s);
  std::string lines;
  for (const auto& [what, limit] : {std::pair{"requests", 4000},
                                    {"tokens", 2'000'000},
                                    {"input-tokens", 1'600'000},
                                    {"output-tokens", 400'000}}) {
    lines += fmt::format(
        "anthropic-ratelimit-{0}-limit: {1}\r\nanthropic-ratelimit-{0}-remaining: {2}\r\n"
        "anthropic-ratelimit-{0}-reset: {3}\r\n",
        what, limit, exhausted ? 0 : limit - 1, reset);
  }
  return lines;
}

std::string head_of(const Call& call, std::string_view type, int status) {
  if (speaks_messages(call.endpoint)) {
    return fmt::format("Content-Type: {}\r\nrequest-id: req_{:016x}\r\n{}", type, call.seed,
                       rate_limits(call.received, status == 429));
  }
  if (call.endpoint.provider == Provider::deepseek) {
    return fmt::format("Server: openresty\r\nContent-Type: {}\r\nx-ds-trace-id: {:016x}\r\n", type,
                       call.seed);
  }
  return fmt::format("Content-Type: {}\r\nx-request-id: req_{:016x}\r\n", type, call.seed);
}

}  // namespace

Reply refuse(const Call& call, const Refusal& refusal) {
  const std::string_view type =
      refusal.octet_stream ? "application/octet-stream" : "application/json";
  return {.status = refusal.status,
          .headers = head_of(call, type, refusal.status),
          .body = error_body(call.endpoint, refusal, call.seed)};
}

Reply refuse_test(const Call& call, const Error& error) {
  return refuse(call, invalid("Simulator: " + error.message, error.field, "simulator"));
}

std::optional<Reply> strike(Call& call, State& state, std::string& model) {
  std::string suffix = take_fault_suffix(model);
  std::string& text = call.settings.fault;
  if (!suffix.empty()) text = std::move(suffix);
  const auto faults = parse_faults(text);
  if (!faults) return refuse_test(call, faults.error());
  if (!faults->empty()) {
    const std::string scope =
        call.settings.scope.empty() ? std::to_string(call.seed) : call.settings.scope;
    call.fault = choose_fault(*faults, state.faults.count(scope, text));
  }
  if (answers_nothing(call.fault)) return Reply{.fault = call.fault};
  if (call.fault.kind != FaultKind::status) return std::nullopt;
  Reply reply = refuse(
      call, refuse_by_fault(call.endpoint, call.fault, model.empty() ? "this model" : model));
  reply.headers += retry_after_line(call.fault, call.received);
  return reply;
}

std::optional<Reply> check_key(const Call& call) {
  const auto refusal = refuse_key(call.endpoint, call.headers, call.settings.options.require_key);
  if (!refusal) return std::nullopt;
  return refuse(call, *refusal);
}

Reply good_reply(const Call& call, bool stream, Tokens completion) {
  const Options& options = call.settings.options;
  const auto per_token = std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(1.0 / options.tokens_per_second));
  const std::string_view type = stream ? "text/event-stream; charset=utf-8" : "application/json";
  Reply reply{.headers = head_of(call, type, 200),
              .fault = call.fault,
              .error_event = error_event(call.endpoint),
              .first_token = options.first_token,
              .per_event = per_token,
              .whole = options.first_token + completion * per_token,
              .gap = call.settings.gap};
  if (stream) reply.headers += "Cache-Control: no-cache\r\n";
  return reply;
}

Tokens look_up_cached(const Call& call, State& state, const ChatRequest& request,
                      const Message& answer, Tokens granularity, Tokens minimum) {
  std::uint64_t domain = hash_bytes(find_key(call.headers), hash_bytes(request.user_id));
  domain = hash_bytes(request.model, domain + static_cast<std::uint64_t>(call.endpoint.provider));
  return state.cache.look_up(request, answer, domain, granularity, minimum);
}

}  // namespace tidegate::simulator
