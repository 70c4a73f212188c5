#include "gateway/admit.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/known.h"
#include "tidegate/acquire.h"

namespace tidegate::gateway {
namespace {

// What is reserved for an answer whose length nobody knows yet; more is a debt of the limit.
constexpr Tokens kUnknownAnswer = 4096;
// A slice of a shared limit was fetched sooner than this: nobody was held up.
constexpr Duration kWorthSaying = 20ms;
// For limits that only an ending request frees.
constexpr Duration kShortly = 1s;

Demand estimate(const Walk& walk, const routing::Target& target) {
  const workload::Workload& workload = walk.understood.workload;
  const Tokens learned = walk.snapshot->runtime(target).output->tokens();
  const Tokens likely = learned == 0 ? kUnknownAnswer : learned;
  const Tokens most = smaller_known(smaller_known(workload.max_tokens, target.max_tokens),
                                    target.model->max_output);
  return {.input = workload.context_tokens, .output = smaller_known(likely, most)};
}

// "key.tokens_per_minute"
std::string name_of(const Walk& walk, const limits::Chain& chain, const Refusal& refusal) {
  const limits::Rule* rule = chain.rules()[refusal.limiter];
  const Bound bound = refusal.bound;
  if (rule == nullptr && &chain == &walk.limited->request_chain) {
    return fmt::format("own.{}", name(bound));
  }
  if (rule == nullptr) return "provider.adaptive";
  return fmt::format("{}.{}", config::name(rule->limit.scope), name(bound));
}

AttemptEnd refused(Walk& walk, const limits::Chain& chain, const Refusal& refusal) {
  const limits::Rule* rule = chain.rules()[refusal.limiter];
  walk.limited->held_up_by = name_of(walk, chain, refusal);
  if (rule != nullptr) walk.worker.cells.add(rule->metrics.refused);
  Error error = refusal.error();
  error.message = fmt::format("{}: {}", walk.limited->held_up_by, error.message);
  error.field.clear();  // no field of the request is at fault
  AttemptEnd end =
      AttemptEnd::failed(ledger::Outcome::unreachable, std::move(error), {.try_fallback = true});
  if (!refusal.never) {
    end.failure->retry_after = refusal.retry_after == Duration{} ? kShortly : refusal.retry_after;
  }
  return end;
}

// Ends the wait on the client's socket, from any thread; does nothing once that is over.
class Sleeper : public std::enable_shared_from_this<Sleeper> {
 public:
  explicit Sleeper(Socket& client) : client_(client) {}
  void wake() {
    client_loop_.post([self = shared_from_this()] {
      if (self->asleep_) self->client_.cancel();
    });
  }
  // From the loop's thread.
  void asleep(bool is) { asleep_ = is; }

 private:
  Socket& client_;  // only while asleep
  Loop& client_loop_ = client_.loop();
  bool asleep_ = false;
};

// A coroutine that is destroyed while it waits is not to be woken.
class Asleep {
 public:
  explicit Asleep(Sleeper& sleeper) : sleeper_(sleeper) { sleeper_.asleep(true); }
  ~Asleep() { sleeper_.asleep(false); }
  Asleep(const Asleep&) = delete;
  Asleep& operator=(const Asleep&) = delete;

 private:
  Sleeper& sleeper_;
};

void passed(Walk& walk, const limits::Chain& chain, TimePoint since, const Refusal& last) {
  if (last.pending && walk.worker.loop.now() - since < kWorthSaying) return;
  const limits::Rule* rule = chain.rules()[last.limiter];
  if (rule != nullptr) walk.worker.cells.add(rule->metrics.waited);
  const Duration waited = walk.worker.loop.now() - since;
  walk.limited->queued += waited;
  walk.limited->held_up_by = name_of(walk, chain, last);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(waited).count();
  walk.note(fmt::format("waited {} ms for {}", ms, walk.limited->held_up_by));
}

TimePoint queue_deadline(const Walk& walk) {
  return std::min(walk.deadline, walk.started + walk.limited->rules->queue_time());
}

// In line, until `deadline` or until the client leaves. `first`: why it has to wait.
Task<AttemptEnd> wait_in_line(Walk& walk, const limits::Chain& chain, Demand demand, Refusal first,
                              Reservation& out, TimePoint deadline) {
  Loop& loop = walk.worker.loop;
  const TimePoint since = loop.now();
  if (first.never || (since >= deadline && !first.pending)) co_return refused(walk, chain, first);
  const auto sleeper = std::make_shared<Sleeper>(walk.exchange.client());
  Turn turn(chain.limiters(), demand, deadline, walk.understood.priority,
            [sleeper] { sleeper->wake(); });
  for (;;) {
    Turn::Look look = turn.look(loop.now());
    if (look.end && *look.end) {
      out = std::move(**look.end);
      passed(walk, chain, since, first);
      co_return AttemptEnd{};
    }
    if (look.end) {
      walk.limited->queued += loop.now() - since;
      co_return refused(walk, chain, look.end->error());
    }
    const Asleep asleep(*sleeper);
    const Wake wake = co_await walk.exchange.client().until_gone(look.again);
    if (wake == Wake::gone) {
      walk.limited->queued += loop.now() - since;
      co_return AttemptEnd{ledger::Outcome::client_gone, nullptr};
    }
  }
}

// Reserves at once, or says why not.
std::optional<Refusal> take(Walk& walk, const limits::Chain& chain, const Demand& demand,
                            Reservation& out) {
  auto got =
      acquire_all(chain.limiters(), demand, walk.worker.loop.now(), walk.understood.priority);
  if (!got) return got.error();
  out = std::move(*got);
  return std::nullopt;
}

bool has_own_limits(const Caller& caller) {
  return caller.key != nullptr && caller.key->own->limited();
}

void note_sharing(Walk& walk) {
  const sharing::Sharing& sharing = *walk.worker.shared.sharing;
  if (sharing.connected()) return;
  walk.note(fmt::format("shared limits away: 1/{} of each", sharing.gateways()));
}

void count(Walk& walk, const limits::Chain& chain, const Demand& used) {
  for (const limits::Rule* rule : chain.rules()) {
    if (rule == nullptr) continue;
    telemetry::Cells& cells = walk.worker.cells;
    cells.add(rule->metrics.requests);
    cells.add(rule->metrics.input_tokens, static_cast<std::uint64_t>(used.input));
    cells.add(rule->metrics.output_tokens, static_cast<std::uint64_t>(used.output));
  }
}

}  // namespace

std::optional<Refusal> admit_request(Walk& walk) {
  if (walk.snapshot->limits == nullptr && !has_own_limits(walk.caller)) return std::nullopt;
  walk.limited = std::make_unique_for_overwrite<Limited>();
  if (walk.worker.shared.sharing != nullptr) note_sharing(walk);
  Limited& limited = *walk.limited;
  limited.rules = (walk.snapshot->limits ? walk.snapshot->limits : walk.snapshot->no_limits).get();
  const limits::Limits& limits = *limited.rules;
  const Understanding& understood = walk.understood;
  limits::Subject subject;
  if (walk.caller.key != nullptr) {
    subject.tenant = walk.caller.key->tenant;
    subject.key = walk.caller.key->name;  // of one key at a time
  } else if (limits.has(config::LimitScope::key)) {
    subject.key = walk.worker.memos.owners.of(walk.caller, walk.exchange.head().headers);
  }
  if (understood.profile != nullptr) subject.client = understood.profile->name;
  subject.route = route_name(understood.decision);
  limits.add_of_request(limited.request_chain, subject);
  if (has_own_limits(walk.caller)) {
    limited.request_chain.add(walk.worker.shared.own_limits->of(*walk.caller.key), nullptr);
  }
  return take(walk, limited.request_chain, estimate(walk, *understood.decision.targets().front()),
              limited.of_request);
}

Task<AttemptEnd> wait_to_be_admitted(Walk& walk, Refusal first) {
  Limited& limited = *walk.limited;
  const Demand demand = estimate(walk, *walk.understood.decision.targets().front());
  AttemptEnd end = co_await wait_in_line(walk, limited.request_chain, demand, first,
                                         limited.of_request, queue_deadline(walk));
  co_return std::move(end);
}

std::optional<AttemptEnd> admit_attempt(Walk& walk, const routing::Target& target) {
  Limited& limited = *walk.limited;
  if (std::exchange(limited.reserved_for, nullptr) == &target) return std::nullopt;
  limited.of_attempt.cancel();
  limited.target_chain = &walk.snapshot->runtime(target).limits;
  const std::optional<Refusal> refusal =
      take(walk, *limited.target_chain, estimate(walk, target), limited.of_attempt);
  if (!refusal) return std::nullopt;
  if (refusal->pending) {
    limited.awaits = refusal;
    return std::nullopt;
  }
  if (!refusal->never && limited.at_limit == nullptr) limited.at_limit = &target;
  AttemptEnd end = refused(walk, *limited.target_chain, *refusal);
  walk.note(fmt::format("{} is at its limit", target.model->id));
  return end;
}

Task<std::optional<AttemptEnd>> wait_for_slice(Walk& walk, const routing::Target& target) {
  Limited& limited = *walk.limited;
  const Refusal first = *std::exchange(limited.awaits, std::nullopt);
  const Demand demand = estimate(walk, target);
  // Only until it is known whether there is something; another target may be free.
  const TimePoint deadline = walk.worker.loop.now();
  AttemptEnd end = co_await wait_in_line(walk, *limited.target_chain, demand, first,
                                         limited.of_attempt, deadline);
  if (end.outcome == ledger::Outcome::ok) co_return std::nullopt;
  if (end.failure == nullptr) {
    walk.outcome = end.outcome;
  } else {
    if (end.failure->retry_after && limited.at_limit == nullptr) limited.at_limit = &target;
    walk.note(fmt::format("{} is at its limit", target.model->id));
  }
  co_return std::move(end);
}

Task<AttemptEnd> wait_for_target(Walk& walk, const routing::Target& target) {
  Limited& limited = *walk.limited;
  limited.target_chain = &walk.snapshot->runtime(target).limits;
  const Demand demand = estimate(walk, target);
  const std::optional<Refusal> refusal =
      take(walk, *limited.target_chain, demand, limited.of_attempt);
  AttemptEnd end;
  if (refusal) {
    end = co_await wait_in_line(walk, *limited.target_chain, demand, *refusal, limited.of_attempt,
                                queue_deadline(walk));
  }
  if (end.outcome == ledger::Outcome::ok) limited.reserved_for = &target;
  co_return end;
}

void settle_attempt(Walk& walk, const Usage& usage) {
  Limited& limited = *walk.limited;
  const Demand used{.input = usage.prompt, .output = usage.completion};
  limited.used.input += used.input;
  limited.used.output += used.output;
  limited.of_attempt.settle(used);
  count(walk, *limited.target_chain, used);
}

void settle_request(Walk& walk) {
  Limited& limited = *walk.limited;
  limited.of_attempt.cancel();
  if (walk.attempts == 0) return limited.of_request.cancel();
  limited.of_request.settle(limited.used);
  count(walk, limited.request_chain, limited.used);
}

}  // namespace tidegate::gateway
