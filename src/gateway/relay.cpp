#include "gateway/relay.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gateway/pipeline.h"
#include "gateway/request_fields.h"
#include "http/call.h"
#include "protocol/scrub.h"
#include "translation/error_answer.h"

namespace tidegate::gateway {
namespace {

constexpr protocol::Surface kSurface = protocol::Surface::responses;
constexpr std::size_t kMostBody = 32u << 20;

// The client waits for one answer; there is nothing to tell it meanwhile.
struct Quiet : http::SilenceListener {
  void on_silence() override {}
};

// "GET /v1/responses/resp_1?order=asc HTTP/1.1\r\nHost: ...": from the head with which the provider
// is asked for new responses.
std::string head_for(const ProviderRuntime& provider, const http::RequestHead& asked) {
  constexpr std::string_view kOurs = "/v1/responses";
  const std::string_view post = provider.request_heads[static_cast<std::size_t>(kSurface)];
  const std::string_view path = provider.dialect->paths[static_cast<std::size_t>(kSurface)];
  return fmt::format("{} {}{}{}{}", asked.method, provider.endpoint.path, path,
                     asked.target.substr(kOurs.size()), post.substr(post.find(" HTTP/1.1")));
}

// Reads the rest of a body into `body`.
Task<Result<void>> read_body(http::Call& call, http::Exchange& exchange, TimePoint deadline,
                             Duration idle, std::string& body) {
  for (;;) {
    std::string_view data;
    const http::Call::Next next = call.next(data);
    if (next == http::Call::Next::end) co_return Result<void>();
    if (next == http::Call::Next::data) {
      body += data;
      if (body.size() <= kMostBody) continue;
      co_return fail(ErrorCode::unavailable, "the provider's answer is too large");
    }
    if (next != http::Call::Next::wait) {
      co_return fail(ErrorCode::truncated, "the provider's answer was cut in the middle");
    }
    const TimePoint until = std::min(deadline, exchange.loop().now() + idle);
    const Wake wake = co_await call.until_more(until, exchange.client());
    if (wake == Wake::ready) continue;
    co_return wake == Wake::gone ? fail(ErrorCode::canceled, "the client left")
                                 : fail(ErrorCode::timeout, "the provider did not answer in time");
  }
}

Task<int> refuse(http::Exchange& exchange, WorkerState& worker, Error error) {
  if (error.code == ErrorCode::canceled) co_return 0;
  const int status = translation::error_status(kSurface, error);
  error.field = {};
  co_await answer_error(exchange, worker, kSurface, std::move(error), {});
  co_return status;
}

}  // namespace

Task<int> relay(http::Exchange& exchange, WorkerState& worker, const std::string& provider) {
  const std::shared_ptr<const Snapshot> snapshot = worker.snapshot;
  const auto& providers = snapshot->config.providers;
  const auto found = std::ranges::find(providers, provider, &config::Provider::name);
  const auto index = static_cast<std::size_t>(found - providers.begin());
  if (found == providers.end() ||
      snapshot->providers[index].request_heads[static_cast<std::size_t>(kSurface)].empty()) {
    Error gone{
        ErrorCode::not_found,
        fmt::format("the response is kept by the provider {}, which is not configured any more",
                    provider),
        {}};
    co_return co_await refuse(exchange, worker, std::move(gone));
  }
  const std::string head = head_for(snapshot->providers[index], exchange.head());
  RecycledString forwarded;
  read_request_fields(exchange.head().headers, forwarded);
  forwarded += "\r\n";
  const std::array<std::string_view, 2> pieces{head, forwarded};

  const config::Timeouts& timeouts = snapshot->config.timeouts;
  const TimePoint deadline = exchange.loop().now() + timeouts.total;
  const http::Call::Deadlines deadlines{timeouts.connect, timeouts.first_byte, deadline,
                                        timeouts.ping};
  Quiet quiet;
  http::Call call(worker.pool(index));
  const std::span<const std::string_view> request = pieces;
  Result<void> good = co_await call.start(request, deadlines, exchange.client(), quiet);
  if (!good) co_return co_await refuse(exchange, worker, std::move(good.error()));
  const int status = call.head().status;
  std::string fields = fmt::format("x-tidegate-provider: {}\r\n", provider);
  append_answer_fields(fields, call.head().headers, false);
  std::string body;
  good = co_await read_body(call, exchange, deadline, timeouts.idle, body);
  if (!good) co_return co_await refuse(exchange, worker, std::move(good.error()));
  const std::string& key = found->api_key.reveal();
  if (protocol::leaks_key(body, key)) body = protocol::scrub_keys(body, key);
  const bool sent = co_await exchange.respond(status, fields, body);
  co_return sent ? status : 0;
}

}  // namespace tidegate::gateway
