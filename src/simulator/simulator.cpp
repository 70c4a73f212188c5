#include "simulator/simulator.h"

#include <fmt/format.h>

#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "json/writer.h"
#include "simulator/answer.h"
#include "simulator/completion.h"
#include "simulator/delivery.h"
#include "simulator/models.h"
#include "simulator/reply_faults.h"
#include "simulator/rules.h"
#include "simulator/tokens.h"

namespace tidegate::simulator {
namespace {

constexpr std::string_view kJson = "Content-Type: application/json\r\n";

// Counts a request for as long as its coroutine lives.
class Counted {
 public:
  explicit Counted(std::atomic<int>& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<int>& count_;
};

std::string provider_headers(Provider provider, std::string_view type, std::uint64_t seed) {
  if (provider == Provider::deepseek) {
    return fmt::format("Server: openresty\r\nContent-Type: {}\r\nx-ds-trace-id: {:016x}\r\n", type,
                       seed);
  }
  return fmt::format("Content-Type: {}\r\nx-request-id: req_{:016x}\r\n", type, seed);
}

Reply refuse(Provider provider, const Refusal& refusal, std::uint64_t seed) {
  const std::string_view type =
      refusal.octet_stream ? "application/octet-stream" : "application/json";
  return {.status = refusal.status,
          .headers = provider_headers(provider, type, seed),
          .body = body_of(refusal),
          .events = {},
          .fault = {}};
}

// A mistake in the x-sim-* headers or in a fault's name: the test's own, so said plainly.
Reply refuse_test(const Error& error) {
  return refuse(Provider::openai, invalid("Simulator: " + error.message, error.field, "simulator"),
                0);
}

Tokens count_cached(PromptCache& cache, Provider provider, const ChatRequest& request,
                    const Answer& answer, std::string_view authorization) {
  std::uint64_t domain = hash_bytes(authorization, hash_bytes(request.user_id));
  domain = hash_bytes(request.model, domain + static_cast<std::uint64_t>(provider));
  const bool deepseek = provider == Provider::deepseek;
  return cache.look_up(request, as_message(answer), domain, deepseek ? 64 : 128,
                       deepseek ? 0 : 1024);
}

}  // namespace

Task<void> Simulator::serve(http::Exchange& exchange) {
  const Endpoint endpoint = find_endpoint(exchange.head().path());
  const bool is_post = exchange.head().method == "POST";
  const bool wants_post =
      endpoint.operation == Operation::chat || endpoint.operation == Operation::reset;
  int status = 200;
  std::string body;
  if (endpoint.operation == Operation::unknown) {
    status = 404;
    body = error_body(
        404, fmt::format("Invalid URL ({} {})", exchange.head().method, exchange.head().path()));
  } else if (is_post != wants_post) {
    status = 405;
    body = error_body(405, fmt::format("Not allowed to {} on {}", exchange.head().method,
                                       exchange.head().path()));
  } else if (endpoint.operation == Operation::chat) {
    co_await chat(exchange, endpoint.provider);
    co_return;
  } else if (endpoint.operation == Operation::models) {
    body = list_models(endpoint.provider);
  } else if (endpoint.operation == Operation::log) {
    body = journal_.as_json();
  } else if (endpoint.operation == Operation::open) {
    body = open_as_json();
  } else {
    reset();
    body = "{}";
  }
  co_await exchange.respond(status, kJson, body);
}

Task<void> Simulator::chat(http::Exchange& exchange, Provider provider) {
  const Counted counted(in_flight_);
  ++served_;
  journal_.add(exchange.head(), exchange.body(), exchange.received());
  Reply reply = reply_to(exchange, provider);
  exchange.release_request();
  const bool complete = co_await deliver(exchange, std::move(reply));
  if (!complete) ++left_early_;
}

// The whole answer, decided at once: fault, key, rules, words, usage.
Reply Simulator::reply_to(const http::Exchange& exchange, Provider provider) {
  const http::Headers& headers = exchange.head().headers;
  const std::string_view body = exchange.body();
  const std::uint64_t seed = hash_bytes(body);

  auto settings = read_settings(options_, headers);
  if (!settings) return refuse_test(settings.error());
  auto request = read_request(body);
  if (request) {
    std::string suffix = take_fault_suffix(request->model);
    if (!suffix.empty()) settings->fault = std::move(suffix);
  }
  const auto faults = parse_faults(settings->fault);
  if (!faults) return refuse_test(faults.error());
  Fault fault;
  if (!faults->empty()) {
    const std::string scope = settings->scope.empty() ? std::to_string(seed) : settings->scope;
    fault = choose_fault(*faults, fault_counter_.count(scope, settings->fault));
  }
  if (answers_nothing(fault)) return {.headers = {}, .body = {}, .events = {}, .fault = fault};
  if (fault.kind == FaultKind::status) {
    Reply reply = refuse(
        provider, refuse_by_fault(provider, fault, request ? request->model : "this model"), seed);
    reply.headers += retry_after_line(fault, exchange.received());
    return reply;
  }

  const std::string_view authorization = headers.find("authorization");
  if (auto refusal = refuse_key(provider, authorization, settings->options.require_key)) {
    return refuse(provider, *refusal, seed);
  }
  if (!request) return refuse(provider, refuse_body(provider, request.error(), body), seed);
  const Tokens prompt_tokens = count_tokens(*request);
  const auto refusal = provider == Provider::deepseek
                           ? check_deepseek(*request, body, prompt_tokens, settings->options)
                           : check_openai(*request, prompt_tokens, settings->options);
  if (refusal) return refuse(provider, *refusal, seed);

  Answer answer = make_answer(provider, *request, *settings, body);
  spoil(answer, fault);
  answer.usage.prompt = prompt_tokens;
  answer.usage.cached = count_cached(cache_, provider, *request, answer, authorization);

  const auto per_token = std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(1.0 / settings->options.tokens_per_second));
  Reply reply{.headers = provider_headers(
                  provider,
                  request->stream ? "text/event-stream; charset=utf-8" : "application/json", seed),
              .body = {},
              .events = {},
              .fault = fault,
              .first_token = settings->options.first_token,
              .per_event = per_token,
              .whole = settings->options.first_token + answer.usage.completion * per_token,
              .gap = settings->gap};
  if (request->stream) {
    reply.headers += "Cache-Control: no-cache\r\n";
    reply.events = stream_events(answer, request->include_usage, fault, exchange.received());
  } else {
    reply.body = completion_body(answer, fault, exchange.received());
  }
  spoil(reply);
  return reply;
}

std::string Simulator::open_as_json() const {
  std::string out;
  json::Writer(out)
      .begin_object()
      .member("in_flight", in_flight_.load())
      .member("left_early", left_early_.load())
      .member("served", served_.load())
      .end_object();
  return out;
}

void Simulator::reset() {
  journal_.reset();
  cache_.reset();
  fault_counter_.reset();
  left_early_ = 0;
  served_ = 0;
}

std::string Simulator::error_body(int status, std::string_view problem) {
  return body_of({.status = status, .message = std::string(problem), .param = {}, .code = {}});
}

}  // namespace tidegate::simulator
