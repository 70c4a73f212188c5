#include "engine/task_attempt.h"

#include <fmt/format.h>

#include "json/writer.h"
#include "workflow/context_policy.h"

namespace tidegate::engine {
namespace {

using workflow::ContextPlan;
using workflow::ErrorClass;

constexpr int kMostContextRounds = 6;
constexpr Tokens kPartTokens = 1024;  // of a summary
constexpr std::size_t kMostViolations = 8;

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
