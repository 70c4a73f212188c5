#include "engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "engine/journal_place.h"
#include "engine/owner.h"
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

// As they were bound; secret ones out of the environment. Those of `set` instead.
Result<workflow::Map> inputs_of(const std::string& text, const workflow::Workflow& workflow,
                                workflow::Map set) {
  auto stored = workflow::Value::parse(text);
  if (!stored) return std::unexpected(std::move(stored.error()));
  for (const workflow::Member& before : stored->members()) {
    if (std::ranges::find(set, before.name, &workflow::Member::name) == set.end()) {
      set.push_back(before);
    }
  }
  add_secret_inputs(workflow, set);
  return workflow::bind_inputs(workflow, set);
}

// An input is written down as it is given, to go on with; so what is secret must say so.
Result<void> check_inputs(const workflow::Workflow& workflow, const workflow::Map& inputs,
                          std::span<const std::string> process) {
  std::vector<std::string> secrets;
  for (const std::string& secret : process) add_secret(secrets, secret);
  for (const workflow::Member& given : inputs) {
    const auto input = std::ranges::find(workflow.inputs, given.name, &workflow::Input::name);
    if (input != workflow.inputs.end() && input->secret) continue;
    const std::string before = given.value.json();
    std::string after = before;
    redact(after, secrets);
    if (after == before) continue;
    return fail(ErrorCode::invalid,
                fmt::format("input {} holds a key of this gateway, and would be written down: give "
                            "the input `secret: true`, or another value",
                            given.name),
                "inputs." + given.name);
  }
  return {};
}

}  // namespace

struct Engine::Running {
  std::unique_ptr<Runner> runner;
  Journal& journal;
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
      load_(std::move(load)),
      archive_([place = options_.journal] { return open_journal_store(place); }) {
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
  auto journal = StoreJournal::open({.place = options_.journal,
                                     .owner = options_.owner,
                                     .patience = options_.patience,
                                     .lease = options_.lease},
                                    loop_);
  if (!journal) return std::unexpected(std::move(journal.error()));
  journal_ = std::move(*journal);
  if (options_.give) {
    giving_ = std::make_unique<Giving>(
        loop_, [place = options_.journal] { return open_journal_store(place); },
        Giving::Options{.owner = options_.owner, .lease = options_.lease, .keep = options_.keep});
  }
  journal_->on_command([this](Command command) {
    std::string answer = carry_out(command);
    journal_->answer({.id = command.id, .answer = std::move(answer)});
  });
  return {};
}

// A connection that was lost stays so: the next question gets a new one.
template <class Question>
std::invoke_result_t<Question, JournalReader&> Engine::read(Question question) {
  if (!reader_) {
    auto opened = JournalReader::open(options_.journal);
    if (!opened) return std::unexpected(std::move(opened.error()));
    reader_ = std::move(*opened);
  }
  auto answer = question(*reader_);
  if (!answer &&
      (answer.error().code == ErrorCode::unavailable || answer.error().code == ErrorCode::io)) {
    reader_.reset();
  }
  return answer;
}

std::vector<std::string> Engine::secrets_for(const workflow::Workflow& workflow,
                                             const workflow::Map& inputs) const {
  std::vector<std::string> secrets = secrets_of(workflow, inputs);
  for (const std::string& secret : options_.secrets) add_secret(secrets, secret);
  return secrets;
}

Services Engine::services(Journal& journal) {
  Services services{.loop = loop_,
                    .journal = journal,
                    .models = models_,
                    .pricing = pricing_,
                    .tools = tools_,
                    .giving = giving_.get(),
                    .orphans = options_.orphans};
  services.find_within = [this](std::string key) { return find_within(std::move(key)); };
  services.contents = [this](RunId run, NeededContents needed) {
    return contents(run, std::move(needed));
  };
  return services;
}

Task<Result<std::optional<StoredWithin>>> Engine::find_within(std::string key) {
  using Found = std::optional<StoredWithin>;
  auto asking = archive_.ask<Found>(
      loop_, [key = std::move(key)](RunArchive::Access access) -> Result<Found> {
        auto run = access.reader.run_with_key(key);
        if (!run) return std::unexpected(std::move(run.error()));
        if (!*run) return std::nullopt;
        auto tasks = access.reader.tasks((*run)->id);
        if (!tasks) return std::unexpected(std::move(tasks.error()));
        return StoredWithin{.run = std::move(**run), .tasks = std::move(*tasks)};
      });
  co_return co_await asking;
}

Task<Result<RunContents>> Engine::contents(RunId run, NeededContents needed) {
  auto asking = archive_.ask<RunContents>(
      loop_, [run, needed = std::move(needed)](RunArchive::Access access) {
        return read_contents(access.reader, run, needed);
      });
  co_return co_await asking;
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
    auto same = read([&](JournalReader& reader) { return reader.run_with_key(*key); });
    if (!same) return std::unexpected(std::move(same.error()));
    if (*same) return Begun{(*same)->id, true};
    start.key = std::move(*key);
  }
  start.secrets = secrets_for(*run.workflow, start.inputs);
  if (auto fit = check_inputs(*run.workflow, start.inputs, options_.secrets); !fit) {
    return std::unexpected(std::move(fit.error()));
  }
  const RunId id = start.id;
  Journal& journal = journal_->begin(id);
  auto runner = std::make_unique<Runner>(services(journal), std::move(start));
  runner->watch(watcher);
  runner->create();
  launch(std::move(runner), journal, std::move(on_end));
  return Begun{id};
}

Task<std::optional<RunId>> Engine::twin_of(RunId run, std::string key) {
  if (key.empty()) co_return std::nullopt;
  auto asking = archive_.ask<std::optional<StoredRun>>(
      loop_, [key = std::move(key)](RunArchive::Access access) {
        return access.reader.run_with_key(key);
      });
  const Result<std::optional<StoredRun>> same = co_await asking;
  if (!same || !*same || (*same)->id == run) co_return std::nullopt;
  co_return (*same)->id;
}

Result<std::shared_ptr<const workflow::Workflow>> Engine::workflow_of(RunId id) {
  auto spec = read([&](JournalReader& reader) { return reader.spec(id); });
  if (!spec) return std::unexpected(std::move(spec.error()));
  return load_(std::move(*spec));
}

Result<RunId> Engine::fork(ForkRun fork, Runner::Watcher* watcher, OnEnd on_end) {
  auto source = read([&](JournalReader& reader) { return reader.run(fork.source); });
  if (!source) return std::unexpected(std::move(source.error()));
  if (is_live(source->state)) {
    return fail(ErrorCode::invalid,
                fmt::format("run {} has not ended: it is {}; cancel it, or let it end first",
                            source->id.text(), name_of(source->state)));
  }
  auto workflow = workflow_of(fork.source);
  if (!workflow) return std::unexpected(std::move(workflow.error()));
  auto text = read([&](JournalReader& reader) { return reader.inputs(fork.source); });
  if (!text) return std::unexpected(std::move(text.error()));
  auto inputs = inputs_of(*text, **workflow, std::move(fork.set));
  if (!inputs) return std::unexpected(std::move(inputs.error()));
  auto stored = read([&](JournalReader& reader) { return reader.tasks(fork.source); });
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
  if (auto fit = check_inputs(*start.workflow, start.inputs, options_.secrets); !fit) {
    return std::unexpected(std::move(fit.error()));
  }
  const RunId id = start.id;
  Journal& journal = journal_->begin(id);
  auto runner = std::make_unique<Runner>(services(journal), std::move(start));
  runner->watch(watcher);
  auto contents = read([&](JournalReader& reader) {
    return read_contents(reader, id, runner->needed_contents(plan->tasks));
  });
  Result<void> created = contents ? runner->create_from(std::move(*plan), std::move(*contents))
                                  : std::unexpected(contents.error());
  if (!created) {
    journal_->let_go(journal);
    return std::unexpected(std::move(created.error()));
  }
  launch(std::move(runner), journal, std::move(on_end));
  return id;
}

Result<void> Engine::resume(RunId id, Resume how) {
  if (runs_.contains(id)) return fail(ErrorCode::invalid, "the run goes on already");
  auto store = open_journal_store(options_.journal);
  if (!store) return std::unexpected(std::move(store.error()));
  auto taken = read([&](JournalReader& reader) {
    return take_run(reader, **store, id, options_.owner, options_.lease);
  });
  if (!taken) return std::unexpected(std::move(taken.error()));
  return go_on(std::move(*taken), std::move(how));
}

Result<void> Engine::go_on(TakenRun taken, Resume how) {
  const RunId id = taken.run.id;
  const RunState before = taken.run.state;
  const std::string reason = taken.run.reason;
  if (runs_.contains(id)) return fail(ErrorCode::invalid, "the run goes on already");
  Journal& journal = journal_->hold(id, taken.epoch);
  auto runner = restored(std::move(taken), how, journal);
  const std::string why = runner ? std::string() : "it cannot go on: " + runner.error().message;
  if (why != reason) {
    journal.append(SetRunState{.run = id,
                               .state = runner ? RunState::running : before,
                               .reason = why,
                               .at = loop_.wall()});
  }
  if (!runner) {
    leave(id, journal);
    return std::unexpected(std::move(runner.error()));
  }
  launch(std::move(*runner), journal, std::move(how.on_end));
  return {};
}

Result<std::unique_ptr<Runner>> Engine::restored(TakenRun taken, const Resume& how,
                                                 Journal& journal) {
  auto workflow = load_(std::move(taken.spec));
  if (!workflow) return std::unexpected(std::move(workflow.error()));
  auto inputs = inputs_of(taken.inputs, **workflow, {});
  if (!inputs) return std::unexpected(std::move(inputs.error()));
  RunStart start{.id = taken.run.id,
                 .key = taken.run.key,
                 .workflow = std::move(*workflow),
                 .inputs = std::move(*inputs),
                 .created = taken.run.created,
                 .budget = how.budget ? how.budget : taken.run.budget,
                 .parent = taken.run.parent,
                 .approve_all = how.approve_all};
  start.secrets = secrets_for(*start.workflow, start.inputs);
  auto runner = std::make_unique<Runner>(services(journal), std::move(start));
  runner->watch(how.watcher);
  auto contents = read([&](JournalReader& reader) {
    return read_contents(reader, runner->id(), runner->needed_contents(taken.tasks));
  });
  if (!contents) return std::unexpected(std::move(contents.error()));
  if (how.budget) runner->set_budget(how.budget);
  auto done = runner->restore(std::move(taken.tasks), std::move(*contents));
  if (!done) return std::unexpected(std::move(done.error()));
  return runner;
}

void Engine::launch(std::unique_ptr<Runner> runner, Journal& journal, OnEnd on_end) {
  const RunId id = runner->id();
  runs_[id] = std::make_unique<Running>(Running{std::move(runner), journal, std::move(on_end)});
  if (giving_ != nullptr) giving_->start();
  group_.spawn(follow(id));
}

// The store takes nothing more of a run that is lost.
void Engine::leave(RunId id, Journal& journal) {
  journal.append(ReleaseLease{.run = id});
  journal_->let_go(journal);
}

Task<void> Engine::follow(RunId id) {
  Running& running = *runs_.at(id);
  RunEnd end = co_await running.runner->run();
  leave(id, running.journal);
  if (end.lost && end.lost->code == ErrorCode::invalid) {
    end.twin = co_await twin_of(id, running.runner->key());
  }
  if (end.lost && !end.twin && !abandoned_ && on_lost_) on_lost_(id, *end.lost);
  const OnEnd on_end = std::move(running.on_end);
  runs_.erase(id);
  if (runs_.empty() && giving_ != nullptr) giving_->stop();
  if (on_end) on_end(id, end);
}

Journal* Engine::journal_of(RunId id) {
  const auto found = runs_.find(id);
  return found == runs_.end() ? nullptr : &found->second->journal;
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
  abandoned_ = true;
  for (auto& [id, running] : runs_) running->runner->abandon();
}

}  // namespace tidegate::engine
