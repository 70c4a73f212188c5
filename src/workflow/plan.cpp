#include "workflow/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "workflow/plan_models.h"
#include "workflow/plan_prices.h"
#include "workflow/render.h"

namespace tidegate::workflow {
namespace {

constexpr Tokens kShortAnswer = 50, kUsualAnswer = 1000, kToolResult = 1000;
constexpr std::int64_t kUsualTurns = 3;
constexpr Tokens kUnknownOutputLimit = 32'000;  // of a model whose limit is not known
constexpr double kTokensPerSecond = 60, kPromptTokensPerSecond = 5000;
constexpr Duration kOverhead = 1s;  // of a request

// What is known of a task before it runs.
struct Size {
  Range<std::int64_t> items{1, 1, 1};
  Range<Tokens> output;  // of one item
};

class Planner {
 public:
  Planner(const Workflow& workflow, const PlanOptions& options)
      : workflow_(workflow),
        options_(options),
        models_(*options.catalog, options.table, options.start),
        sizes_(workflow.tasks.size()) {}

  Result<Plan> run();

 private:
  void price(TaskIndex index);
  void price_uses(TaskIndex index);
  void add_hold(const Task& task, const catalog::Model& model, std::int64_t items);
  void find_critical_path();
  Range<std::int64_t> items_of(const Task& task);
  Range<Tokens> inserted(const Template& text, const Task* task);
  Tokens shared_tokens(RoleIndex role);
  Tokens input_tokens(std::string_view name) const;
  PlanRow& row(const Task& task, const std::string& model);
  [[nodiscard]] Duration time_of(Tokens prompt, Tokens answer, std::int64_t rounds) const;
  void note(std::string text);

  const Workflow& workflow_;
  const PlanOptions& options_;
  PlanModels models_;
  Plan plan_;
  std::vector<Size> sizes_;
  std::vector<Duration> times_ = std::vector<Duration>(workflow_.tasks.size());
  std::map<RoleIndex, Tokens> shared_;
  std::map<std::pair<RoleIndex, std::string>, std::size_t> rows_;
  std::string problems_;  // of sub-workflows
  bool used_tools_ = false;
  Tokens list_item_ = 20;
};

// A scope in which only inputs and the run are known.
class InputScope final : public Scope {
 public:
  explicit InputScope(const Map& inputs) : inputs_(inputs) {}
  Value input(std::string_view name) const override {
    const auto found = std::ranges::find(inputs_, name, &Member::name);
    return found != inputs_.end() ? found->value : Value{};
  }
  const Need* need(std::string_view) const override { return nullptr; }
  std::vector<const Need*> needs() const override { return {}; }
  Value item() const override { return {}; }
  std::int64_t item_index() const override { return -1; }
  std::string_view item_key() const override { return {}; }
  Value run(std::string_view) const override { return Value("x"); }

 private:
  const Map& inputs_;
};

bool only_inputs(const std::vector<Reference>& references) {
  return std::ranges::all_of(references, [](const Reference& reference) {
    return reference.root == Reference::Root::input || reference.root == Reference::Root::run;
  });
}

void Planner::note(std::string text) {
  if (std::ranges::find(plan_.notes, text) == plan_.notes.end()) {
    plan_.notes.push_back(std::move(text));
  }
}

Tokens Planner::input_tokens(std::string_view name) const {
  const Value value = InputScope(options_.inputs).input(name);
  if (value.is_null()) return kShortAnswer;
  std::string text;
  value.append_text(text);
  return estimate_tokens(text);
}

Range<std::int64_t> Planner::items_of(const Task& task) {
  Range<std::int64_t> items{1, 1, 1};
  if (task.fans_out()) {
    std::optional<std::int64_t> known;
    if (only_inputs(task.extras->for_each.references())) {
      const auto list = task.extras->for_each.evaluate(InputScope(options_.inputs));
      if (list && list->is_list()) {
        known = static_cast<std::int64_t>(list->items().size());
        if (*known > 0) {
          std::string all;
          list->append_json(all);
          list_item_ = estimate_tokens(all) / *known + 1;
        }
      }
    }
    if (!known) {
      note(fmt::format("task {}: how many items it has is known only in the run; {} assumed",
                       task.id, options_.items));
    }
    items.expected = items.max = known.value_or(options_.items);
    items.min = known.value_or(0);
  }
  if (task.extras && !task.extras->condition.empty()) {
    const Expression& condition = task.extras->condition;
    const auto holds = only_inputs(condition.references())
                           ? condition.holds(InputScope(options_.inputs))
                           : Result<bool>(true);
    if (holds && !*holds) return {0, 0, 0};
    if (!only_inputs(condition.references()) && condition.source() != "always()") items.min = 0;
  }
  return items;
}

// Tokens that expressions put into a text, that of a task or one of all tasks.
Range<Tokens> Planner::inserted(const Template& text, const Task* task) {
  Range<Tokens> sum;
  for (const Reference& reference : text.references()) {
    Range<Tokens> one;
    switch (reference.root) {
      case Reference::Root::input:
        one.min = one.expected = one.max = input_tokens(reference.name);
        break;
      case Reference::Root::item:
        one = {1, list_item_, list_item_ * 4};
        break;
      case Reference::Root::need: {
        if (!reference.field.starts_with("output")) break;
        if (task == nullptr) break;
        const auto found = std::ranges::find_if(task->needs, [&](TaskIndex need) {
          return workflow_.tasks[need].id == reference.name;
        });
        if (found == task->needs.end()) break;
        const Size& size = sizes_[*found];
        one = {size.output.min * size.items.min, size.output.expected * size.items.expected,
               size.output.max * size.items.max};
        break;
      }
      case Reference::Root::needs:
        one = {20, 500, 5000};
        break;
      case Reference::Root::run:
      case Reference::Root::status:
        break;
    }
    sum += one;
  }
  return sum;
}

Tokens Planner::shared_tokens(RoleIndex role) {
  const auto [entry, added] = shared_.emplace(role, 0);
  if (!added) return entry->second;
  Tokens tokens = 0;
  const auto add = [&](const Template& text) {
    tokens += estimate_tokens(text.source()) + inserted(text, nullptr).expected;
  };
  if (role != kNoRole) add(workflow_.roles[role].system);
  for (const Template& text : workflow_.context) add(text);
  return shared_[role] = tokens;
}

PlanRow& Planner::row(const Task& task, const std::string& model) {
  const auto [entry, added] = rows_.emplace(std::pair{task.role, model}, plan_.rows.size());
  if (added) {
    PlanRow& fresh = plan_.rows.emplace_back();
    fresh.model = model;
    if (task.role != kNoRole) fresh.role = workflow_.roles[task.role].name;
  }
  return plan_.rows[entry->second];
}

Duration Planner::time_of(Tokens prompt, Tokens answer, std::int64_t rounds) const {
  const double seconds = static_cast<double>(prompt) / kPromptTokensPerSecond +
                         static_cast<double>(answer) / kTokensPerSecond;
  const auto once =
      kOverhead + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  return once * std::max<std::int64_t>(rounds, 1);
}

void Planner::price(TaskIndex index) {
  const Task& task = workflow_.tasks[index];
  Size& size = sizes_[index];
  size.items = items_of(task);
  if (task.kind == TaskKind::approval) return;
  if (task.kind == TaskKind::uses) return price_uses(index);
  const catalog::Model* model = models_.of(workflow_, task);
  if (model == nullptr) return;
  const TaskSettings& settings = *task.settings;

  const bool thinks = settings.model.thinking == config::Thinking::unset
                          ? model->thinking_by_default
                          : settings.model.thinking != config::Thinking::off;
  const Tokens limit = settings.model.max_tokens.value_or(
      model->max_output > 0 ? model->max_output : kUnknownOutputLimit);
  const Tokens usual = std::min(limit, thinks && model->thinking ? kUsualAnswer * 3 : kUsualAnswer);
  size.output = {std::min(limit, kShortAnswer), std::min(limit, kUsualAnswer), limit};

  const Tokens shared = shared_tokens(task.role);
  Range<Tokens> prompt = inserted(task.prompt, &task);
  for (const TaskIndex need : task.context) {
    const Size& other = sizes_[need];
    prompt += {other.output.min * other.items.min, other.output.expected * other.items.expected,
               other.output.max * other.items.max};
  }
  const Tokens own = estimate_tokens(task.prompt.source()) + shared;
  prompt += {own, own, own};
  if (model->context > 0) {
    const Tokens most = std::max<Tokens>(model->context, 1);
    if (prompt.expected > most && settings.context_policy == ContextPolicy::full) {
      note(
          fmt::format("task {}: its prompt is expected to have {} tokens, and {} takes {}; set its "
                      "context_policy",
                      task.id, prompt.expected, model->id, most));
    }
    prompt.expected = std::min(prompt.expected, most);
    prompt.max = std::min(prompt.max, most);
  }

  const bool tools = !settings.tools.empty();
  used_tools_ = used_tools_ || tools;
  Range<std::int64_t> rounds{1, 1, 1};
  if (tools) {
    rounds.expected = std::min<std::int64_t>(kUsualTurns, settings.guards.turns);
    rounds.max = settings.guards.turns;
  } else if (settings.output != nullptr) {
    rounds.max += settings.output->repair;
  }
  rounds.max *= settings.retry.attempts;

  Usage expected;
  expected.prompt = prompt.expected * rounds.expected +
                    (tools ? kToolResult * rounds.expected * (rounds.expected - 1) / 2 : 0);
  expected.completion = usual * rounds.expected;
  // All but the first of a role find its prompt and the shared context in the provider's cache, and
  // all but the first turn of a task all of its prompt.
  PlanRow& to = row(task, model->id);
  const bool first = to.tasks == 0;
  expected.cached = shared + prompt.expected * (rounds.expected - 1);
  Usage uncached = expected;
  uncached.cached = prompt.expected * (rounds.expected - 1);
  Usage least;
  least.prompt = prompt.min;
  least.cached = shared;
  least.completion = size.output.min;
  Usage most;
  most.prompt = prompt.max;
  most.completion = limit;

  const catalog::Catalog& catalog = *options_.catalog;
  const auto in = [&](const Usage& usage) {
    return prices(catalog, *model, options_.start, usage);
  };
  const TwoPrices usual_price = in(expected);
  const TwoPrices first_price = in(uncached);
  const TwoPrices low = in(least);
  const TwoPrices high = in(most);
  const std::int64_t n = size.items.expected;
  const std::int64_t cold = first && n > 0 ? 1 : 0;
  const auto sum = [&](NanoDollars warm, NanoDollars fresh) {
    return NanoDollars{warm.value * (n - cold) + fresh.value * cold};
  };
  const NanoDollars off_peak = sum(usual_price.off_peak, first_price.off_peak);
  const NanoDollars peak = sum(usual_price.peak, first_price.peak);
  bool dear = is_peak(catalog, *model, options_.start);
  if (dear && settings.window != Window::any && n > 0) {
    add_hold(task, *model, n);
    dear = plan_.holds.back().released;
  }

  to.tasks += 1;
  to.requests += {size.items.min, n * rounds.expected, size.items.max * rounds.max};
  to.prompt += {least.prompt * size.items.min, expected.prompt * n,
                most.prompt * size.items.max * rounds.max};
  to.completion += {least.completion * size.items.min, expected.completion * n,
                    most.completion * size.items.max * rounds.max};
  to.cached += expected.cached * (n - cold) + uncached.cached * cold;
  to.cost +=
      {NanoDollars{std::min(low.off_peak, low.peak).value * size.items.min}, dear ? peak : off_peak,
       NanoDollars{std::max(high.off_peak, high.peak).value * size.items.max * rounds.max}};
  to.off_peak += off_peak;
  to.peak += peak;

  const auto parallel = static_cast<std::int64_t>(
      task.extras && task.extras->max_parallel > 0
          ? std::min(task.extras->max_parallel, workflow_.run.max_parallel)
          : workflow_.run.max_parallel);
  const std::int64_t waves = n == 0 ? 0 : (n + parallel - 1) / parallel;
  times_[index] = n == 0 ? Duration{} : time_of(prompt.expected, usual, rounds.expected * waves);
}

void Planner::price_uses(TaskIndex index) {
  const Task& task = workflow_.tasks[index];
  const std::int64_t n = sizes_[index].items.expected;
  PlanOptions options = options_;
  options.inputs.clear();
  for (const Input& input : task.extras->uses->inputs) {
    const auto given = std::ranges::find(task.extras->with, input.name,
                                         [](const auto& pair) { return pair.first; });
    Value value = input.fallback;
    if (given != task.extras->with.end() && only_inputs(given->second.references())) {
      value = given->second.evaluate(InputScope(options_.inputs)).value_or(value);
    }
    options.inputs.push_back({input.name, std::move(value)});
  }
  const auto part = plan(*task.extras->uses, options);
  if (!part) {
    problems_ += (problems_.empty() ? "" : "\n") + part.error().message;
    return;
  }
  for (const PlanRow& from : part->rows) {
    const auto known = std::ranges::find_if(plan_.rows, [&](const PlanRow& to) {
      return to.role == from.role && to.model == from.model;
    });
    PlanRow& to = known != plan_.rows.end() ? *known : plan_.rows.emplace_back();
    to.role = from.role;
    to.model = from.model;
    to.tasks += from.tasks;
    const std::int64_t low = sizes_[index].items.min;
    const std::int64_t high = sizes_[index].items.max;
    to.requests += {from.requests.min * low, from.requests.expected * n, from.requests.max * high};
    to.prompt += {from.prompt.min * low, from.prompt.expected * n, from.prompt.max * high};
    to.completion +=
        {from.completion.min * low, from.completion.expected * n, from.completion.max * high};
    to.cached += from.cached * n;
    to.cost += {NanoDollars{from.cost.min.value * low}, NanoDollars{from.cost.expected.value * n},
                NanoDollars{from.cost.max.value * high}};
    to.off_peak += NanoDollars{from.off_peak.value * n};
    to.peak += NanoDollars{from.peak.value * n};
  }
  for (const std::string& text : part->notes) note(fmt::format("{}: {}", task.id, text));
  sizes_[index].output = {kShortAnswer, kUsualAnswer, kUsualAnswer * 10};
  times_[index] = n > 0 ? part->critical_time : Duration{};
}

void Planner::add_hold(const Task& task, const catalog::Model& model, std::int64_t items) {
  Hold hold{task.id, items, model.id, options_.start, false};
  const auto cheap = next_off_peak(*options_.catalog, model, options_.start);
  if (cheap) hold.until = *cheap;
  hold.released = !cheap;
  for (Hold& other : plan_.holds) {
    if (other.model != hold.model || other.until != hold.until) continue;
    other.tasks += items;
    std::swap(other, plan_.holds.back());
    return;
  }
  plan_.holds.push_back(std::move(hold));
}

void Planner::find_critical_path() {
  const auto count = workflow_.tasks.size();
  std::vector<Duration> until(count);  // from the start to its end
  std::vector<TaskIndex> before(count, ~TaskIndex{0});
  TaskIndex last = 0;
  for (const TaskIndex task : workflow_.order) {
    for (const TaskIndex need : workflow_.tasks[task].needs) {
      if (before[task] == ~TaskIndex{0} || until[need] > until[before[task]]) before[task] = need;
    }
    until[task] = times_[task];
    if (before[task] != ~TaskIndex{0}) until[task] += until[before[task]];
    if (until[task] > until[last]) last = task;
  }
  if (count == 0) return;
  plan_.critical_time = until[last];
  for (TaskIndex task = last; task != ~TaskIndex{0}; task = before[task]) {
    plan_.critical_path.push_back(workflow_.tasks[task].id);
  }
  std::ranges::reverse(plan_.critical_path);
}

Result<Plan> Planner::run() {
  plan_.start = options_.start;
  plan_.budget = workflow_.budget.usd;
  if (workflow_.run.deadline) plan_.deadline = workflow_.run.deadline->after(options_.start);
  for (const TaskIndex task : workflow_.order) price(task);
  if (!models_.problems().empty() || !problems_.empty()) {
    std::string all = problems_;
    for (const std::string& problem : models_.problems())
      all += (all.empty() ? "" : "\n") + problem;
    return fail(ErrorCode::invalid, std::move(all), "price");
  }
  find_critical_path();
  plan_.end = plan_.start + plan_.critical_time;
  for (Hold& hold : plan_.holds) {
    // What is held back goes when waiting longer would miss the deadline.
    if (plan_.deadline && hold.until + plan_.critical_time > *plan_.deadline) {
      const WallTime latest = std::max(plan_.start, *plan_.deadline - plan_.critical_time);
      if (latest < hold.until && workflow_.run.window != Window::only_off_peak) {
        hold.until = latest;
        hold.released = true;
      }
    }
    plan_.end = std::max(plan_.end, hold.until + plan_.critical_time);
  }
  for (const PlanRow& from : plan_.rows) {
    plan_.total.tasks += from.tasks;
    plan_.total.requests += from.requests;
    plan_.total.prompt += from.prompt;
    plan_.total.completion += from.completion;
    plan_.total.cached += from.cached;
    plan_.total.cost += from.cost;
    plan_.total.off_peak += from.off_peak;
    plan_.total.peak += from.peak;
  }
  std::ranges::sort(plan_.rows, [](const PlanRow& a, const PlanRow& b) {
    return a.cost.expected != b.cost.expected
               ? a.cost.expected > b.cost.expected
               : std::tie(a.role, a.model) < std::tie(b.role, b.model);
  });
  if (models_.asked_policy()) {
    note(
        "the policy decides some tasks' model when they are sent; the plan asked it with their "
        "words "
        "alone");
  }
  if (used_tools_) {
    note(
        "results of tools are assumed to have 1,000 tokens in three turns; max counts them as "
        "nothing");
  }
  return std::move(plan_);
}

}  // namespace

Result<Plan> plan(const Workflow& workflow, const PlanOptions& options) {
  return Planner(workflow, options).run();
}

}  // namespace tidegate::workflow
