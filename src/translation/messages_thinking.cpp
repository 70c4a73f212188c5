#include "translation/messages_thinking.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidegate::translation::messages {
namespace {

constexpr Tokens kDefaultMaxTokens = 8192;
constexpr Tokens kLeastBudget = 1024;

std::string_view effort_name(Effort effort, const ModelRules& rules) {
  switch (effort) {
    case Effort::minimal:
    case Effort::low:
      return "low";
    case Effort::medium:
      return "medium";
    case Effort::high:
      return "high";
    case Effort::xhigh:
      return rules.xhigh ? "xhigh" : "max";
    case Effort::max:
      return "max";
    default:
      return {};
  }
}

Tokens budget_of(Effort effort) {
  switch (effort) {
    case Effort::minimal:
      return kLeastBudget;
    case Effort::low:
      return 2048;
    case Effort::high:
      return 16384;
    case Effort::xhigh:
    case Effort::max:
      return 32000;
    default:
      return 8192;
  }
}

Effort effort_of(Tokens budget) {
  if (budget <= budget_of(Effort::low)) return Effort::low;
  if (budget <= budget_of(Effort::medium)) return Effort::medium;
  return budget <= 2 * budget_of(Effort::high) ? Effort::high : Effort::max;
}

// What the client asked for; the effort may say so alone.
Toggle asked(const Thinking& thinking) {
  if (thinking.toggle == Toggle::off || thinking.effort == Effort::none) return Toggle::off;
  const bool on = thinking.toggle == Toggle::on || thinking.effort != Effort::unset;
  return on ? Toggle::on : Toggle::unset;
}

Tokens settle_max_tokens(const Request& request, const protocol::DialectTable& dialect,
                         Tokens budget, Notes& notes) {
  Tokens tokens = kDefaultMaxTokens + budget;
  if (request.max_tokens) {
    tokens = *request.max_tokens;
  } else {
    notes.add(fmt::format("max_tokens -> {}: the provider needs one", tokens));
  }
  if (const Tokens most = dialect.max_tokens_limit; most != 0 && tokens > most) {
    tokens = most;
    notes.add(fmt::format("max_tokens -> {}", most));
  }
  return tokens;
}

// Something of max_tokens must be left for the answer. 0: there is no room to think.
Tokens fit_budget(Tokens budget, Tokens max_tokens, Notes& notes) {
  if (max_tokens <= kLeastBudget) {
    notes.add("thinking off: max_tokens leaves no room for it");
    return 0;
  }
  if (budget >= kLeastBudget && budget < max_tokens) return budget;
  const Tokens most = max_tokens - max_tokens / 4;
  const Tokens fitting = std::max(kLeastBudget, std::min(budget, most));
  notes.add(fmt::format("budget_tokens -> {}", fitting));
  return fitting;
}

}  // namespace

ThinkingPlan plan_thinking(const Request& request, const protocol::DialectTable& dialect,
                           const ModelRules& rules, Notes& notes) {
  using Way = ModelRules::Thinking;
  const Thinking& thinking = request.thinking;
  Toggle toggle = asked(thinking);
  Effort effort = thinking.effort;
  if (toggle == Toggle::on && rules.thinking == Way::none) {
    notes.add("thinking dropped: the model has none");
    toggle = Toggle::unset;
  }
  const bool budgeted = toggle == Toggle::on && rules.thinking == Way::budget;
  Tokens budget = budgeted ? thinking.budget.value_or(budget_of(effort)) : 0;

  ThinkingPlan plan;
  plan.max_tokens = settle_max_tokens(request, dialect, budget, notes);
  if (budgeted) {
    budget = fit_budget(budget, plan.max_tokens, notes);
    if (budget == 0) toggle = Toggle::off;
  } else if (toggle == Toggle::on && thinking.budget && effort == Effort::unset) {
    effort = effort_of(*thinking.budget);
    notes.add(fmt::format("budget_tokens -> effort {}", effort_name(effort, rules)));
  }
  plan.thinks = toggle == Toggle::on || rules.always_thinks;
  // Anthropic's own clients set the effort of answers, too.
  const bool says_effort = plan.thinks || request.surface == Surface::messages;
  if (rules.effort && says_effort) plan.effort = effort_name(effort, rules);

  if (toggle == Toggle::off && rules.always_thinks) {
    notes.add("thinking stays on: the model cannot turn it off");
  } else if (toggle == Toggle::off && rules.thinking != Way::none) {
    plan.member = R"({"type":"disabled"})";
  } else if (toggle == Toggle::on) {
    std::string_view display;
    if (thinking.hide) {
      display = R"(,"display":"omitted")";
    } else if (rules.hides_thinking || thinking.summary) {
      display = R"(,"display":"summarized")";
    }
    plan.member = budgeted
                      ? fmt::format(R"({{"type":"enabled","budget_tokens":{}{}}})", budget, display)
                      : fmt::format(R"({{"type":"adaptive"{}}})", display);
  }
  return plan;
}

}  // namespace tidegate::translation::messages
