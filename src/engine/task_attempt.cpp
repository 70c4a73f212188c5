#include "engine/task_attempt.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "engine/fault_point.h"
#include "json/writer.h"
#include "workflow/context_policy.h"

namespace tidegate::engine {
namespace {

using workflow::ContextPlan;
using workflow::ErrorClass;

constexpr int kMostContextRounds = 6;
constexpr Tokens kPartTokens = 1024;  // of a summary
constexpr std::size_t kMostViolations = 8;
constexpr const char* kHelperLost =
    "the process that made its request was not heard of for longer than its lease";

Failure cancelled() {
  Failure failure{.error = {ErrorCode::canceled, "cancelled", {}}};
  failure.sent = false;
  failure.cancelled = true;
  return failure;
}

// Trying again would not help.
Failure final_failure(std::string message) {
  Failure failure{.error = {ErrorCode::invalid, std::move(message), {}}};
  failure.error_class = ErrorClass::invalid_output;
  failure.retryable = failure.sent = false;
  return failure;
}

std::string message(std::string_view role, std::string_view text) {
  std::string out;
  json::Writer json(out);
  json.begin_object().member("role", role).member("content", text).end_object();
  return out;
}

// Models like to put JSON into a code fence.
std::string_view without_fence(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto strip = [&] {
    const std::size_t begin = text.find_first_not_of(kSpace);
    text = begin == std::string_view::npos ? std::string_view() : text.substr(begin);
    text = text.substr(0, text.find_last_not_of(kSpace) + 1);
  };
  strip();
  if (!text.starts_with("```") || !text.ends_with("```") || text.size() < 6) return text;
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return text;
  text = text.substr(line + 1, text.size() - line - 4);
  strip();
  return text;
}

// A task of which another model is asked.
workflow::Task with_model(const workflow::Task& task, const std::string& model) {
  workflow::Task copy = task;
  auto settings = std::make_shared<workflow::TaskSettings>(*task.settings);
  settings->model.model = model;
  copy.settings = std::move(settings);
  return copy;
}

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

TaskAttempt::TaskAttempt(Runner& runner, Unit unit)
    : runner_(runner),
      unit_(unit),
      work_(runner.work_of(unit)),
      number_(runner.number_of(unit)),
      copy_(work_.model == 0
                ? workflow::Task{}
                : with_model(
                      runner.definition(unit.task),
                      runner.definition(unit.task).settings->model.fallback[work_.model - 1u])),
      definition_(work_.model == 0 ? runner.definition(unit.task) : copy_),
      scope_(runner.scope_, &runner.definition(unit.task), runner.tasks_[unit.task].fan.get(),
             unit.whole() ? 0 : unit.item) {}

Journal& TaskAttempt::journal() { return runner_.services_.journal; }
RunId TaskAttempt::run_id() const { return runner_.start_.id; }
const workflow::Workflow& TaskAttempt::workflow() const { return runner_.workflow(); }
WallTime TaskAttempt::now() const { return runner_.now(); }

void TaskAttempt::write_end() {
  if (end_) journal().append(std::move(*end_));
  end_.reset();
}

Task<AskResult> TaskAttempt::answer() {
  auto rendered = workflow::render(workflow(), definition_, scope_);
  if (!rendered) {
    co_return std::unexpected(final_failure(
        fmt::format("its prompt cannot be made: {}{}{}", rendered.error().field,
                    rendered.error().field.empty() ? "" : ": ", rendered.error().message)));
  }
  prompt_ = std::move(*rendered);
  std::optional<Failure> misfit = co_await fit_context();
  if (misfit) co_return std::unexpected(std::move(*misfit));
  AskResult result = std::unexpected(Failure{});
  if (definition_.settings->tools.empty()) {
    std::string body = workflow::request_body(definition_, prompt_, {.user = runner_.scope_.id});
    result = co_await send({}, std::move(body), workflow::estimate_tokens(prompt_));
  } else if (runner_.services_.tools == nullptr) {
    co_return std::unexpected(final_failure("there is nobody here who can call its tools"));
  } else {
    result = co_await runner_.services_.tools->converse(*this);
  }
  if (!result || definition_.settings->output == nullptr) co_return result;
  result = co_await fit_form(std::move(*result));
  co_return result;
}

Task<AskResult> TaskAttempt::ask(std::span<const workflow::ToolForm> tools,
                                 std::span<const std::string> more) {
  std::string body = workflow::request_body(
      definition_, prompt_, {.user = runner_.scope_.id, .tools = tools, .more = more});
  Tokens prompt = workflow::estimate_tokens(prompt_);
  for (const std::string& text : more) prompt += workflow::estimate_tokens(text);
  for (const workflow::ToolForm& tool : tools) {
    prompt +=
        workflow::estimate_tokens(tool.parameters) + workflow::estimate_tokens(tool.description);
  }
  AskResult result = co_await send(asked_ ? "turn" : "", std::move(body), prompt);
  write_end();
  co_return result;
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
    if (cancel_.cancelled() || runner_.stopping_ || runner_.pausing_ || runner_.ended_) {
      co_return cancelled();
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
    co_return cancelled();
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
  AskResult result = std::unexpected(cancelled());
  Giving::Fate fate = Giving::Fate::taken_back;
  if (request.given) fate = co_await wait_for_other(request, result);
  if (fate == Giving::Fate::left) co_return std::unexpected(cancelled());
  if (fate == Giving::Fate::taken_back && !cancel_.cancelled()) result = co_await make(request);
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
  co_return cancelled();
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
    failure.cancelled = cancel_.cancelled();
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

Task<AskResult> TaskAttempt::ask_parts(const char* purpose, std::vector<workflow::Prompt> prompts,
                                       std::vector<std::string>& answers) {
  AskResult last = std::unexpected(Failure{});
  for (const workflow::Prompt& prompt : prompts) {
    std::string body = workflow::request_body(definition_, prompt, {.user = runner_.scope_.id});
    last = co_await send(purpose, std::move(body), workflow::estimate_tokens(prompt));
    if (!last) co_return last;
    answers.push_back(last->text);
  }
  co_return last;
}

// A prompt that is too long for the model is made shorter as the task's policy says, before
// anything is sent that would be refused.
Task<std::optional<Failure>> TaskAttempt::fit_context() {
  const workflow::ModelChoice& model = definition_.settings->model;
  const auto room = runner_.services_.pricing.room(model.model, model.max_tokens);
  if (!room || workflow::estimate_tokens(prompt_) <= *room) co_return std::nullopt;
  for (int round = 0; round < kMostContextRounds; ++round) {
    auto plan = workflow::plan_context(prompt_, definition_.settings->context_policy, *room);
    if (!plan) co_return final_failure(plan.error().message);
    if (!plan->note.empty()) {
      std::string body;
      json::Writer json(body);
      json.begin_object().member("task", definition_.id).member("note", plan->note).end_object();
      journal().append(AddEvent{.run = run_id(), .kind = "context", .body = body, .at = now()});
    }
    if (plan->kind == ContextPlan::Kind::as_is || plan->kind == ContextPlan::Kind::cut) {
      prompt_ = std::move(plan->prompt);
      co_return std::nullopt;
    }
    const bool map = plan->kind == ContextPlan::Kind::map;
    std::vector<workflow::Prompt> prompts;
    for (std::size_t i = 0; i < plan->parts.size(); ++i) {
      prompts.push_back(map ? workflow::map_prompt(plan->prompt, plan->parts, i)
                            : workflow::summary_prompt(plan->prompt, plan->parts[i], kPartTokens));
    }
    std::vector<std::string> answers;
    AskResult asked = co_await ask_parts(map ? "map" : "summary", std::move(prompts), answers);
    if (!asked) co_return std::move(asked.error());
    prompt_ = map ? workflow::reduce_prompt(plan->prompt, plan->parts, answers)
                  : workflow::with_parts(plan->prompt, plan->parts, answers);
  }
  co_return final_failure("its prompt stays too long for the model however often it is shortened");
}

// The model is shown what of its answer is not as the schema says, as often as the task allows.
Task<AskResult> TaskAttempt::fit_form(Answer answer) {
  const workflow::OutputForm& form = *definition_.settings->output;
  std::vector<std::string> more;
  for (int repairs = 0;; ++repairs) {
    const std::string_view text = without_fence(answer.text);
    const auto violations = form.validator->validate(text);
    if (!violations) co_return std::unexpected(final_failure(violations.error().message));
    if (violations->empty()) {
      answer.text = std::string(text);
      co_return answer;
    }
    std::string wrong;
    for (std::size_t i = 0; i < violations->size() && i < kMostViolations; ++i) {
      wrong += (wrong.empty() ? "" : "; ") + schema::describe((*violations)[i]);
    }
    if (repairs == form.repair) {
      Failure failure{
          .error = {ErrorCode::bad_answer, "the answer is not as its schema says: " + wrong, {}}};
      failure.error_class = ErrorClass::invalid_output;
      failure.usage = answer.usage;
      co_return std::unexpected(std::move(failure));
    }
    more.push_back(message("assistant", answer.text));
    more.push_back(message(
        "user", fmt::format("That is not as the JSON schema says: {}. Answer again, with the "
                            "corrected JSON alone.",
                            wrong)));
    std::string body =
        workflow::request_body(definition_, prompt_, {.user = runner_.scope_.id, .more = more});
    Tokens prompt = workflow::estimate_tokens(prompt_);
    for (const std::string& each : more) prompt += workflow::estimate_tokens(each);
    AskResult again = co_await send("repair", std::move(body), prompt);
    if (!again) co_return again;
    answer = std::move(*again);
  }
}

}  // namespace tidegate::engine
