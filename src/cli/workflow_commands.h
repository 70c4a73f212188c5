// The verbs of `tidegate workflow` that run, show and steer runs: one function each, in a file per
// group. Each returns the process's exit code: 0 succeeded, 1 failed, partial, cancelled or paused,
// 2 wrong usage, 3 could not run.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/money.h"
#include "engine/journal_reader.h"

namespace tidegate::cli {

struct RunWorkflowOptions {
  std::string config;
  std::string file;                 // to run
  std::string run;                  // to resume
  std::vector<std::string> inputs;  // NAME=TEXT
  std::string budget;               // dollars; empty: the workflow's
  bool json = false;
  bool yes = false;  // approves whatever asks
};
int run_workflow(const RunWorkflowOptions& options);
int resume_workflow(const RunWorkflowOptions& options);

struct ForkRunOptions {
  RunWorkflowOptions how;  // its `run` is the one that is forked, its `inputs` are --set
  std::string from;        // the task that is done again
};
int fork_workflow(const ForkRunOptions& options);

struct ShowRunOptions {
  std::string config;
  std::string run;
  bool json = false;
  std::string html{};   // report: the file that gets the page; empty: none
  std::string other{};  // diff: the run that `run` is compared with
};
int list_runs(const ShowRunOptions& options);
int report_run(const ShowRunOptions& options);
int diff_runs(const ShowRunOptions& options);
int export_run(const ShowRunOptions& options);

struct SteerRunOptions {
  std::string config;
  std::string run, task;
  std::string verb;  // cancel, approve or reject
};
int steer_run(const SteerRunOptions& options);

// Opens the journal of the configuration and finds the run; prints why it cannot.
struct FoundRun {
  std::string journal;
  engine::JournalReader reader;
  engine::StoredRun run;
};
std::optional<FoundRun> find_run(const std::string& config, const std::string& run);
// The journal's file, beside the ledger; empty, with problems printed, if the configuration is bad.
std::string workflow_journal(const std::string& config);

}  // namespace tidegate::cli
