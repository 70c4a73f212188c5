#include "budgets/webhook.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "http/call.h"
#include "tls/context.h"

namespace tidegate::budgets {
namespace {

constexpr Duration kConnect = 5s;
constexpr Duration kAnswer = 15s;

class Patient final : public http::SilenceListener {
 public:
  void on_silence() override {}
};

}  // namespace

Result<std::unique_ptr<Webhook>> Webhook::open(const config::Secret& url,
                                               const std::string& ca_file, Loop& loop,
                                               Resolver& resolver) {
  const std::string& text = url.reveal();
  const std::size_t host = text.find("://") + 3;
  const std::size_t path = std::min(text.find_first_of("/?", host), text.size());
  auto endpoint = http::Endpoint::parse(text.substr(0, path));
  if (!endpoint) return std::unexpected(endpoint.error());
  endpoint->max_connections = 1;
  std::shared_ptr<const tls::ClientContext> tls;
  if (endpoint->secure) {
    auto made = tls::ClientContext::create(ca_file);
    if (!made) return std::unexpected(made.error());
    tls = std::move(*made);
  }
  std::unique_ptr<Webhook> webhook(new Webhook(loop, resolver, *endpoint, std::move(tls)));
  webhook->path_ = text.substr(path);
  if (!webhook->path_.starts_with('/')) webhook->path_.insert(0, "/");
  webhook->shown_ = text.substr(0, path) + "/...";
  return webhook;
}

Task<Result<void>> Webhook::post(std::string_view id, std::string_view body, Socket& owner) {
  const std::string head = fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: tidegate\r\nContent-Type: application/json\r\n"
      "Idempotency-Key: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
      path_, pool_.endpoint().authority, id, body.size());
  const std::array<std::string_view, 2> pieces{head, body};
  const http::Call::Deadlines deadlines{kConnect, kAnswer, loop_.now() + kConnect + kAnswer,
                                        kAnswer};
  Patient patient;
  http::Call call(pool_);
  Result<void> sent = co_await call.start(pieces, deadlines, owner, patient);
  if (!sent) {
    sent.error().field.clear();
    co_return sent;
  }
  const int status = call.head().status;
  if (status >= 200 && status < 300) co_return Result<void>{};
  // A 4xx is about this letter, but for those that say: not now.
  const bool refused = status >= 400 && status < 500 && status != 408 && status != 429;
  co_return fail(refused ? ErrorCode::invalid : ErrorCode::bad_answer,
                 fmt::format("it answered with status {}", status));
}

}  // namespace tidegate::budgets
