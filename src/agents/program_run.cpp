#include "agents/program_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "agents/in_process_models.h"

namespace tidegate::agents {
namespace {

constexpr std::string_view kName = "workflow.json";

class ProgramText final : public workflow::FileSource {
 public:
  explicit ProgramText(const std::string& text) : text_(text) {}
  Result<std::string> read(const std::string& path) const override {
    if (path == kName) return text_;
    return workflow::DiskFiles{}.read(path);
  }

 private:
  const std::string& text_;
};

TaskOutcome task_outcome(engine::TaskState state) {
  switch (state) {
    case engine::TaskState::succeeded:
    case engine::TaskState::approved:
      return TaskOutcome::succeeded;
    case engine::TaskState::failed:
    case engine::TaskState::rejected:
      return TaskOutcome::failed;
    case engine::TaskState::skipped:
      return TaskOutcome::skipped;
    case engine::TaskState::cancelled:
      return TaskOutcome::cancelled;
    default:
      return TaskOutcome::unfinished;
  }
}

WorkflowOutcome run_outcome(engine::RunState state) {
  switch (state) {
    case engine::RunState::succeeded:
      return WorkflowOutcome::succeeded;
    case engine::RunState::failed:
      return WorkflowOutcome::failed;
    case engine::RunState::partial:
      return WorkflowOutcome::partial;
    case engine::RunState::cancelled:
      return WorkflowOutcome::cancelled;
    default:
      return WorkflowOutcome::paused;
  }
}

void add(RoleReport& to, const AgentResult& task) {
  ++to.tasks;
  to.succeeded += task.outcome == TaskOutcome::succeeded;
  to.failed += task.outcome == TaskOutcome::failed;
  to.requests += task.requests;
  to.tokens += task.tokens;
  to.cost += task.cost;
  const std::uint64_t ended = to.succeeded + to.failed;
  to.success_rate = ended == 0 ? 0 : static_cast<double>(to.succeeded) / static_cast<double>(ended);
}

}  // namespace

ProgramRun::ProgramRun(Client& client, const OnEnd& on_end)
    : on_end_(on_end),
      process_(client::Access::process(client)),
      loop_(process_.clock()),
      parts_(
          loop_, process_.clock(),
          // The client outlives the run, and with it what it is made of.
          std::shared_ptr<const gateway::Snapshot>(std::shared_ptr<void>(), &process_.snapshot()),
          std::make_unique<InProcessModels>(loop_, client)) {}

Result<WorkflowResult> ProgramRun::run(const std::string& text, const WorkflowOptions& options,
                                       const std::stop_token& stop) {
  auto workflow = load(text);
  if (!workflow) return std::unexpected(std::move(workflow.error()));
  config::State state;
  state.workflows = options.journal;
  if (auto opened = parts_.open(state, WorkflowParts::Requests::own); !opened) {
    return std::unexpected(std::move(opened.error()));
  }
  auto id = begin(std::move(*workflow), options);
  if (id && parts_.engine().find(*id) != nullptr) work(*id, stop);
  close();
  if (!id) return std::unexpected(std::move(id.error()));
  if (end_ && end_->lost && end_->lost->code != ErrorCode::canceled) {
    return std::unexpected(std::move(*end_->lost));
  }
  return read(options.journal, *id);
}

Result<std::shared_ptr<const workflow::Workflow>> ProgramRun::load(const std::string& text) const {
  const workflow::Loaded loaded =
      workflow::load(std::string(kName), ProgramText(text), parts_.around());
  std::string wrong;
  const auto problem = [&](const std::string& message) {
    wrong += (wrong.empty() ? "" : "\n") + message;
  };
  for (const config::Problem& found : loaded.problems) {
    if (!found.warning) problem(found.message);
  }
  if (loaded.ok() && parts_.around().routes.empty()) {
    for (const workflow::Task& task : loaded.workflow->tasks) {
      if (task.settings->model.model != "auto") continue;
      problem(fmt::format(
          "tasks.{}: no model; set its `model` or that of WorkflowOptions, as the client has no "
          "routes to choose from",
          task.id));
    }
  }
  if (!wrong.empty()) return fail(ErrorCode::invalid, std::move(wrong), "workflow");
  return loaded.workflow;
}

Result<engine::RunId> ProgramRun::begin(std::shared_ptr<const workflow::Workflow> workflow,
                                        const WorkflowOptions& options) {
  auto inputs = workflow::bind_inputs(*workflow, {});
  if (!inputs) return std::unexpected(std::move(inputs.error()));
  const auto ended = [this](engine::RunId, const engine::RunEnd& end) {
    end_ = end;
    loop_.stop();
  };
  auto begun = parts_.engine().begin(
      {.workflow = std::move(workflow), .inputs = std::move(*inputs)}, this, ended);
  if (!begun) return std::unexpected(std::move(begun.error()));
  if (!begun->existed) return begun->id;
  auto resumed = parts_.engine().resume(
      begun->id, {.budget = options.budget, .watcher = this, .on_end = ended});
  const bool has_ended = !resumed && resumed.error().code == ErrorCode::invalid;
  if (!resumed && !has_ended) return std::unexpected(std::move(resumed.error()));
  return begun->id;
}

void ProgramRun::work(engine::RunId run, const std::stop_token& stop) {
  const std::stop_callback on_stop(stop, [this, run] {
    loop_.post([this, run] {
      if (engine::Runner* const runner = parts_.engine().find(run)) {
        runner->cancel("the program asked for it");
      }
    });
  });
  loop_.run();
}

void ProgramRun::close() {
  group_.spawn(close_parts());
  loop_.run();
}

Task<void> ProgramRun::close_parts() {
  co_await parts_.close();
  loop_.stop();
}

void ProgramRun::task_changed(const engine::Runner& runner, std::uint32_t task,
                              std::uint32_t item) {
  const engine::TaskStatus& status = runner.tasks()[task];
  const bool whole = item == engine::Unit::kWhole;
  const engine::Work& work = whole ? status.own : status.fan->items[item];
  if (!on_end_ || !has_ended(work.state)) return;
  const workflow::Task& definition = runner.workflow().tasks[task];
  AgentResult result;
  result.id = definition.id;
  if (!whole) result.item = status.fan->keys[item];
  if (definition.role != workflow::kNoRole) {
    result.role = runner.workflow().roles[definition.role].name;
  }
  result.outcome = task_outcome(work.state);
  work.output.append_text(result.output);
  if (work.output.is_null()) result.output.clear();
  result.error = work.error;
  result.requests = work.attempts;
  result.cost = work.cost;
  on_end_(result);
}

Result<WorkflowResult> ProgramRun::read(const std::string& journal, engine::RunId run) const {
  auto reader = engine::JournalReader::open(journal);
  if (!reader) return std::unexpected(std::move(reader.error()));
  const auto stored = reader->run(run);
  if (!stored) return std::unexpected(stored.error());
  const auto tasks = reader->tasks(run);
  if (!tasks) return std::unexpected(tasks.error());
  WorkflowResult out;
  out.run = run.text();
  out.outcome = run_outcome(stored->state);
  out.reason = stored->reason;
  out.took = stored->ended.value_or(stored->changed) - stored->created;
  std::vector<char> has_items(tasks->size());
  for (const engine::StoredTask& task : *tasks) {
    AgentResult& result = out.tasks.emplace_back();
    result.id = task.id;
    if (task.parent) {
      result.item = task.item_key;
      has_items[*task.parent] = 1;
    }
    result.role = task.role;
    result.outcome = task_outcome(task.state);
    result.error = task.error;
    if (task.started && task.ended) result.took = *task.ended - *task.started;
    if (task.output == 0) continue;
    const auto content = reader->content(task.output);
    if (!content) return std::unexpected(content.error());
    result.output = **content;
  }
  const auto read = reader->attempts(run, [&](const engine::StoredAttempt& attempt) {
    AgentResult& result = out.tasks[attempt.task];
    ++result.requests;
    result.tokens += attempt.usage;
    result.cost += attempt.cost;
    if (attempt.state != engine::AttemptState::done) return;
    result.model = attempt.model;
    result.provider = attempt.provider;
  });
  if (!read) return std::unexpected(read.error());
  std::map<std::string, RoleReport> roles;
  for (std::size_t i = 0; i < out.tasks.size(); ++i) {
    if (has_items[i] != 0) continue;  // its items count
    RoleReport& role = roles[out.tasks[i].role];
    role.role = out.tasks[i].role;
    add(role, out.tasks[i]);
    add(out.total, out.tasks[i]);
  }
  for (auto& [name, role] : roles) out.roles.push_back(std::move(role));
  std::ranges::stable_sort(out.roles, std::greater{},
                           [](const RoleReport& role) { return role.cost; });
  return out;
}

}  // namespace tidegate::agents
