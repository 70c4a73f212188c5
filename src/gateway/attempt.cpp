#include "gateway/attempt.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "gateway/answer_headers.h"
#include "gateway/outgoing.h"
#include "gateway/recall.h"
#include "protocol/embeddings.h"
#include "protocol/retry_after.h"
#include "protocol/scrub.h"
#include "translation/error_answer.h"
#include "translation/fault.h"

namespace tidegate::gateway {
namespace {

constexpr std::size_t kMaxErrorBody = 256 * 1024;
// An answer that is no stream is held until it is judged. 393,216 tokens are about 2 MB.
constexpr std::size_t kMaxWholeBody = 32u << 20;
// 2,048 vectors of 3,072 numbers, a number a line.
constexpr std::size_t kMaxVectors = 160u << 20;

// As far as the provider tells it, the client knows where to look.
bool names_a_path(std::string_view error_body) {
  return error_body.contains("messages[") || error_body.contains("messages.") ||
         error_body.contains("input[");
}

}  // namespace

Attempt::Attempt(Walk& walk, const routing::Target& target)
    : walk_(walk),
      target_(target),
      provider_(walk.snapshot->providers[target.provider]),
      started_wall_(walk.worker.loop.wall()),
      started_(walk.worker.loop.now()),
      last_heard_(started_),
      upstream_(provider_.dialect->offers(walk.surface) ? walk.surface
                                                        : provider_.dialect->surface) {}

AttemptEnd AttemptEnd::failed(ledger::Outcome outcome, Error error, protocol::ErrorPolicy policy) {
  return {outcome,
          std::make_unique<Failure>(Failure{std::move(error), policy, {}, {}, false, false})};
}

void Attempt::fail_with(ledger::Outcome outcome, Error error, protocol::ErrorPolicy policy) {
  end_ = AttemptEnd::failed(outcome, std::move(error), policy);
}

void Attempt::interrupted(Wake wake, std::string_view waiting_for) {
  if (wake == Wake::timed_out) {
    // A provider that keeps the line alive is busy, not broken.
    fail_with(ledger::Outcome::timed_out,
              {ErrorCode::timeout,
               fmt::format("{} did not send {} in time", target_.model->provider, waiting_for),
               {}},
              {.retryable = true, .provider_at_fault = !alive_, .try_fallback = true});
  } else {
    fail_with(ledger::Outcome::client_gone, {ErrorCode::canceled, "the client left", {}}, {});
  }
}

// What the client and the log are told. The field at fault is ours, not the client's.
Error Attempt::unreachable(Error error) const {
  if (error.field == "base_url") {
    error.message += fmt::format("; check providers.{}.base_url", target_.model->provider);
  }
  error.field = {};
  return error;
}

Task<AttemptEnd> Attempt::run() {
  walk_.file(false);
  ++walk_.attempts;
  const std::size_t said = walk_.notes.size();
  std::unique_ptr<Outgoing> outgoing = prepare();
  if (!unknown_.empty() && outgoing != nullptr) {
    const bool found = co_await recall_elsewhere(walk_, unknown_);
    if (found) {
      walk_.notes.resize(said);
      outgoing = prepare();
    }
  }
  if (outgoing != nullptr) {
    const config::Timeouts& timeouts = walk_.snapshot->config.timeouts;
    http::Call call(walk_.worker.pool(target_.provider));
    const http::Call::Deadlines deadlines{timeouts.connect, timeouts.first_byte, walk_.deadline,
                                          timeouts.ping};
    const std::span<const std::string_view> pieces = outgoing->all();
    const Result<void> sent =
        co_await call.start(pieces, deadlines, walk_.exchange.client(), *this);
    outgoing.reset();
    if (sent) {
      last_heard_ = walk_.worker.loop.now();
      status_ = call.head().status;
      co_await read_answer(call);
    } else if (sent.error().code == ErrorCode::canceled) {
      interrupted(Wake::gone, {});
    } else {
      const bool late = sent.error().code == ErrorCode::timeout;
      fail_with(late ? ledger::Outcome::timed_out : ledger::Outcome::unreachable,
                unreachable(sent.error()), kProviderFailed);
    }
  }
  settle();
  co_return std::move(end_);
}

Task<void> Attempt::read_answer(http::Call& call) {
  const http::ResponseHead& head = call.head();
  if (head.status != 200) return read_error(call);
  const bool stream = head.content_type.starts_with("text/event-stream");
  return stream ? pass_stream(call, head) : read_whole(call);
}

std::string Attempt::client_headers(const http::ResponseHead& head) const {
  std::string headers = decision_headers(walk_, target_);
  append_answer_fields(headers, head.headers, walk_.limited != nullptr);
  return headers;
}

// Reads the rest of a body. False: end_ says why not.
Task<bool> Attempt::gather(http::Call& call, std::string& body, std::size_t limit) {
  Loop& loop = walk_.worker.loop;
  const config::Timeouts& timeouts = walk_.snapshot->config.timeouts;
  const TimePoint first_byte_by = started_ + timeouts.first_byte;
  for (;;) {
    std::string_view data;
    const http::Call::Next next = call.next(data);
    if (next == http::Call::Next::data) {
      last_heard_ = loop.now();
      const bool blank = data.find_first_not_of(" \t\r\n") == std::string_view::npos;
      if (blank) alive_ = true;
      if (!blank && first_byte_ == TimePoint{}) first_byte_ = loop.now();
      body.append(data);
      if (body.size() <= limit) continue;
      fail_with(ledger::Outcome::provider_error,
                {ErrorCode::unavailable,
                 fmt::format("the provider's answer is larger than {} bytes", limit),
                 {}},
                {.retryable = false, .provider_at_fault = false, .try_fallback = true});
      co_return false;
    }
    if (next == http::Call::Next::end) co_return true;
    if (next == http::Call::Next::wait) {
      const bool begun = first_byte_ != TimePoint{};
      const TimePoint until =
          std::min(walk_.deadline, begun ? last_heard_ + timeouts.idle
                                         : std::min(first_byte_by, last_heard_ + timeouts.idle));
      const Wake wake = co_await call.until_more(until, walk_.exchange.client());
      if (wake == Wake::ready) continue;
      interrupted(wake, begun ? "the rest of its answer" : "the first byte of its answer");
      co_return false;
    }
    fail_with(ledger::Outcome::truncated,
              {ErrorCode::truncated, "the provider's answer was cut in the middle", {}},
              kProviderFailed);
    co_return false;
  }
}

Task<void> Attempt::read_error(http::Call& call) {
  const int status = call.head().status;
  const http::Headers& headers = call.head().headers;
  const std::optional<Duration> retry_after = protocol::read_retry_after(
      headers.find("retry-after"), headers.find("retry-after-ms"), walk_.worker.loop.wall());
  HeldAnswer held{status, &target_, {}, {}, {}};
  append_answer_fields(held.fields, headers, walk_.limited != nullptr);
  const bool whole = co_await gather(call, held.body, kMaxErrorBody);
  if (!whole && end_.outcome == ledger::Outcome::client_gone) co_return;
  const protocol::ProviderError error = protocol::read_error(status, held.body);
  fail_with(ledger::Outcome::provider_error, {ErrorCode::unavailable, error.message, {}},
            protocol::policy(error.error_class));
  end_.failure->retry_after = retry_after;
  end_.failure->throttled = error.error_class == protocol::ErrorClass::rate_limited;
  // A redirect or a cut error is nothing that a client could use.
  if (!whole || status < 400) co_return;
  std::optional<Error> fault;
  if (error.error_class == protocol::ErrorClass::bad_request && !names_a_path(held.body)) {
    fault = translation::find_fault(walk_.surface, walk_.exchange.body());
  }
  const bool readable = walk_.surface == upstream_ && protocol::is_error_object(held.body);
  if (!readable || fault) {
    Error said = translation::as_error(error);
    if (fault) said = translation::with_fault(std::move(said), *fault);
    if (walk_.surface != upstream_) held.status = translation::error_status(walk_.surface, said);
    held.body = translation::error_body(walk_.surface, said);
  }
  const std::string& key = walk_.snapshot->config.providers[target_.provider].api_key.reveal();
  if (protocol::leaks_key(held.body, key)) held.body = protocol::scrub_keys(held.body, key);
  end_.failure->held = std::move(held);
}

// An answer that is no stream is judged before the client sees a byte of it, so that a bad one can
// still be replaced by another attempt.
Task<void> Attempt::read_whole(http::Call& call) {
  std::string headers = decision_headers(walk_, target_);
  const std::size_t own = headers.size();
  append_answer_fields(headers, call.head().headers, walk_.limited != nullptr);
  const std::uint64_t length = call.head().content_length;
  std::string_view body;
  std::string gathered;
  if (call.next(body) == http::Call::Next::data && body.size() == length) {
    first_byte_ = walk_.worker.loop.now();  // one read brought all of it; it is sent where it lies
  } else {
    gathered.assign(body);
    if (body.find_first_not_of(" \t\r\n") != std::string_view::npos) {
      first_byte_ = walk_.worker.loop.now();
    }
    const bool vectors = upstream_ == protocol::Surface::embeddings;
    const bool whole = co_await gather(call, gathered, vectors ? kMaxVectors : kMaxWholeBody);
    if (!whole) co_return;
    body = gathered;
  }
  judge_whole(body);
  const std::optional<std::string> unwrapped = without_fence(body);
  if (unwrapped) body = *unwrapped;
  const std::string_view answer = translates() ? pass_->out() : body;
  if (failed()) {
    if (end_.failure->error.code == ErrorCode::bad_answer) {
      hold_unfit(headers.substr(own), std::string(answer));
    } else if (whole_) {
      end_.failure->held = HeldAnswer{200, &target_, headers.substr(own), std::string(answer), {}};
    }
    co_return;
  }
  remember();
  walk_.answered = true;
  if (upstream_ != protocol::Surface::embeddings) {
    seen_tokens_ = static_cast<std::uint32_t>(body.size() / 4);
  }
  const bool drops_citations = pass_ && pass_->drops_citations();
  if (drops_citations) walk_.note("citations of the answer dropped");
  // What was noted of the answer came after the headers were made.
  if (drops_citations || checked() != nullptr)
    headers = decision_headers(walk_, target_) + headers.substr(own);
  const bool sent = co_await walk_.exchange.respond(200, headers, answer);
  if (!sent) interrupted(Wake::gone, {});
}

Result<protocol::Answer> Attempt::read_answer_body(std::string_view body) {
  if (pass_) {
    if (Result<void> read = pass_->read_whole(body); !read) return std::unexpected(read.error());
    return pass_->answer();
  }
  if (upstream_ == protocol::Surface::embeddings) return protocol::read_embeddings(body);
  Result<protocol::Answer> answer = walk_.worker.answers.read(body);
  if (gatherer_ && answer && (answer->reasoning || answer->tool_calls != 0 || gatherer_->checked()))
    (void)gatherer_->read_whole(body);
  return answer;
}

void Attempt::judge_whole(std::string_view body) {
  if (walk_.committed) {
    fail_with(ledger::Outcome::provider_error,
              {ErrorCode::unavailable, "the provider answered without streaming", {}},
              kProviderFailed);
    return;
  }
  Result<protocol::Answer> answer = read_answer_body(body);
  if (!answer) {
    // Not the reader's own error code: to the client it would say that its request was invalid.
    fail_with(ledger::Outcome::failed_in_answer,
              {ErrorCode::unavailable, std::move(answer.error().message), {}}, kProviderFailed);
    return;
  }
  whole_ = std::make_unique<WholeAnswer>(Recycled{}, std::move(*answer));
  switch (protocol::ending(*whole_)) {
    case protocol::Ending::complete:
      judge_form();
      return;
    case protocol::Ending::truncated:
      return;
    case protocol::Ending::empty:
      fail_with(ledger::Outcome::failed_in_answer,
                {ErrorCode::unavailable, "the provider gave an empty answer", {}},
                {.retryable = true, .provider_at_fault = false, .try_fallback = true});
      return;
    case protocol::Ending::failed:
      fail_with(ledger::Outcome::failed_in_answer,
                {ErrorCode::unavailable,
                 fmt::format("the provider ended its answer with finish_reason \"{}\"",
                             protocol::name(whole_->finish)),
                 {}},
                kProviderFailed);
      return;
    case protocol::Ending::error: {
      const auto error = protocol::read_error(200, whole_->error);
      fail_with(ledger::Outcome::failed_in_answer, {ErrorCode::unavailable, error.message, {}},
                protocol::policy(error.error_class));
      return;
    }
  }
}

}  // namespace tidegate::gateway
