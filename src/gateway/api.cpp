#include "gateway/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "gateway/count_tokens.h"
#include "gateway/model_list.h"
#include "gateway/pipeline.h"
#include "gateway/stored_responses.h"
#include "gateway/surface_of.h"
#include "protocol/error_answer.h"
#include "protocol/scrub.h"

namespace tidegate::gateway {
namespace {

struct Endpoint {
  std::string_view method;
  std::string_view path;  // {id} stands for any one segment, {model} for all that follows
  Task<void> (*serve)(http::Exchange&, WorkerState&, Caller);

  [[nodiscard]] bool is_at(std::string_view asked) const {
    if (asked == path) return true;
    constexpr std::string_view kModel = "{model}";
    if (path.ends_with(kModel)) {
      const std::string_view before = path.substr(0, path.size() - kModel.size());
      return asked.size() > before.size() && asked.starts_with(before);
    }
    constexpr std::string_view kId = "{id}";
    const std::size_t id = path.find(kId);
    if (id == std::string_view::npos || asked.size() <= id) return false;
    const std::size_t end = std::min(asked.find('/', id), asked.size());
    return end != id && asked.substr(0, id) == path.substr(0, id) &&
           asked.substr(end) == path.substr(id + kId.size());
  }
};

template <protocol::Surface surface>
Task<void> serve_surface(http::Exchange& exchange, WorkerState& worker, Caller caller) {
  return serve(exchange, worker, surface, std::move(caller));
}

template <protocol::Surface surface>
constexpr Endpoint kSurface{"POST", protocol::client_path(surface), serve_surface<surface>};

constexpr std::array kEndpoints{
    kSurface<protocol::Surface::chat>,
    kSurface<protocol::Surface::responses>,
    kSurface<protocol::Surface::messages>,
    kSurface<protocol::Surface::embeddings>,
    kSurface<protocol::Surface::completions>,
    Endpoint{"GET", "/v1/responses/{id}", get_response},
    Endpoint{"DELETE", "/v1/responses/{id}", delete_response},
    Endpoint{"GET", "/v1/responses/{id}/input_items", list_input_items},
    Endpoint{"POST", "/v1/responses/{id}/cancel", cancel_response},
    Endpoint{"POST", "/v1/messages/count_tokens", count_tokens},
    Endpoint{"POST", "/v1/route", explain_route},
    Endpoint{"GET", "/v1/models", list_models},
    Endpoint{"GET", "/v1/models/{model}", get_model},
};

}  // namespace

Task<void> Api::serve(http::Exchange& exchange) {
  WorkerState& worker = *workers_[exchange.worker()];
  const http::RequestHead& head = exchange.head();
  const std::string_view path = head.path();
  std::string allowed;
  for (const Endpoint& endpoint : kEndpoints) {
    if (!endpoint.is_at(path)) continue;
    if (endpoint.method == head.method) {
      auto caller = authenticate(worker, head, exchange.received());
      if (!caller) return refuse_caller(exchange, worker, std::move(caller.error()));
      return endpoint.serve(exchange, worker, std::move(*caller));
    }
    allowed.append(allowed.empty() ? "" : ", ").append(endpoint.method);
  }
  if (!allowed.empty()) return refuse_method(exchange, worker, std::move(allowed));
  return refuse_path(exchange, worker);
}

Task<void> Api::refuse_method(http::Exchange& exchange, WorkerState& worker, std::string allowed) {
  std::string body = error_body(
      405, fmt::format("{} is not allowed here; use {}", exchange.head().method, allowed));
  worker.cells.add(worker.shared.metrics.refused(405));
  co_await exchange.respond(
      405, fmt::format("Content-Type: application/json\r\nAllow: {}\r\n", allowed), body);
}

// In the dialect of the endpoint; the log alone says which of the reasons it was.
Task<void> Api::refuse_caller(http::Exchange& exchange, WorkerState& worker, NotLetIn refusal) {
  const TimePoint started = worker.loop.now();
  const std::string_view path = exchange.head().path();
  const protocol::Surface surface = surface_of(exchange.head());
  const RequestId id = RequestId::make(exchange.received());
  worker.cells.add(worker.shared.metrics.key_refused(refusal.why));
  if (worker.snapshot->config.log.requests) {
    const std::string_view why = telemetry::kKeyRefusals[static_cast<std::size_t>(refusal.why)];
    const std::string error = fmt::format("no key that is good: {}", why);
    telemetry::RequestLine line;
    line.at = exchange.received();
    line.id = id;
    line.endpoint = path;
    line.status = 401;
    line.result = "refused";
    line.error = error;
    line.total = worker.loop.now() - started;
    worker.log(line);
  }
  const auto id_text = id.text();
  std::string headers =
      fmt::format("x-request-id: {}\r\n", std::string_view(id_text.data(), id_text.size()));
  headers += "WWW-Authenticate: Bearer\r\n";
  co_await answer_error(exchange, worker, surface, std::move(refusal.error), std::move(headers));
}

Task<void> Api::refuse_path(http::Exchange& exchange, WorkerState& worker) {
  std::vector<std::string> paths;
  for (const Endpoint& endpoint : kEndpoints) paths.emplace_back(endpoint.path);
  const std::string path = protocol::scrub_keys(exchange.head().path().substr(0, 200));
  Error error{
      ErrorCode::not_found, fmt::format("there is no {}.{}", path, did_you_mean(path, paths)), {}};
  co_await answer_error(exchange, worker, surface_of(exchange.head()), std::move(error), {});
}

std::string Api::error_body(int status, std::string_view problem) {
  const ErrorCode code = status == 408   ? ErrorCode::timeout
                         : status == 413 ? ErrorCode::too_large
                                         : ErrorCode::invalid;
  return protocol::openai_error({code, std::string(problem), {}});
}

}  // namespace tidegate::gateway
