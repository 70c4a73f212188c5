#include "gateway/stored_responses.h"

#include <fmt/format.h>

#include "gateway/pipeline.h"
#include "gateway/relay.h"
#include "gateway/response_state.h"
#include "json/writer.h"
#include "translation/response_items.h"

namespace tidegate::gateway {
namespace {

constexpr std::string_view kJson = "Content-Type: application/json\r\n";
constexpr protocol::Surface kSurface = protocol::Surface::responses;

// Copies, since they are used after waits.
struct Named {
  std::string owner, id;
  std::shared_ptr<const translation::ResponseText> kept;  // null: not known, or not the owner's
};

Named find(const http::Exchange& exchange, WorkerState& worker, const Caller& caller) {
  std::string_view id = exchange.head().path().substr(sizeof "/v1/responses/" - 1);
  id = id.substr(0, id.find('/'));
  Named named{worker.memos.owners.of(caller, exchange.head().headers), std::string(id), nullptr};
  if (worker.shared.responses == nullptr) return named;
  named.kept = worker.shared.responses->find(named.owner, named.id);
  // Single items are kept by their ids, too.
  if (named.kept && named.kept->answer.empty() && named.kept->provider.empty()) named.kept = {};
  return named;
}

Error not_found(std::string_view id) {
  return {ErrorCode::not_found,
          fmt::format("Response with id '{}' not found. Known are those of the last 24 hours that "
                      "this key asked for, without store: false.",
                      id),
          {}};
}

}  // namespace

Task<void> get_response(http::Exchange& exchange, WorkerState& worker, Caller caller) {
  const Named named = find(exchange, worker, caller);
  if (!named.kept) {
    Error error = not_found(named.id);
    co_await answer_error(exchange, worker, kSurface, std::move(error), {});
  } else if (!named.kept->provider.empty()) {
    co_await relay(exchange, worker, named.kept->provider);
  } else if (exchange.head().query().contains("stream=true")) {
    Error error{ErrorCode::invalid,
                "stream: only a response that was made in the background can be streamed again",
                "stream"};
    co_await answer_error(exchange, worker, kSurface, std::move(error), {});
  } else {
    co_await exchange.respond(200, kJson, named.kept->answer);
  }
}

Task<void> delete_response(http::Exchange& exchange, WorkerState& worker, Caller caller) {
  const Named named = find(exchange, worker, caller);
  if (!named.kept) {
    Error error = not_found(named.id);
    co_await answer_error(exchange, worker, kSurface, std::move(error), {});
    co_return;
  }
  if (!named.kept->provider.empty()) {
    const int status = co_await relay(exchange, worker, named.kept->provider);
    if (status == 200 || status == 404) worker.shared.responses->forget(named.owner, named.id);
    co_return;
  }
  forget_response(*worker.shared.responses, named.owner, named.id);
  std::string body;
  json::Writer json(body);
  json.begin_object().member("id", named.id).member("object", "response");
  json.member("deleted", true).end_object();
  co_await exchange.respond(200, kJson, body);
}

// Nothing is answered in the background, so there is never anything to cancel.
Task<void> cancel_response(http::Exchange& exchange, WorkerState& worker, Caller caller) {
  const Named named = find(exchange, worker, caller);
  Error error = not_found(named.id);
  if (named.kept) error = {ErrorCode::invalid, "Cannot cancel a synchronous response.", {}};
  co_await answer_error(exchange, worker, kSurface, std::move(error), {});
}

Task<void> list_input_items(http::Exchange& exchange, WorkerState& worker, Caller caller) {
  const Named named = find(exchange, worker, caller);
  if (named.kept && !named.kept->provider.empty()) {
    co_await relay(exchange, worker, named.kept->provider);
    co_return;
  }
  translation::ResponseChain chain;
  if (named.kept) chain = worker.shared.responses->conversation(named.owner, named.id);
  if (chain.empty()) {
    Error error = not_found(named.id);
    co_await answer_error(exchange, worker, kSurface, std::move(error), {});
    co_return;
  }
  chain.pop_back();
  std::string items = translation::items_of(chain);
  if (!items.empty() && !named.kept->input.empty()) items += ',';
  items += named.kept->input;
  Result<std::string> body;
  if (const auto page = translation::read_items_page(exchange.head().query())) {
    body = translation::list_items(items, named.id, *page);
  } else {
    body = std::unexpected(page.error());
  }
  if (body) {
    co_await exchange.respond(200, kJson, *body);
  } else {
    co_await answer_error(exchange, worker, kSurface, body.error(), {});
  }
}

}  // namespace tidegate::gateway
