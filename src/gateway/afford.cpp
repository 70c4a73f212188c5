#include "gateway/afford.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/known.h"

namespace tidegate::gateway {
namespace {

using budgets::Refusal;

// The provider's clock may be ahead of ours or behind, so at the edge of a price window the higher
// price is reserved.
constexpr Duration kEdge = 1min;
// A prompt that is this share short of a size from which prices are higher may turn out as large.
constexpr Tokens kTierMargin = 8;  // an eighth
// The answer of a model of which nobody says how much it answers at most.
constexpr Tokens kLongestAnswer = 131'072;
constexpr Duration kShortly = 1s;
// What is asked of those who share a budget is answered within a round trip; or not at all, and
// then there is our share, after a moment (sharing/link.h, purse.h).
constexpr Duration kPatience = 600ms, kLookAgain = 2ms;
// The official SDKs wait no longer than that for a retry.
constexpr Duration kSoon = 60s;

Tokens longest_answer(const Walk& walk, const routing::Target& target) {
  if (walk.surface == protocol::Surface::embeddings) return 0;
  const catalog::Model& model = *target.model;
  Tokens most = smaller_known(walk.understood.workload.max_tokens, target.max_tokens);
  most = smaller_known(smaller_known(most, model.max_output), model.context);
  if (most == 0) most = kLongestAnswer;
  return most * walk.understood.workload.choices;
}

// Nothing of the prompt is cached, or all of it is written to the cache, whichever is dearer.
std::optional<NanoDollars> dearest(const catalog::Price& price, Tokens prompt, Tokens answer) {
  Usage usage{.prompt = prompt, .completion = answer};
  if (price.cache_write && price.input && *price.cache_write > *price.input) {
    usage.cache_write = prompt;
  }
  return catalog::cost(price, usage);
}

std::optional<NanoDollars> worst_cost(const Walk& walk, const routing::Target& target,
                                      WallTime at) {
  const Tokens prompt = walk.understood.workload.context_tokens;
  const Tokens answer = longest_answer(walk, target);
  std::optional<NanoDollars> worst;
  const catalog::Price* last = nullptr;
  // Windows are longer than the two edges together.
  for (const WallTime moment : {at - kEdge, at + kEdge}) {
    const catalog::Quote quote =
        walk.snapshot->catalog.quote(*target.model, moment, prompt + prompt / kTierMargin);
    if (quote.price == nullptr) return std::nullopt;
    if (quote.price == last) continue;
    last = quote.price;
    const std::optional<NanoDollars> cost = dearest(*quote.price, prompt, answer);
    if (!cost) return std::nullopt;
    worst = std::max(worst.value_or(NanoDollars{}), *cost);
  }
  return worst;
}

budgets::Spender spender_of(const Walk& walk, const routing::Target& target) {
  const Understanding& understood = walk.understood;
  budgets::Spender who{.tenant = walk.caller.tenant(),
                       .key = walk.caller.key_id(),
                       .client = understood.client,
                       .route = route_name(understood.decision),
                       .provider = target.model->provider,
                       .model = target.model->id,
                       .task = understood.task};
  who.add(walk.caller.key);
  return who;
}

// When it is worth asking again; absent: not soon.
std::optional<Duration> retry_after(const Refusal& refusal, WallTime now) {
  if (refusal.why == Refusal::Why::reserved) return kShortly;
  if (refusal.why != Refusal::Why::exhausted || !refusal.period.has_end()) return std::nullopt;
  const Duration wait = refusal.period.end - now;
  const bool fits_then = refusal.asked <= refusal.limit;
  return fits_then && wait <= kSoon ? std::optional(wait) : std::nullopt;
}

}  // namespace

void begin_budget(Walk& walk) {
  const limits::KeyEntry* key = walk.caller.key;
  if (!walk.snapshot->budgets->any() && (key == nullptr || key->own->caps.empty())) return;
  walk.budgeted = std::make_unique_for_overwrite<Budgeted>();
  const sharing::Sharing* sharing = walk.worker.shared.sharing.get();
  if (sharing == nullptr || sharing->connected()) return;
  walk.note(fmt::format("shared budgets away: 1/{} of what was left", sharing->gateways()));
}

std::optional<AttemptEnd> afford(Walk& walk, const routing::Target& target) {
  Budgeted& budgeted = *walk.budgeted;
  budgeted.awaits = false;
  // The attempt begins in this turn of the loop, with this reading of the clock.
  const WallTime now = walk.worker.loop.wall();
  auto charge = walk.snapshot->budgets->reserve(
      spender_of(walk, target), worst_cost(walk, target, now), now, budgeted.diverted);
  if (charge) {
    budgeted.charge = std::move(*charge);
    return std::nullopt;
  }
  const Refusal& refusal = charge.error();
  budgeted.awaits = refusal.awaits && !budgeted.waited;
  if (budgeted.awaits) return std::nullopt;
  const budgets::Rule& rule = *refusal.rule;
  budgeted.divert_by = rule.budget.on_exhausted == config::OnExhausted::downgrade ? &rule : nullptr;
  const bool diverts = budgeted.divert_by != nullptr;
  (diverts ? rule.counters->diverted : rule.counters->refused).fetch_add(1);
  AttemptEnd end =
      AttemptEnd::failed(ledger::Outcome::unreachable, refusal.error(), {.try_fallback = false});
  end.failure->retry_after = retry_after(refusal, now);
  end.failure->diverts = diverts;
  return end;
}

Task<std::optional<AttemptEnd>> wait_for_money(Walk& walk, const routing::Target& target) {
  Budgeted& budgeted = *walk.budgeted;
  Loop& loop = walk.worker.loop;
  const TimePoint end = loop.now() + kPatience;
  std::optional<AttemptEnd> refused;
  while (budgeted.awaits) {
    const TimePoint until = loop.now() + kLookAgain;
    const Wake wake = co_await walk.exchange.client().until_gone(until);
    if (wake != Wake::timed_out) {
      AttemptEnd gone;
      gone.outcome = walk.outcome = ledger::Outcome::client_gone;
      co_return std::move(gone);
    }
    budgeted.waited = loop.now() >= end;
    refused = afford(walk, target);
  }
  budgeted.waited = false;
  co_return std::move(refused);
}

bool divert(Walk& walk) {
  const budgets::Rule& rule = *walk.budgeted->divert_by;
  const std::string name =
      fmt::format("{}.{}", config::name(rule.budget.scope), config::name(rule.budget.per));
  routing::Query query;
  query.workload = walk.understood.workload;
  query.forced_route = rule.budget.downgrade_to;
  query.permit = walk.caller.permit();
  auto decided = routing::decide(walk.snapshot->table, nullptr, query);
  if (!decided) {
    walk.note(fmt::format("the route {} of the budget {} cannot take it", rule.budget.downgrade_to,
                          name));
    return false;
  }
  decided->reason = {};
  decided->reason.add("budget ").add(name).add(" is used up: route ").add(rule.budget.downgrade_to);
  walk.understood.decision = *decided;
  walk.budgeted->diverted = true;
  walk.note(fmt::format("budget {}: sent to {}", name, rule.budget.downgrade_to));
  return true;
}

void settle_charge(Walk& walk, const std::optional<NanoDollars>& cost) {
  walk.budgeted->charge.settle(cost.value_or(NanoDollars{}), walk.worker.loop.wall());
}

void Walk::count_late(const ledger::UsageRecord& attempt) const {
  if (!attempt.cost || attempt.cost->value == 0) return;
  budgets::Spender who{.tenant = attempt.tenant,
                       .key = attempt.key,
                       .client = attempt.client,
                       .route = attempt.route,
                       .provider = attempt.provider,
                       .model = attempt.model,
                       .task = attempt.task};
  who.add(caller.key);
  const auto request = attempt.request.text();
  snapshot->budgets->count_late(who, {request.data(), request.size()}, attempt.attempt,
                                *attempt.cost, attempt.started, worker.loop.wall());
}

}  // namespace tidegate::gateway
