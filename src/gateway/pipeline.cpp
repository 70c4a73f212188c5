#include "gateway/pipeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"
#include "gateway/admit.h"
#include "gateway/afford.h"
#include "gateway/answer_headers.h"
#include "gateway/attempt.h"
#include "gateway/fit.h"
#include "gateway/news.h"
#include "gateway/request_line.h"
#include "gateway/understand.h"
#include "routing/retry.h"
#include "translation/error_answer.h"

namespace tidegate::gateway {
namespace {

constexpr std::string_view kJson = "Content-Type: application/json\r\n";
// The official SDKs repeat a 429 unless they are told that it is of no use.
constexpr std::string_view kNoRetry = "x-should-retry: false\r\n";

// Whether to try the same target again, and after how long.
std::optional<Duration> retry_delay(Walk& walk, const Failure& failure, int attempts_here) {
  const config::Retry& retry = walk.snapshot->config.retry;
  if (!failure.policy.retryable || attempts_here >= retry.attempts) return std::nullopt;
  const Duration asked = failure.retry_after.value_or(Duration{});
  const Duration delay =
      routing::retry_delay(attempts_here, retry.base, retry.max, random_u64(), asked);
  // A provider that asks for more patience than we have is left for a fallback or for the client,
  // who gets to see its Retry-After.
  const TimePoint now = walk.worker.loop.now();
  if (asked > retry.max || now + delay >= walk.deadline) return std::nullopt;
  if (!walk.snapshot->retry_budget->try_retry(now)) {
    walk.note("retry budget used up");
    return std::nullopt;
  }
  return delay;
}

void note_health(Walk& walk, const routing::Target& target,
                 const routing::BreakerAdmission& admission, const AttemptEnd& end) {
  routing::Breaker& breaker = walk.snapshot->breaker(target);
  if (end.failure == nullptr) {
    breaker.succeeded(admission);
  } else if (end.failure->policy.provider_at_fault) {
    const Duration open = breaker.failed(admission, walk.worker.loop.now());
    SharedState& shared = walk.worker.shared;
    if (open != Duration{} && shared.sharing != nullptr) {
      tell_of_breaker(*shared.sharing, walk.snapshot->runtime(target).maker,
                      walk.worker.loop.wall() + open);
    }
  } else {
    breaker.ignored(admission);
  }
}

// For a target that cannot be asked at all.
AttemptEnd not_asked(ErrorCode code, std::string message) {
  return AttemptEnd::failed(ledger::Outcome::unreachable, {code, std::move(message), {}},
                            {.retryable = false, .provider_at_fault = false, .try_fallback = true});
}

// A provider whose key was never given is not asked: the client is told what is missing.
std::optional<AttemptEnd> missing_key(const config::Provider& provider) {
  if (!provider.key_required || !provider.api_key.empty()) return std::nullopt;
  const bool named = !provider.api_key_variable.empty();
  return not_asked(ErrorCode::unauthorized,
                   fmt::format("there is no key for the provider {}: set {}", provider.name,
                               named ? provider.api_key_variable : "its api_key"));
}

AttemptEnd resting(Walk& walk, const routing::Target& target, Duration retry_after) {
  walk.note(fmt::format("{} is resting after failures", target.model->id));
  AttemptEnd end = not_asked(ErrorCode::unavailable,
                             fmt::format("{} at {} failed repeatedly and is not asked for a while",
                                         target.model->id, target.model->provider));
  end.failure->retry_after = retry_after;
  return end;
}

// Finds a provider's own limit from what it answers.
void note_throttling(const Walk& walk, const routing::Target& target, const AttemptEnd& end) {
  limits::AdaptiveLimit* adaptive = walk.snapshot->runtime(target).adaptive.get();
  if (adaptive == nullptr) return;
  if (end.failure == nullptr) {
    adaptive->succeeded();
  } else if (end.failure->throttled) {
    adaptive->throttled(walk.worker.loop.now());
  }
}

// The attempts at one target. Ends when the client is answered or gone, or the target is used up.
Task<AttemptEnd> try_target(Walk& walk, const routing::Target& target) {
  Loop& loop = walk.worker.loop;
  if (auto missing = missing_key(walk.snapshot->config.providers[target.provider])) {
    co_return std::move(*missing);
  }
  routing::Breaker& breaker = walk.snapshot->breaker(target);
  AttemptEnd end;
  for (int attempts = 1;; ++attempts) {
    const routing::BreakerAdmission admission = breaker.admit(loop.now());
    if (!admission.allowed) {
      if (attempts == 1) end = resting(walk, target, admission.retry_after);
      co_return std::move(end);
    }
    if (walk.limited != nullptr) {
      std::optional<AttemptEnd> refused = admit_attempt(walk, target);
      if (walk.limited->awaits) refused = co_await wait_for_slice(walk, target);
      if (refused) {
        breaker.ignored(admission);
        if (attempts == 1 || refused->failure == nullptr) end = std::move(*refused);
        co_return std::move(end);
      }
    }
    if (walk.budgeted != nullptr) {
      std::optional<AttemptEnd> refused = afford(walk, target);
      if (walk.budgeted->awaits) refused = co_await wait_for_money(walk, target);
      if (refused) {
        breaker.ignored(admission);
        if (attempts == 1 || refused->failure == nullptr) end = std::move(*refused);
        co_return std::move(end);
      }
    }
    {
      Attempt attempt(walk, target);
      end = co_await attempt.run();
    }
    if (walk.limited != nullptr) note_throttling(walk, target, end);
    note_health(walk, target, admission, end);
    if (walk.answered || end.outcome == ledger::Outcome::client_gone) co_return std::move(end);
    const std::optional<Duration> delay = retry_delay(walk, *end.failure, attempts);
    if (!delay) co_return std::move(end);
    const TimePoint until = loop.now() + *delay;
    const Wake wake = co_await walk.exchange.client().until_gone(until);
    if (wake != Wake::timed_out) {
      end.outcome = walk.outcome = ledger::Outcome::client_gone;
      co_return std::move(end);
    }
  }
}

// Tells the client that nothing worked, in the best words there are.
Task<void> answer_failure(Walk& walk, const Failure& failure) {
  http::Exchange& exchange = walk.exchange;
  walk.error = failure.error.message;
  if (walk.committed) {
    // The head is gone, since the client was kept waiting with pings; the stream carries the error.
    const std::string event = translation::error_event(walk.surface, failure.error);
    (void)exchange.write(event);
    co_await exchange.finish();
    co_return;
  }
  if (walk.spare || failure.held) {
    const HeldAnswer& held = walk.spare ? *walk.spare : *failure.held;
    if (!held.note.empty()) walk.note(held.note);
    walk.status = held.status;
    // Our headers are made now, since they count and note what came after this answer too.
    const std::string headers = decision_headers(walk, *held.target) + held.fields;
    co_await exchange.respond(held.status, headers, held.body);
    co_return;
  }
  walk.status = translation::error_status(walk.surface, failure.error);
  std::string headers =
      walk.target != nullptr ? decision_headers(walk, *walk.target) : request_headers(walk);
  if (failure.retry_after) {
    const auto wait = std::chrono::ceil<std::chrono::seconds>(*failure.retry_after).count();
    headers += fmt::format("retry-after: {}\r\n", wait);
  } else if (failure.error.code == ErrorCode::out_of_budget) {
    headers += kNoRetry;
  }
  co_await answer_error(exchange, walk.worker, walk.surface, failure.error, std::move(headers));
}

// A target that was at its limit is worth waiting for if no other one could be asked.
bool should_wait(const Walk& walk, const Failure& failure) {
  return walk.limited != nullptr && walk.limited->at_limit != nullptr && !failure.held;
}

// Than what came later without a provider's words: what one said, or that the model which was asked
// for cannot be told so, if no other one can either.
bool worth_more(const Failure& earlier, const Failure& later) {
  const auto is_refusal = [](const Failure& failure) {
    return failure.error.code == ErrorCode::invalid;
  };
  return earlier.held || (is_refusal(earlier) && is_refusal(later));
}

Task<void> attempt_all(Walk& walk) {
  walk.snapshot->retry_budget->requested();
  const routing::Decision& decision = walk.understood.decision;
  if (decision.task != 0) {
    SharedState& shared = walk.worker.shared;
    const bool news = shared.affinity.remember(decision.task, decision.route->hash, walk.started);
    if (news && shared.sharing != nullptr) {
      tell_of_route(*shared.sharing, decision.task, decision.route->hash);
    }
  }
  std::unique_ptr<Failure> failure;
  std::span<const routing::Target* const> targets = decision.targets();
  bool waited = false;
  for (std::size_t next = 0;;) {
    const routing::Target& target = *targets[next++];
    Result<void> fitted = fit(walk, target);
    AttemptEnd end;
    if (fitted) {
      end = co_await try_target(walk, target);
    } else {
      end = AttemptEnd::failed(ledger::Outcome::provider_error, std::move(fitted.error()),
                               {.try_fallback = may_fit_elsewhere(walk)});
    }
    if (walk.answered || end.outcome == ledger::Outcome::client_gone) {
      walk.file(true);
      co_return;
    }
    if (end.failure->diverts && divert(walk)) {
      targets = decision.targets();
      next = 0;
      failure.reset();
      continue;
    }
    const bool go_on = end.failure->policy.try_fallback;
    if (failure == nullptr || end.failure->held || !worth_more(*failure, *end.failure)) {
      failure = std::move(end.failure);
    }
    if (go_on && next < targets.size() && walk.worker.loop.now() < walk.deadline) continue;
    if (waited || !should_wait(walk, *failure)) break;
    end = co_await wait_for_target(walk, *walk.limited->at_limit);
    waited = true;
    next = static_cast<std::size_t>(std::ranges::find(targets, walk.limited->at_limit) -
                                    targets.begin());
    failure = std::move(end.failure);
    if (end.outcome == ledger::Outcome::ok) continue;
    walk.outcome = end.outcome;
    break;
  }
  walk.file(true);
  if (failure != nullptr) co_await answer_failure(walk, *failure);
}

// False: the client was told that its limits do not let it in, or is gone.
Task<bool> wait_for_limits(Walk& walk, Refusal first) {
  AttemptEnd end = co_await wait_to_be_admitted(walk, first);
  if (end.outcome == ledger::Outcome::ok) co_return true;
  walk.outcome = end.outcome;
  if (end.failure != nullptr) co_await answer_failure(walk, *end.failure);
  co_return false;
}

void tell(const Walk& walk, WalkEnd& end) {
  end.id = walk.id;
  end.outcome = walk.outcome;
  end.attempts = walk.attempts;
  if (walk.target != nullptr) {
    end.provider = walk.snapshot->config.providers[walk.target->provider].name;
    end.model = walk.target->model->id;
  }
  end.notes = walk.notes;
  if (walk.limited != nullptr) end.queued = walk.limited->queued;
  end.first_byte = walk.first_byte;
}

}  // namespace

Task<void> answer_error(http::Exchange& exchange, WorkerState& worker, protocol::Surface surface,
                        Error error, std::string headers) {
  const int status = translation::error_status(surface, error);
  worker.cells.add(worker.shared.metrics.refused(status));
  headers += kJson;
  const std::string body = translation::error_body(surface, error);
  co_await exchange.respond(status, headers, body);
}

Task<void> serve(http::Exchange& exchange, WorkerState& worker, protocol::Surface surface,
                 Caller caller, WalkEnd* end) {
  Walk walk(exchange, worker, surface, std::move(caller));
  worker.cells.add(worker.shared.metrics.in_flight, 1);
  const Asked asked{surface,         exchange.head().headers, exchange.head().shape,
                    exchange.body(), exchange.received(),     walk.started,
                    walk.caller};
  const Result<void> understood =
      understand(*walk.snapshot, worker.shared, worker.memos, asked, walk.understood);
  if (understood) {
    if (walk.snapshot->config.simulated) walk.note("simulated");
    if (const routing::Target* blind = walk.understood.decision.blind) {
      walk.note(blind->model->id + " left out: it cannot be shown all of this");
    }
    begin_budget(walk);
    const std::optional<Refusal> refusal = admit_request(walk);
    bool admitted = true;
    if (refusal) admitted = co_await wait_for_limits(walk, *refusal);
    if (admitted) co_await attempt_all(walk);
    if (walk.limited != nullptr) settle_request(walk);
  } else {
    walk.error = understood.error().message;
    walk.status = translation::error_status(surface, understood.error());
    std::string headers = request_headers(walk);
    co_await answer_error(exchange, worker, surface, understood.error(), std::move(headers));
  }
  worker.cells.add(worker.shared.metrics.in_flight, -1);
  log_request(walk);
  if (end != nullptr) tell(walk, *end);
}

Task<void> explain_route(http::Exchange& exchange, WorkerState& worker, Caller caller) {
  const std::shared_ptr<const Snapshot> snapshot = worker.snapshot;
  const protocol::Surface surface = protocol::Surface::chat;
  const Asked asked{surface,         exchange.head().headers, exchange.head().shape,
                    exchange.body(), exchange.received(),     worker.loop.now(),
                    caller};
  Understanding understanding;
  const Result<void> understood =
      understand(*snapshot, worker.shared, worker.memos, asked, understanding);
  if (!understood) {
    co_await answer_error(exchange, worker, surface, understood.error(), {});
    co_return;
  }
  const std::string body = explain(*snapshot, understanding);
  co_await exchange.respond(200, kJson, body);
}

}  // namespace tidegate::gateway
