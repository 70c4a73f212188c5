#include "simulator/simulator.h"

#include <fmt/format.h>

#include <utility>

#include "base/hash.h"
#include "json/writer.h"
#include "simulator/chat.h"
#include "simulator/completions.h"
#include "simulator/delivery.h"
#include "simulator/embeddings.h"
#include "simulator/error_shape.h"
#include "simulator/messages.h"
#include "simulator/models.h"
#include "simulator/reply_faults.h"
#include "simulator/responses.h"
#include "simulator/stored_responses.h"

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

}  // namespace

Task<void> Simulator::serve(http::Exchange& exchange) {
  const Endpoint endpoint = find_endpoint(exchange.head().path());
  const bool is_post = exchange.head().method == "POST";
  const bool wants_post = asks_model(endpoint.operation) || endpoint.operation == Operation::reset;
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
  } else if (asks_provider(endpoint.operation)) {
    co_await answer(exchange, endpoint);
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

Task<void> Simulator::answer(http::Exchange& exchange, Endpoint endpoint) {
  const Counted counted(in_flight_);
  ++served_;
  Reply reply = reply_to(exchange, endpoint);
  journal_.add(exchange.head(), exchange.body(), exchange.received(), reply);
  exchange.release_request();
  const bool complete = co_await deliver(exchange, std::move(reply));
  if (!complete) ++left_early_;
}

// The whole answer, decided at once: fault, key, rules, words, usage.
Reply Simulator::reply_to(const http::Exchange& exchange, Endpoint endpoint) {
  const std::string_view body = exchange.body();
  Call call{.endpoint = endpoint,
            .headers = exchange.head().headers,
            .body = body,
            .received = exchange.received(),
            .seed = hash_bytes(body),
            .settings = {},
            .fault = {}};
  auto settings = read_settings(options_, call.headers);
  if (!settings) return refuse_test(call, settings.error());
  call.settings = std::move(*settings);

  Reply reply;
  switch (endpoint.operation) {
    case Operation::messages:
    case Operation::count_tokens:
      reply = answer_messages(call, state_);
      break;
    case Operation::responses:
      reply = answer_responses(call, state_);
      break;
    case Operation::embeddings:
      reply = answer_embeddings(call, state_);
      break;
    case Operation::completions:
      reply = answer_completions(call, state_);
      break;
    case Operation::stored:
      return answer_stored(call, exchange.head(), state_);
    default:
      reply = answer_chat(call, state_);
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
  state_.cache.reset();
  state_.faults.reset();
  state_.responses.reset();
  left_early_ = 0;
  served_ = 0;
}

std::string Simulator::error_body(int status, std::string_view problem) {
  return simulator::error_body({}, {.status = status, .message = std::string(problem)}, 0);
}

}  // namespace tidegate::simulator
