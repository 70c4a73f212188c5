// Workflow: tasks of specialised agents that need one another, run in the program's own process by
// the engine that `tidegate workflow` has: checked before anything is sent, results durable before
// what needs them begins, money reserved for each request, nothing that has ended sent again.
//
//   tidegate::Workflow workflow({.model = "deepseek-v4-flash"});
//   workflow.add({.id = "draft", .role = "documentation", .prompt = "Write release notes."});
//   workflow.add({.id = "review", .role = "security_auditor",
//                 .prompt = "Find leaks in:\n${{ needs.draft.output }}", .needs = {"draft"}});
//   auto result = workflow.run(*client);
//   if (!result) return say(result.error().message);
//   for (const tidegate::RoleReport& role : result->roles) show(role.role, role.cost);
//
// Plain values but for run(), which blocks its thread and asks models through the client, whose
// limits hold. One workflow may run on several threads at once; each run is one of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidegate/amounts.h"
#include "tidegate/chat.h"
#include "tidegate/clock.h"
#include "tidegate/error.h"
#include "tidegate/usage.h"

namespace tidegate {

class Client;

// What is left empty is as the role says, then as the workflow says. Texts may have ${{ ... }}:
// docs/workflows.md says what stands in it.
struct AgentTask {
  std::string id;
  std::string role = {};  // one of the 17 built in, or of WorkflowOptions::roles; empty: none
  std::string prompt;
  std::vector<std::string> needs = {};       // tasks that must have ended before
  std::vector<std::string> context = {};     // of these: whose outputs stand before the prompt
  std::string condition = {};                // `if`: "${{ needs.scan.failed > 0 }}", "always()"
  std::string for_each = {}, item_key = {};  // once for each item of a list: "${{ inputs.files }}"
  int priority = 0;                          // higher first
  std::string model = {};
  std::vector<std::string> fallback = {};  // models to ask when that one cannot answer
  Thinking thinking = Thinking::automatic;
  std::optional<double> temperature = {};
  std::optional<Tokens> max_tokens = {};
  std::string json_schema = {};  // that its output must fit; it is repaired where it does not
  std::vector<std::string> tools = {};  // "SERVER.TOOL", all that it may call
  bool continue_on_error = false;       // what needs it runs although it failed
  bool side_effects_once = false;       // never tried again by itself after an end that is unknown
  std::optional<int> attempts = {};     // at its requests, the first included
  std::optional<NanoDollars> budget = {};
};

struct AgentRole {
  std::string name;
  std::string system;        // its prompt
  std::string extends = {};  // a role whose settings it has
  std::string model = {};
  std::optional<double> temperature = {};
};

// A server of the Model Context Protocol.
struct ToolServer {
  std::string name;
  std::vector<std::string> command = {};  // program and arguments; or
  std::string url = {};
  std::string auth_env = {};  // the variable of the environment that has its bearer token
};

struct WorkflowOptions {
  std::string name = "workflow";
  std::string model = {};  // of tasks that name none
  std::vector<AgentRole> roles = {};
  std::vector<ToolServer> tool_servers = {};
  std::vector<std::string> context = {};  // texts that all tasks are told
  // ${{ inputs.NAME }}: names and JSON values.
  std::vector<std::pair<std::string, std::string>> inputs = {};
  std::optional<NanoDollars> budget = {};  // the run pauses before it would spend more
  int max_parallel = 64;                   // requests at a time
  bool fail_fast = false;                  // the first failure that counts cancels the run
  // File of the journal (SQLite), which `tidegate workflow report` reads. Empty: a temporary one,
  // which is gone at the end.
  std::string journal = {};
  // With a journal: a run of this key that is there already is gone on with, or its result is given
  // if it has ended. Empty: each run is a new one.
  std::string key = {};
};

enum class TaskOutcome : std::uint8_t {
  unfinished,  // the run paused or was left before
  succeeded,
  failed,
  skipped,
  cancelled,
};
enum class WorkflowOutcome : std::uint8_t {
  succeeded,
  failed,     // a task failed
  partial,    // a task failed whose failure does not count
  cancelled,  // by the program
  paused,     // its budget cannot hold the next request
};
[[nodiscard]] std::string_view name(TaskOutcome outcome);
[[nodiscard]] std::string_view name(WorkflowOutcome outcome);

// Of a task, or of one of its items.
struct AgentResult {
  std::string id, item;  // item: its key; empty: the task has none
  std::string role;
  TaskOutcome outcome = TaskOutcome::unfinished;
  std::string output;           // a text, or JSON where it has a form
  std::string error;            // of a failure: a sentence
  std::string model, provider;  // that answered last
  unsigned requests = 0;
  Usage tokens;  // of all its requests, failed ones included
  NanoDollars cost;
  Duration took{};  // from its first request to its end
};

// What the tasks of a role came to; a task with items counts as these.
struct RoleReport {
  std::string role;  // empty: tasks without one
  std::uint64_t tasks = 0, succeeded = 0, failed = 0;
  double success_rate = 0;  // succeeded of those that succeeded or failed; 0 without any
  std::uint64_t requests = 0;
  Usage tokens;
  NanoDollars cost;
};

struct WorkflowResult {
  std::string run;  // its id, as `tidegate workflow report` knows it
  WorkflowOutcome outcome = WorkflowOutcome::failed;
  std::string reason;              // why it failed or paused; empty: nothing to say
  std::vector<AgentResult> tasks;  // in the order in which they were added, items in that of lists
  std::vector<RoleReport> roles;   // the dearest first
  RoleReport total;
  Duration took{};

  // Null: there is none.
  [[nodiscard]] const AgentResult* find(std::string_view id, std::string_view item = {}) const;
};

class Workflow {
 public:
  explicit Workflow(WorkflowOptions options = {}) : options_(std::move(options)) {}

  Workflow& add(AgentTask task) {
    tasks_.push_back(std::move(task));
    return *this;
  }
  // As a file that `tidegate workflow run` takes.
  [[nodiscard]] std::string text() const;

  // Until the run ends or pauses. Error invalid: all that is wrong with the workflow, a line each,
  // before anything is sent; io: the journal cannot be used. A run that fails is a result.
  // `on_end` is called by this thread whenever a task or an item has ended. A stop request cancels
  // the run. The client must outlive the call.
  Result<WorkflowResult> run(Client& client,
                             const std::function<void(const AgentResult&)>& on_end = {},
                             std::stop_token stop = {}) const;

 private:
  WorkflowOptions options_;
  std::vector<AgentTask> tasks_;
};

}  // namespace tidegate
