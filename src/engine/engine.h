// Engine: the runs of one process: begins and resumes them, holds their leases, carries out
// commands from the journal. Lives on one loop; every call from its thread. Reads of the journal
// block it for a moment, at the start of a run only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/journal_reader.h"
#include "engine/run_archive.h"
#include "engine/runner.h"
#include "engine/store_journal.h"
#include "engine/taken_run.h"
#include "loop/task_group.h"

namespace tidegate::engine {

struct EngineOptions {
  std::string journal{};               // journal_place.h
  std::string owner{};                 // owner.h; empty: this process
  Duration lease = 20s;                // how long a process that is not heard of keeps its runs
  Duration patience = 10min;           // with a store that takes nothing
  std::vector<std::string> secrets{};  // of the process: never written down
  bool give = false;                   // requests to other processes (giving.h)
  std::size_t keep = 16;               // requests at a time, before any is given
  std::uint32_t orphans = 5;           // of a task, which then fails
};

struct NewRun {
  std::shared_ptr<const workflow::Workflow> workflow;
  workflow::Map inputs{};  // bound
  std::optional<NanoDollars> budget{};
  bool approve_all = false;
};

// A run that begins with results of another one, which has ended.
struct ForkRun {
  RunId source{};
  std::string from{};                   // the task that is done again, with all that depends on it
  workflow::Map set{};                  // inputs in the place of those of before
  std::optional<NanoDollars> budget{};  // in the place of that of before
  bool approve_all = false;
};

class Engine {
 public:
  using OnEnd = std::function<void(RunId, const RunEnd&)>;
  // How a run goes on that did not end.
  struct Resume {
    std::optional<NanoDollars> budget{};  // in the place of that of before
    Runner::Watcher* watcher = nullptr;
    OnEnd on_end{};
    bool approve_all = false;
  };
  // Gives a workflow of an earlier run from the files that the journal kept.
  using Load = std::function<Result<std::shared_ptr<const workflow::Workflow>>(std::string spec)>;

  static Result<std::unique_ptr<Engine>> open(EngineOptions options, Loop& loop, Models& models,
                                              const Pricing& pricing, ToolUser* tools, Load load);
  ~Engine();  // every run must have ended: abandon() and wait for idle()

  // `existed`: a run with its idempotency key was there, and is the one that is given.
  struct Begun {
    RunId id;
    bool existed = false;
  };
  Result<Begun> begin(NewRun run, Runner::Watcher* watcher, OnEnd on_end);
  // Of a run that the journal did not take, with its idempotency key: the run that another process
  // began with that key at the same moment.
  Task<std::optional<RunId>> twin_of(RunId run, std::string key);
  // Error unavailable: another process works on it; invalid: it has ended.
  Result<void> resume(RunId id, Resume how);
  // The same for a run that was taken for this owner. Where it cannot go on, its state says why,
  // and its lease is given back.
  Result<void> go_on(TakenRun taken, Resume how);
  // Is told of every run that ends here without its end being written, but for those that
  // abandon() leaves.
  void on_lost(std::function<void(RunId, const Error&)> handler) { on_lost_ = std::move(handler); }
  // Error not_found: no such run or task, with near names; invalid: the run has not ended, or an
  // input that there is not.
  Result<RunId> fork(ForkRun fork, Runner::Watcher* watcher, OnEnd on_end);
  // The workflow of a run of the journal, as it was when the run began.
  Result<std::shared_ptr<const workflow::Workflow>> workflow_of(RunId id);
  // What a row of the journal's commands asks for. The answer is a sentence.
  std::string carry_out(const Command& command);
  [[nodiscard]] Runner* find(RunId id);
  // Of a run that is at work here; null: it is not.
  [[nodiscard]] Journal* journal_of(RunId id);
  [[nodiscard]] bool idle() const {
    return group_.empty() && (giving_ == nullptr || giving_->idle());
  }
  // Whether, beside that, everything is durable.
  [[nodiscard]] bool settled() const { return idle() && journal_->empty(); }
  [[nodiscard]] const EngineOptions& options() const { return options_; }
  // Null: this process makes all requests itself.
  [[nodiscard]] const Giving* giving() const { return giving_.get(); }
  // Ends what is in flight and leaves all runs as they are, to be resumed.
  void abandon();

 private:
  struct Running;
  Engine(EngineOptions options, Loop& loop, Models& models, const Pricing& pricing, ToolUser* tools,
         Load load);
  Result<void> open_journal();
  template <class Question>
  std::invoke_result_t<Question, JournalReader&> read(Question question);
  [[nodiscard]] std::vector<std::string> secrets_for(const workflow::Workflow& workflow,
                                                     const workflow::Map& inputs) const;
  [[nodiscard]] Services services(Journal& journal);
  Result<std::unique_ptr<Runner>> restored(TakenRun taken, const Resume& how, Journal& journal);
  void launch(std::unique_ptr<Runner> runner, Journal& journal, OnEnd on_end);
  void leave(RunId id, Journal& journal);
  Task<void> follow(RunId id);
  Task<Result<std::optional<StoredWithin>>> find_within(std::string key);
  Task<Result<RunContents>> contents(RunId run, NeededContents needed);

  EngineOptions options_;
  Loop& loop_;
  Models& models_;
  const Pricing& pricing_;
  ToolUser* tools_;
  Load load_;
  std::unique_ptr<StoreJournal> journal_;
  std::unique_ptr<Giving> giving_;  // null: no process shares the store
  std::optional<JournalReader> reader_;
  RunArchive archive_;  // for who must not wait
  std::function<void(RunId, const Error&)> on_lost_;
  std::map<RunId, std::unique_ptr<Running>> runs_;
  bool abandoned_ = false;
  TaskGroup group_;
};

// Secret inputs are asked of the environment: TIDEGATE_INPUT_NAME. Adds those that `given` lacks.
void add_secret_inputs(const workflow::Workflow& workflow, workflow::Map& given);

}  // namespace tidegate::engine
