#include "engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "engine/lease.h"
#include "engine/redaction.h"
#include "workflow/load.h"

namespace tidegate::engine {
namespace {

// A run's own key, from its template; empty: it has none.
Result<std::string> key_of(const workflow::Workflow& workflow, const workflow::Map& inputs,
                           RunId id, WallTime created) {
  if (workflow.run.idempotency_key.empty()) return std::string();
  const std::vector<TaskStatus> none;
  const TaskScope::Run run{.workflow = &workflow,
                           .inputs = &inputs,
                           .tasks = &none,
                           .id = id.text(),
                           .created = created};
  return workflow.run.idempotency_key.render(TaskScope(run, nullptr));
}

}  // namespace

struct Engine::Running {
  std::unique_ptr<Runner> runner;
  OnEnd on_end;
};

void add_secret_inputs(const workflow::Workflow& workflow, workflow::Map& given) {
  for (const workflow::Input& input : workflow.inputs) {
    if (!input.secret ||
        std::ranges::find(given, input.name, &workflow::Member::name) != given.end()) {
      continue;
    }
    std::string name = "TIDEGATE_INPUT_" + input.name;
    std::ranges::transform(name, name.begin(), [](char c) {
      return c == '-' ? '_' : (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
    });
    if (const char* value = std::getenv(name.c_str())) {
      given.push_back({input.name, workflow::Value(value)});
    }
  }
}

Engine::Engine(EngineOptions options, Loop& loop, Models& models, const Pricing& pricing,
               ToolUser* tools, Load load)
    : options_(std::move(options)),
      loop_(loop),
      models_(models),
      pricing_(pricing),
      tools_(tools),
      load_(std::move(load)) {
  if (options_.owner.empty()) options_.owner = this_owner();
}

Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::open(EngineOptions options, Loop& loop, Models& models,
                                             const Pricing& pricing, ToolUser* tools, Load load) {
  std::unique_ptr<Engine> engine(
      new Engine(std::move(options), loop, models, pricing, tools, std::move(load)));
  if (auto opened = engine->open_journal(); !opened) {
    return std::unexpected(std::move(opened.error()));
  }
  return engine;
}

Result<void> Engine::open_journal() {
  auto journal = SqliteJournal::open({.path = options_.journal_path,
                                      .owner = options_.owner,
                                      .patience = options_.patience,
                                      .lease = options_.lease},
                                     loop_);
  if (!journal) return std::unexpected(std::move(journal.error()));
  journal_ = std::move(*journal);
  journal_->on_command([this](Command command) {
    std::string answer = carry_out(command);
    journal_->append(EndCommand{.id = command.id, .answer = std::move(answer)});
  });
  return {};
}

Result<JournalReader*> Engine::reader() {
  if (!reader_) {
    auto opened = JournalReader::open(options_.journal_path);
    if (!opened) return std::unexpected(std::move(opened.error()));
    reader_ = std::move(*opened);
  }
  return &*reader_;
}

std::vector<std::string> Engine::secrets_for(const workflow::Workflow& workflow,
                                             const workflow::Map& inputs) const {
  std::vector<std::string> secrets = secrets_of(workflow, inputs);
  for (const std::string& secret : options_.secrets) add_secret(secrets, secret);
  return secrets;
}

Services Engine::services() {
  Services services{
      .loop = loop_, .journal = *journal_, .models = models_, .pricing = pricing_, .tools = tools_};
  services.find_run = [this](const std::string& key) -> Result<std::optional<StoredRun>> {
    auto read = reader();
    if (!read) return std::unexpected(std::move(read.error()));
    return (*read)->run_with_key(key);
  };
  services.stored_tasks = [this](RunId id) -> Result<std::vector<StoredTask>> {
    auto read = reader();
    if (!read) return std::unexpected(std::move(read.error()));
    return (*read)->tasks(id);
  };
  services.stored_turns = [this](RunId id, std::uint32_t task) -> Result<std::vector<StoredTurn>> {
    auto read = reader();
    if (!read) return std::unexpected(std::move(read.error()));
    return (*read)->turns(id, task);
  };
  services.content = [this](std::int64_t row) -> Result<Bytes> {
    auto read = reader();
    if (!read) return std::unexpected(std::move(read.error()));
    return (*read)->content(row);
  };
  return services;
}

Result<Engine::Begun> Engine::begin(NewRun run, Runner::Watcher* watcher, OnEnd on_end) {
  RunStart start{.id = RunId::make(loop_.wall()),
                 .workflow = run.workflow,
                 .inputs = std::move(run.inputs),
                 .created = loop_.wall(),
                 .budget = run.budget,
                 .approve_all = run.approve_all};
  auto key = key_of(*run.workflow, start.inputs, start.id, start.created);
  if (!key) {
    return fail(ErrorCode::invalid, "run.idempotency_key has no value: " + key.error().message);
  }
  if (!key->empty()) {
    // Of one that has just begun, the journal may not tell yet.
    for (const auto& [id, running] : runs_) {
      if (running->runner->key() == *key) return Begun{id, true};
    }
    auto read = reader();
    if (!read) return std::unexpected(std::move(read.error()));
    auto same = (*read)->run_with_key(*key);
    if (!same) return std::unexpected(std::move(same.error()));
    if (*same) return Begun{(*same)->id, true};
    start.key = std::move(*key);
  }
  start.secrets = secrets_for(*run.workflow, start.inputs);
  const RunId id = start.id;
  auto runner = std::make_unique<Runner>(services(), std::move(start));
  runner->watch(watcher);
  runner->create();
  journal_->hold(id, 1);
  launch(std::move(runner), std::move(on_end));
  return Begun{id};
}

Result<std::shared_ptr<const workflow::Workflow>> Engine::workflow_of(RunId id) {
  auto read = reader();
  if (!read) return std::unexpected(std::move(read.error()));
  auto spec = (*read)->spec(id);
  if (!spec) return std::unexpected(std::move(spec.error()));
  return load_(std::move(*spec));
}

Result<workflow::Map> Engine::inputs_of(RunId id, const workflow::Workflow& workflow,
                                        workflow::Map set) {
  auto read = reader();
  if (!read) return std::unexpected(std::move(read.error()));
  auto text = (*read)->inputs(id);
  if (!text) return std::unexpected(std::move(text.error()));
  auto stored = workflow::Value::parse(*text);
  if (!stored) return std::unexpected(std::move(stored.error()));
  for (const workflow::Member& before : stored->members()) {
    if (std::ranges::find(set, before.name, &workflow::Member::name) == set.end()) {
      set.push_back(before);
    }
  }
  add_secret_inputs(workflow, set);
  return workflow::bind_inputs(workflow, set);
}

Result<RunId> Engine::fork(ForkRun fork, Runner::Watcher* watcher, OnEnd on_end) {
  auto read = reader();
  if (!read) return std::unexpected(std::move(read.error()));
  auto source = (*read)->run(fork.source);
  if (!source) return std::unexpected(std::move(source.error()));
  if (is_live(source->state)) {
    return fail(ErrorCode::invalid,
                fmt::format("run {} has not ended: it is {}; cancel it, or let it end first",
                            source->id.text(), name_of(source->state)));
  }
  auto workflow = workflow_of(fork.source);
  if (!workflow) return std::unexpected(std::move(workflow.error()));
  auto inputs = inputs_of(fork.source, **workflow, std::move(fork.set));
  if (!inputs) return std::unexpected(std::move(inputs.error()));
  auto stored = (*read)->tasks(fork.source);
  if (!stored) return std::unexpected(std::move(stored.error()));
  auto plan = plan_fork(**workflow, fork.source, *stored, fork.from);
  if (!plan) return std::unexpected(std::move(plan.error()));
  RunStart start{.id = RunId::make(loop_.wall()),
                 .workflow = std::move(*workflow),
                 .inputs = std::move(*inputs),
                 .created = loop_.wall(),
                 .budget = fork.budget ? fork.budget : source->budget,
                 .parent = fork.source.value,
                 .approve_all = fork.approve_all};
  start.secrets = secrets_for(*start.workflow, start.inputs);
  const RunId id = start.id;
  auto runner = std::make_unique<Runner>(services(), std::move(start));
  runner->watch(watcher);
  if (auto created = runner->create_from(std::move(*plan)); !created) {
    return std::unexpected(std::move(created.error()));
  }
  journal_->hold(id, 1);
  launch(std::move(runner), std::move(on_end));
  return id;
}

Result<void> Engine::resume(RunId id, std::optional<NanoDollars> budget, Runner::Watcher* watcher,
                            OnEnd on_end, bool approve_all) {
  if (runs_.contains(id)) return fail(ErrorCode::invalid, "the run goes on already");
  auto read = reader();
  if (!read) return std::unexpected(std::move(read.error()));
  auto stored = (*read)->run(id);
  if (!stored) return std::unexpected(std::move(stored.error()));
  if (!is_live(stored->state)) {
    return fail(ErrorCode::invalid,
                fmt::format("run {} has ended: it is {}", id.text(), name_of(stored->state)));
  }
  auto workflow = workflow_of(id);
  if (!workflow) return std::unexpected(std::move(workflow.error()));
  auto inputs = inputs_of(id, **workflow, {});
  if (!inputs) return std::unexpected(std::move(inputs.error()));

  auto store = open_journal_store(options_.journal_path);
  if (!store) return std::unexpected(std::move(store.error()));
  const auto epoch = take_lease(**store, id, options_.owner, loop_.wall(), options_.lease);
  if (!epoch) return std::unexpected(epoch.error());
  // Only now: before, its owner may have written more.
  auto tasks = (*read)->tasks(id);
  if (!tasks) return std::unexpected(std::move(tasks.error()));
  RunStart start{.id = id,
                 .key = stored->key,
                 .workflow = std::move(*workflow),
                 .inputs = std::move(*inputs),
                 .created = stored->created,
                 .budget = budget ? budget : stored->budget,
                 .parent = stored->parent,
                 .approve_all = approve_all};
  start.secrets = secrets_for(*start.workflow, start.inputs);
  auto runner = std::make_unique<Runner>(services(), std::move(start));
  runner->watch(watcher);
  journal_->hold(id, *epoch);
  if (budget) runner->set_budget(budget);
  if (auto restored = runner->restore(std::move(*tasks)); !restored) {
    journal_->let_go(id);
    journal_->append(ReleaseLease{.run = id});
    return restored;
  }
  launch(std::move(runner), std::move(on_end));
  return {};
}

std::vector<RunId> Engine::resume_all(OnEnd on_end) {
  std::vector<RunId> resumed;
  auto read = reader();
  if (!read) return resumed;
  auto live = (*read)->live_runs();
  if (!live) return resumed;
  for (const StoredRun& run : *live) {
    if (run.state == RunState::paused_budget) continue;
    if (resume(run.id, std::nullopt, nullptr, on_end)) resumed.push_back(run.id);
  }
  return resumed;
}

void Engine::launch(std::unique_ptr<Runner> runner, OnEnd on_end) {
  const RunId id = runner->id();
  runs_[id] = std::make_unique<Running>(Running{std::move(runner), std::move(on_end)});
  group_.spawn(follow(id));
}

Task<void> Engine::follow(RunId id) {
  Running& running = *runs_.at(id);
  RunEnd end = co_await running.runner->run();
  journal_->let_go(id);
  if (!end.lost || end.lost->code == ErrorCode::canceled) {
    journal_->append(ReleaseLease{.run = id});
  }
  const OnEnd on_end = std::move(running.on_end);
  runs_.erase(id);
  if (on_end) on_end(id, end);
}

Runner* Engine::find(RunId id) {
  const auto found = runs_.find(id);
  return found == runs_.end() ? nullptr : found->second->runner.get();
}

std::string Engine::carry_out(const Command& command) {
  Runner* const runner = find(command.run);
  if (runner == nullptr) return "the run is not at work here";
  const auto answer = [](const Result<void>& done, std::string_view what) {
    return done ? std::string(what) : done.error().message;
  };
  if (command.verb == "cancel" && command.task.empty()) {
    runner->cancel(command.argument.empty() ? "cancelled" : "cancelled: " + command.argument);
    return "cancelled";
  }
  if (command.verb == "cancel") return answer(runner->cancel_task(command.task), "cancelled");
  if (command.verb == "approve" || command.verb == "reject") {
    const bool approved = command.verb == "approve";
    return answer(runner->decide(command.task, approved, command.argument),
                  approved ? "approved" : "rejected");
  }
  return fmt::format("there is no command {}", command.verb);
}

void Engine::abandon() {
  for (auto& [id, running] : runs_) running->runner->abandon();
}

}  // namespace tidegate::engine
