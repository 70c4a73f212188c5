// Workflow: a file that was read and checked, with all names resolved and all defaults in place.
// Made by load.h; read by plan, render and the engine. Immutable once loaded, any thread; share it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "config/config.h"
#include "schema/schema.h"
#include "workflow/expression.h"
#include "workflow/moment.h"
#include "workflow/template.h"
#include "workflow/value.h"

namespace tidegate::workflow {

// Index into Workflow::tasks; the order is the file's.
using TaskIndex = std::uint32_t;
using RoleIndex = std::uint16_t;
inline constexpr RoleIndex kNoRole = 0xffff;

enum class InputType : std::uint8_t { any, string, number, integer, boolean, array, object };

struct Input {
  std::string name;
  std::string description;
  InputType type = InputType::any;
  InputType items = InputType::any;  // of an array
  bool required = false;
  bool secret = false;  // redacted in journal and report
  Value fallback;       // `default`, or what the file of `from` holds; null: none
};

// When requests may be sent, by the calendar of their model.
enum class Window : std::uint8_t {
  any,
  off_peak,      // waits for cheap hours while the deadline leaves slack
  only_off_peak  // never in peak hours; late rather than dear
};

enum class PriorityOrder : std::uint8_t { higher_first, lower_first };

// What happens when a budget cannot hold the next request's worst case.
enum class OnExceed : std::uint8_t {
  pause,          // no new requests; the run waits for a larger budget (paused_budget)
  stop,           // requests in flight are cancelled, the run fails
  finish_running  // requests in flight end, the run then fails
};

struct Budget {
  std::optional<NanoDollars> usd;  // absent: no limit
  OnExceed on_exceed = OnExceed::pause;
  std::vector<double> warn_at;  // shares of usd, ascending, above 0 and up to 1
  std::vector<std::pair<RoleIndex, NanoDollars>> per_role;
};

struct RunSettings {
  std::optional<Deadline> deadline;
  Window window = Window::any;
  std::uint32_t max_parallel = 64;  // requests of the run at the same time, 1 to 100,000
  bool fail_fast = false;           // the first failure that counts cancels the run
  PriorityOrder priority_order = PriorityOrder::higher_first;
  Template idempotency_key;  // a second run with the same key is the first one; empty: none
  bool prime = false;        // of a fan-out one item goes first and warms the provider's cache
};

// Which model answers, as far as the file says; what it leaves open the gateway decides.
struct ModelChoice {
  std::string
      model;  // id or alias of the catalogue, "auto" or "route:NAME" of the gateway's config
  std::vector<std::string> fallback;  // ids or aliases, asked in order when the model cannot answer
  config::Thinking thinking = config::Thinking::unset;
  std::optional<double> temperature;  // 0 to 2
  std::optional<Tokens> max_tokens;   // of an answer; absent: the route's or the model's
};

struct Timeouts {
  Duration queue = 30min;  // from ready to sent; 0: for ever
  Duration idle = 3min;    // without a byte of the answer
  Duration total = 40min;  // from sent to answered, one attempt
};

enum class ErrorClass : std::uint8_t {
  transport,       // connection refused, cut, truncated stream
  rate_limit,      // 429
  server,          // 5xx
  timeout,         // idle or total
  invalid_output,  // no JSON, or not as the schema says, after its repairs
  tool             // a tool server failed
};
[[nodiscard]] std::string_view name(ErrorClass error);

struct Retry {
  int attempts = 4;                   // the first included
  Duration backoff = 2s, max = 2min;  // doubles from the one to the other
  bool jitter = true;                 // full: anything from 0 to the backoff
  std::uint32_t on = 0b011111;        // bits by ErrorClass
  [[nodiscard]] bool retries(ErrorClass error) const {
    return (on >> static_cast<unsigned>(error) & 1u) != 0;
  }
};

struct Guards {
  int turns = 12;            // requests of one attempt, tool results included
  int repeat_tool_call = 3;  // times the same tool may be called with the same arguments
  Tokens tokens = 0;         // prompt and answer of all turns of all attempts; 0: no limit
};

// What a task's failure means for the run.
enum class OnError : std::uint8_t {
  fail,             // the run fails; what does not depend on the task still runs
  skip_dependents,  // dependents are skipped, the run ends `partial`
  proceed           // `continue`: dependents run as if it had been skipped by choice
};

// What is done with outputs of tasks that do not fit into the model's context.
enum class ContextPolicy : std::uint8_t { full, tail, summary, map_reduce };
[[nodiscard]] std::string_view name(ContextPolicy policy);

enum class SideEffects : std::uint8_t {
  none,
  once  // an attempt whose end is unknown is never tried again by itself
};

struct OutputForm {
  std::string schema;                               // JSON Schema, one line of JSON
  std::shared_ptr<const schema::Schema> validator;  // of the same
  int repair = 2;  // times the model is shown what was wrong, 0 to 10
};

// What most tasks have in common: one object for all that say nothing of their own.
struct TaskSettings {
  ModelChoice model;
  Timeouts timeouts;
  Retry retry;
  Guards guards;
  OnError on_error = OnError::fail;
  ContextPolicy context_policy = ContextPolicy::full;
  SideEffects side_effects = SideEffects::none;
  Window window = Window::any;
  std::optional<Deadline> deadline;  // of the task; the run's holds anyway
  std::optional<NanoDollars>
      budget;                      // of the task, all its items and retries, or of its sub-workflow
  std::vector<std::string> tools;  // "server.tool", sorted, no name twice; empty: none
  std::shared_ptr<const OutputForm> output;  // null: any text
};

enum class TaskKind : std::uint8_t { prompt, approval, uses };

struct Approval {
  Template message;
  Duration timeout{};               // 0: waits for ever
  bool approve_by_default = false;  // when the time is over
};

struct Workflow;

// What few tasks have.
struct TaskExtras {
  // Absent: runs if every need ended in success or approved. Present: it alone decides.
  Expression condition;
  Template for_each;                                   // a list; empty: the task is one item
  Template item_key;                                   // empty: the item itself
  std::uint32_t max_parallel = 0;                      // items at the same time; 0: as the run
  Approval approval;                                   // kind approval
  std::shared_ptr<const Workflow> uses;                // kind uses
  std::vector<std::pair<std::string, Template>> with;  // inputs of it
};

struct Task {
  std::string id;
  TaskKind kind = TaskKind::prompt;
  RoleIndex role = kNoRole;  // into Workflow::roles
  std::int32_t priority = 0;
  std::vector<TaskIndex> needs;    // as written, no task twice
  std::vector<TaskIndex> context;  // of them: outputs that stand before the prompt, in file order
  Template prompt;                 // kind prompt
  std::shared_ptr<const TaskSettings> settings;  // never null
  std::shared_ptr<const TaskExtras> extras;      // null: none

  [[nodiscard]] bool fans_out() const { return extras && !extras->for_each.empty(); }
};

// A speciality: a system prompt and how its tasks are asked. Settings are in the tasks already.
struct Role {
  std::string name;
  std::string description;
  Template system;  // may name inputs and run
  bool built_in = false;
};

struct McpServer {
  std::string name;
  std::vector<Template> command;  // stdio: program and arguments; empty: `url` is used
  std::string url;                // streamable HTTP
  std::string auth_env;           // environment variable that holds its bearer token; empty: none
  std::vector<std::pair<std::string, std::string>> env;  // of the program: name, variable of ours
  Duration timeout = 60s;                                // of one call
};

// A file that the workflow was read from, itself included: what a journal must keep to read it
// again.
struct SourceFile {
  std::string path;  // as it is named by the files; the first is the workflow
  std::shared_ptr<const std::string> text;
};

struct Workflow {
  std::string name;
  std::string description;
  std::vector<Input> inputs;
  RunSettings run;
  Budget budget;
  std::vector<McpServer> mcp_servers;  // that a task uses, by name
  std::vector<Role> roles;             // that a task has, in the order of first use
  std::vector<Template> context;       // shared by all tasks, rendered once a run
  std::vector<Task> tasks;
  std::vector<std::pair<std::string, Template>> outputs;
  std::vector<SourceFile> files;
  std::string hash;  // SHA-256 of all of them, hexadecimal

  // A task is behind all that it needs.
  std::vector<TaskIndex> order;
  // By task: the tasks on the longest chain that starts with it. Ties of priority go to the
  // longest.
  std::vector<std::uint32_t> height;

  // Who waits for a task, in the order of the file.
  [[nodiscard]] std::vector<TaskIndex> dependents(TaskIndex task) const;
  // nullopt: there is none of that id. Looks at all of them.
  [[nodiscard]] std::optional<TaskIndex> find(std::string_view id) const;

  std::vector<std::uint32_t> dependents_begin;  // size tasks + 1
  std::vector<TaskIndex> dependents_list;
};

}  // namespace tidegate::workflow
