#include "engine/gateway_models.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "engine/chat_collector.h"
#include "engine/fault_point.h"
#include "http/call.h"
#include "protocol/error_body.h"
#include "protocol/retry_after.h"
#include "protocol/scrub.h"

namespace tidegate::engine {
namespace {

using workflow::ErrorClass;

constexpr Duration kConnect = 10s;
// Of a wait that nothing ends: "never" less now cannot be added to a later now.
constexpr Duration kLongest = 24h * 365;
constexpr std::size_t kMaxErrorBody = 64 * 1024;
constexpr std::size_t kSpareLeashes = 256;

http::Endpoint endpoint_of(const GatewayModels::Options& options) {
  http::Endpoint endpoint = *http::Endpoint::parse("http://" + options.address.text());
  endpoint.max_connections = options.max_connections;
  return endpoint;
}

std::string_view find(const http::Headers& headers, std::string_view name) {
  for (const http::Header& header : headers) {
    if (equals_ignoring_case(header.name, name)) return header.value();
  }
  return {};
}

Failure failure_of(const Error& error) {
  Failure failure{.error = error};
  failure.cancelled = error.code == ErrorCode::canceled;
  failure.error_class =
      error.code == ErrorCode::timeout ? ErrorClass::timeout : ErrorClass::transport;
  failure.retryable = error.code != ErrorCode::too_large;
  return failure;
}

// What a refusal's head says beside its status; its views end with the next wait.
struct RefusalHead {
  int status = 0;
  Duration retry_after{};
  bool misfit = false;  // an answer was there, but not of the form that the request asked for
};

RefusalHead read_refusal(const http::ResponseHead& head, WallTime now) {
  RefusalHead refusal{.status = head.status};
  refusal.misfit = head.status == 502 && find(head.headers, "x-should-retry") == "false";
  if (const auto after = protocol::read_retry_after(find(head.headers, "retry-after"),
                                                    find(head.headers, "retry-after-ms"), now)) {
    refusal.retry_after = *after;
  }
  return refusal;
}

Failure failure_of(const RefusalHead& head, std::string_view body) {
  using Class = protocol::ErrorClass;
  const protocol::ProviderError said = protocol::read_error(head.status, body);
  Failure failure;
  failure.error = {ErrorCode::unavailable, fmt::format("{} ({})", said.message, head.status), {}};
  failure.retryable = protocol::policy(said.error_class).retryable || head.status >= 500;
  failure.error_class = ErrorClass::server;
  if (said.error_class == Class::timeout) failure.error_class = ErrorClass::timeout;
  if (said.error_class == Class::rate_limited) {
    failure.error_class = ErrorClass::rate_limit;
    failure.retryable = true;
  }
  if (head.misfit) failure.error_class = ErrorClass::invalid_output;
  failure.retry_after = head.retry_after;
  return failure;
}

}  // namespace

// Stands for the client whose leaving ends a call: a pair of sockets, of which one is watched and
// the other is closed to cancel.
class GatewayModels::Leash {
 public:
  Leash(Loop& loop, int watched, int held) : socket(loop, watched), held_(held) {}
  ~Leash() { ::close(held_); }
  Leash(const Leash&) = delete;
  Leash& operator=(const Leash&) = delete;
  void let_go() {
    ::shutdown(held_, SHUT_RDWR);
    used_up = true;
  }

  Socket socket;
  bool used_up = false;

 private:
  int held_;
};

class GatewayModels::Waiting final : public http::SilenceListener {
 public:
  void on_silence() override { pass(FaultPoint::request_sent); }
};

GatewayModels::GatewayModels(Loop& loop, const Clock& clock, Options options)
    : loop_(loop),
      resolver_(clock),
      credential_(options.credential),
      pool_(loop, resolver_, endpoint_of(options), nullptr) {}

GatewayModels::~GatewayModels() = default;

std::unique_ptr<GatewayModels::Leash> GatewayModels::take_leash() {
  if (!leashes_.empty()) {
    auto leash = std::move(leashes_.back());
    leashes_.pop_back();
    return leash;
  }
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    return nullptr;
  }
  return std::make_unique<Leash>(loop_, fds[0], fds[1]);
}

Task<AskResult> GatewayModels::ask(Question question) {
  auto leash = take_leash();
  if (leash == nullptr) {
    co_return std::unexpected(Failure{
        .error = {ErrorCode::io,
                  fmt::format("no socket for another request: {} (raise the limit of open files)",
                              std::strerror(errno)),
                  {}},
        .sent = false});
  }
  const Cancel::Listener listener(*question.cancel, [held = leash.get()] { held->let_go(); });

  const std::string head = fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n"
      "Content-Type: application/json\r\nContent-Length: {}\r\nUser-Agent: tidegate-workflow\r\n"
      "x-tidegate-task: {}\r\nx-tidegate-role: {}\r\nx-tidegate-priority: batch\r\n\r\n",
      pool_.endpoint().authority, credential_, question.body.size(), question.run.text(),
      question.role);
  const std::array<std::string_view, 2> pieces{head, question.body};
  const auto within = [](Duration limit, TimePoint now, TimePoint until) {
    return limit == Duration{} ? until : std::min(until, now + limit);
  };
  AskResult result = std::unexpected(Failure{});
  {
    http::Call call(pool_);
    Waiting waiting;
    http::Call::Deadlines deadlines{
        .connect = kConnect,
        .first_byte = std::min<Duration>(
            within(question.queue, loop_.now(), question.until) - loop_.now(), kLongest),
        .total = question.until,
        .silence = fault_detail::armed >= 0 ? Duration(1ms) : Duration(1h)};
    pass(FaultPoint::before_send);
    const Result<void> started = co_await call.start(pieces, deadlines, leash->socket, waiting);
    if (!started) {
      Failure failure = failure_of(started.error());
      failure.sent = started.error().field != "base_url";
      result = std::unexpected(std::move(failure));
    } else {
      pass(FaultPoint::first_byte);
      const http::ResponseHead& answered = call.head();
      std::string model(find(answered.headers, "x-tidegate-model"));
      std::string provider(find(answered.headers, "x-tidegate-provider"));
      std::string request_id(find(answered.headers, "x-request-id"));
      const RefusalHead refusal = read_refusal(answered, loop_.wall());
      const bool refused = refusal.status != 200;
      std::string error_body;
      ChatCollector collector;
      std::optional<WallTime> first_byte;
      std::optional<Failure> broken;
      while (!broken) {
        std::string_view data;
        const http::Call::Next next = call.next(data);
        if (next == http::Call::Next::data) {
          if (!first_byte) first_byte = loop_.wall();
          if (refused) {
            error_body.append(
                data.substr(0, kMaxErrorBody - std::min(kMaxErrorBody, error_body.size())));
          } else if (auto fed = collector.feed(data); !fed) {
            broken = failure_of(fed.error());
            if (!collector.stream_error().empty()) {
              const auto said = protocol::read_error(200, collector.stream_error());
              broken->error_class = ErrorClass::server;
              broken->error.message = said.message;
            }
          }
        } else if (next == http::Call::Next::wait) {
          const TimePoint by = within(question.idle, loop_.now(), question.until);
          const Wake wake = co_await call.until_more(by, leash->socket);
          if (wake == Wake::timed_out) {
            broken = failure_of({ErrorCode::timeout,
                                 loop_.now() >= question.until
                                     ? "the answer took longer than timeout.total"
                                     : "the answer fell silent for longer than timeout.idle",
                                 {}});
          } else if (wake != Wake::ready) {
            broken = failure_of({ErrorCode::canceled, "cancelled", {}});
          }
        } else {
          if (next != http::Call::Next::end) {
            broken = failure_of({ErrorCode::truncated, "the answer was cut off", {}});
          }
          break;
        }
      }
      pass(FaultPoint::answer_read);
      if (!broken && !refused) {
        if (auto whole = collector.finish(); !whole) broken = failure_of(whole.error());
      }
      if (refused && !broken) broken = failure_of(refusal, error_body);
      Answer answer = collector.take_answer();
      if (broken) {
        broken->model = std::move(model);
        broken->provider = std::move(provider);
        broken->request_id = std::move(request_id);
        broken->usage = answer.usage;
        if (collector.begun()) broken->begun = estimated_completion(answer);
        result = std::unexpected(std::move(*broken));
      } else {
        answer.model = std::move(model);
        answer.provider = std::move(provider);
        answer.request_id = std::move(request_id);
        answer.first_byte = first_byte;
        result = std::move(answer);
      }
    }
  }
  if (!leash->used_up && leashes_.size() < kSpareLeashes) leashes_.push_back(std::move(leash));
  co_return result;
}

}  // namespace tidegate::engine
