// What TaskAttempt does for each of its requests: money, the intent, who makes it, and its end.
#include <fmt/format.h>

#include "base/hash.h"
#include "engine/fault_point.h"
#include "engine/task_attempt.h"

namespace tidegate::engine {
namespace {

using workflow::ErrorClass;

constexpr const char* kHelperLost =
    "the process that made its request was not heard of for longer than its lease";

}  // namespace

// Waits until some request of the run is settled.
struct TaskAttempt::MoneyTurn {
  Budget& whole;
  [[nodiscard]] bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) const {
    whole.waiting.push_back(coroutine);
  }
  void await_resume() const {}
};

void TaskAttempt::write_end() {
  if (end_) journal().append(std::move(*end_));
  end_.reset();
}

// Money for the worst case, or why there is none.
Task<std::optional<Failure>> TaskAttempt::reserve(Tokens prompt, NanoDollars& reserved) {
  const workflow::ModelChoice& model = definition_.settings->model;
  std::string unknown;
  const auto worst =
      runner_.services_.pricing.worst_case(model.model, prompt, model.max_tokens, now(), unknown);
  if (!worst) {
    co_return final_failure(
        fmt::format("the price of {} is not known, so it is not asked: give it one under `models` "
                    "of the configuration (0 if it costs nothing)",
                    unknown));
  }
  Budget& budget = runner_.budget_of(unit_.task);
  for (;;) {
    if (cancel_.canceled() || runner_.stopping_ || runner_.pausing_ || runner_.ended_) {
      co_return cancelled_failure();
    }
    if (budget.reserve(*worst)) break;
    const Budget* const full = budget.too_small_for(*worst);
    if (full == nullptr) {
      MoneyTurn turn{budget.whole()};
      co_await turn;
      continue;
    }
    if (runner_.task_budgets_.contains(unit_.task) &&
        full == runner_.task_budgets_.at(unit_.task).get()) {
      co_return final_failure(fmt::format(
          "the budget of {} ({}, of which {} are spent) cannot hold a request that may cost {}",
          full->name(), format_usd(*full->limit()), format_usd(full->spent()), format_usd(*worst)));
    }
    runner_.budget_exceeded(*full, *worst);
    co_return cancelled_failure();
  }
  reserved = *worst;
  co_return std::nullopt;
}

Task<AskResult> TaskAttempt::send(std::string purpose, std::string body, Tokens prompt) {
  write_end();
  const workflow::Guards& guards = definition_.settings->guards;
  if (guards.tokens != 0 && work_.tokens >= guards.tokens) {
    co_return std::unexpected(final_failure(fmt::format(
        "it has used {} tokens, its limit is {} (limits.tokens)", work_.tokens, guards.tokens)));
  }
  Request request{.purpose = std::move(purpose), .body = std::move(body), .prompt = prompt};
  if (!take_over(request)) {
    if (work_.given) {
      runner_.write_off(unit_);
      if (runner_.must_not_repeat(unit_)) co_return std::unexpected(final_failure(kUnknownEnd));
    }
    std::optional<Failure> refused = co_await begin(request);
    if (refused) co_return std::unexpected(std::move(*refused));
  }
  asked_ = true;
  AskResult result = std::unexpected(cancelled_failure());
  Giving::Fate fate = Giving::Fate::taken_back;
  if (request.given) fate = co_await wait_for_other(request, result);
  if (fate == Giving::Fate::left) co_return std::unexpected(cancelled_failure());
  if (fate == Giving::Fate::taken_back && !cancel_.canceled()) result = co_await make(request);
  settle(result, request);
  co_return result;
}

// A request that another process was given before this one had the run, if it is the very same.
bool TaskAttempt::take_over(Request& request) {
  if (!work_.given || runner_.services_.giving == nullptr ||
      work_.given->request_hash != hash_bytes(request.body)) {
    return false;
  }
  request.reserved = work_.given->reserved;
  request.sent = work_.given->sent;
  request.given = true;
  work_.given.reset();
  return true;
}

// What others shall send; null: nothing. An offer is written down, so what is secret stays here.
Bytes TaskAttempt::what_to_give(const Request& request) const {
  const Giving* const giving = runner_.services_.giving;
  if (giving == nullptr || !giving->shall_give()) return nullptr;
  Bytes body = std::make_shared<const std::string>(request.body);
  return redacted(body) == body ? body : nullptr;
}

// Money, and the intent; or why there is no request.
Task<std::optional<Failure>> TaskAttempt::begin(Request& request) {
  std::optional<Failure> refused = co_await reserve(request.prompt, request.reserved);
  if (refused) co_return refused;
  if (request.purpose.empty()) ++work_.tries;
  ++work_.attempts;
  ++runner_.counts_.requests;
  request.sent = now();
  Bytes to_give = what_to_give(request);
  request.given = to_give != nullptr;
  BeginAttempt intent{.run = run_id(),
                      .task = number_,
                      .number = work_.attempts,
                      .purpose = request.purpose,
                      .model = definition_.settings->model.model,
                      .request_hash = hash_bytes(request.body),
                      .sent = request.sent,
                      .reserved = request.reserved};
  if (request.given) {
    const workflow::Timeouts& limits = definition_.settings->timeouts;
    journal().append_both(std::move(intent), AddOffer{.run = run_id(),
                                                      .task = number_,
                                                      .number = work_.attempts,
                                                      .owner = runner_.services_.giving->owner(),
                                                      .role = std::string(role()),
                                                      .body = std::move(to_give),
                                                      .queue = limits.queue,
                                                      .idle = limits.idle,
                                                      .total = limits.total,
                                                      .at = request.sent});
  } else {
    journal().append(std::move(intent));
  }
  pass(FaultPoint::intent_appended);
  const Result<void> durable = co_await journal().durable();
  if (durable) co_return std::nullopt;
  runner_.budget_of(unit_.task).settle(request.reserved, {});
  runner_.journal_lost(durable.error());
  co_return cancelled_failure();
}

std::string_view TaskAttempt::role() const {
  if (definition_.role == workflow::kNoRole) return {};
  return workflow().roles[definition_.role].name;
}

Task<AskResult> TaskAttempt::make(Request& request) {
  const TimePoint from = runner_.services_.loop.now();
  const workflow::Timeouts& limits = definition_.settings->timeouts;
  const Giving::Own own(runner_.services_.giving);
  Question question{.run = run_id(),
                    .role = role(),
                    .body = std::move(request.body),
                    .queue = limits.queue,
                    .idle = limits.idle,
                    .until = limits.total == Duration{} ? kNever : from + limits.total,
                    .cancel = &cancel_};
  co_return co_await runner_.services_.models.ask(std::move(question));
}

// What came of a request that another process was given.
Task<Giving::Fate> TaskAttempt::wait_for_other(Request& request, AskResult& result) {
  const OfferKey key{run_id(), number_, work_.attempts};
  const Duration limit = definition_.settings->timeouts.total;
  Giving& giving = *runner_.services_.giving;
  auto waiting = giving.answer(key, limit, cancel_, runner_.ended_);
  Giving::End end = co_await waiting;
  request.made_by = std::move(end.helper);
  if (end.fate == Giving::Fate::answered) result = std::move(end.result);
  if (end.fate == Giving::Fate::lost) {
    Failure failure{.error = {ErrorCode::unavailable, kHelperLost, {}}};
    failure.orphaned = true;
    failure.cancelled = cancel_.canceled();
    result = std::unexpected(std::move(failure));
  }
  co_return end.fate;
}

void TaskAttempt::settle(const AskResult& result, const Request& request) {
  EndAttempt end{.run = run_id(), .task = number_, .number = work_.attempts};
  end.done = now();
  end.state = result ? AttemptState::done : AttemptState::failed;
  end.offered = request.given;
  end.made_by = request.made_by;
  const auto& model = result ? result->model : result.error().model;
  end.model = model;
  end.provider = result ? result->provider : result.error().provider;
  end.request_id = result ? result->request_id : result.error().request_id;
  if (result) end.first_byte = result->first_byte;
  std::optional<Usage> usage = result ? result->usage : result.error().usage;
  if (!result) {
    const Failure& failure = result.error();
    end.error_class = failure.cancelled ? "cancelled" : name(failure.error_class);
    end.error = failure.error.message;
    runner_.redact(end.error);
    if (failure.orphaned) {
      ++work_.orphans;
      end.state = AttemptState::orphaned;
      end.cost = request.reserved;
      end.cost_kind = CostKind::unknown;
    }
    // A model that was at work bills its prompt and what it wrote, whoever broke off.
    const bool at_work = failure.sent && !model.empty() &&
                         (failure.error_class == ErrorClass::transport ||
                          failure.error_class == ErrorClass::timeout || failure.cancelled);
    if (!usage && (failure.begun || at_work)) {
      usage = Usage{.prompt = request.prompt, .completion = failure.begun.value_or(0)};
      end.cost_kind = CostKind::estimated;
    }
  } else if (!usage) {
    usage = Usage{.prompt = request.prompt, .completion = estimated_completion(*result)};
    end.cost_kind = CostKind::estimated;
  }
  if (usage) {
    end.usage = *usage;
    const std::string& asked = definition_.settings->model.model;
    if (auto cost =
            runner_.services_.pricing.cost(model.empty() ? asked : model, *usage, request.sent)) {
      end.cost = cost->amount;
      end.saved_by_cache = cost->saved_by_cache;
      end.saved_by_window = cost->saved_by_window;
      end.price_epoch = std::move(cost->price_epoch);
      end.peak = cost->peak;
    } else {
      // Nobody knows; what was held for it is the most that it can have been.
      end.cost = request.reserved;
      end.cost_kind = CostKind::unknown;
    }
    work_.tokens += usage->prompt + usage->completion;
    runner_.counts_.prompt += usage->prompt;
    runner_.counts_.cached += usage->cached;
    runner_.counts_.completion += usage->completion;
  }
  work_.cost += end.cost;
  runner_.budget_of(unit_.task).settle(request.reserved, end.cost);
  runner_.wake_waiting_for_money();
  end_ = std::move(end);
}

}  // namespace tidegate::engine
