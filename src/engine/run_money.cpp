// What a runner does when a budget is full, warned of, or changed.
#include <fmt/format.h>

#include <utility>

#include "engine/runner.h"
#include "json/writer.h"

namespace tidegate::engine {

using workflow::OnExceed;

void Runner::wake_waiting_for_money() {
  warn_of_budget();
  Budget& whole = budget_.whole();
  if (whole.waiting.empty()) return;
  services_.loop.post([waiting = std::exchange(whole.waiting, {})] {
    for (const std::coroutine_handle<> each : waiting) each.resume();
  });
}

void Runner::budget_exceeded(const Budget& budget, NanoDollars amount) {
  std::string reason = fmt::format(
      "the budget of {} ({}, of which {} are spent) cannot hold the next request, which may cost "
      "{}",
      budget.name(), format_usd(budget.limit().value_or(NanoDollars{})), format_usd(budget.spent()),
      format_usd(amount));
  switch (start_.workflow->budget.on_exceed) {
    case OnExceed::pause:
      if (!pausing_) reason_ = std::move(reason);
      pausing_ = true;
      wake_waiting_for_money();
      break;
    case OnExceed::stop:
      stop(RunState::failed, std::move(reason));
      break;
    case OnExceed::finish_running:
      // As stop(), but what is in flight goes on.
      if (!stopping_) reason_ = std::move(reason);
      stopping_ = true;
      stop_state_ = RunState::failed;
      wake_waiting_for_money();
      break;
  }
}

void Runner::warn_of_budget() {
  if (!budget_.limit()) return;
  const auto& shares = start_.workflow->budget.warn_at;
  while (warned_ < shares.size() &&
         static_cast<double>(budget_.spent().value) >=
             shares[warned_] * static_cast<double>(budget_.limit()->value)) {
    std::string body;
    json::Writer json(body);
    json.begin_object().member("share", shares[warned_]);
    json.member("spent_nano_usd", budget_.spent().value).end_object();
    services_.journal.append(
        AddEvent{.run = start_.id, .kind = "budget", .body = std::move(body), .at = now()});
    ++warned_;
  }
}

void Runner::set_budget(std::optional<NanoDollars> budget) {
  budget_.set_limit(budget);
  services_.journal.append(SetBudget{.run = start_.id, .budget = budget});
  wake_waiting_for_money();
}

}  // namespace tidegate::engine
