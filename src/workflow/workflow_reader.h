// WorkflowReader: turns one file's Tree into a Workflow, section by section. Used by load(), once
// for each file; it asks load() for the workflows that tasks use. One thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "workflow/file_reader.h"
#include "workflow/graph.h"
#include "workflow/roles.h"
#include "workflow/settings.h"

namespace tidegate::workflow {

// Where the sections stand; 0: not there.
struct Sections {
  Tree::Index version = 0, name = 0, description = 0, inputs = 0, run = 0, budget = 0, defaults = 0,
              routes = 0, mcp_servers = 0, roles = 0, context = 0, tasks = 0, outputs = 0;
};
const Keys<Sections>& workflow_keys();

// What a task says of itself alone.
struct TaskEntry {
  Tree::Index id = 0, role = 0, priority = 0, needs = 0, context = 0, condition = 0, for_each = 0,
              item_key = 0, max_parallel = 0, prompt = 0, approval = 0, uses = 0, with = 0,
              description = 0;
};
const Keys<TaskEntry>& task_keys();
[[nodiscard]] bool is_needs_alias(std::string_view key);

const Keys<Approval>& approval_keys();
const Keys<Input>& input_keys();
const Keys<RunSettings>& run_keys();
struct BudgetEntry {
  Budget budget;
  Tree::Index per_role = 0;
};
const Keys<BudgetEntry>& budget_keys();
struct ServerEntry {
  McpServer server;
  Tree::Index env = 0;
};
const Keys<ServerEntry>& server_keys();

class WorkflowReader {
 public:
  using Index = Tree::Index;

  WorkflowReader(const Tree& tree, std::string path, Library& library);

  // Null unless nothing is wrong with it.
  std::shared_ptr<Workflow> read();

 private:
  // What expressions may name in one place.
  struct Names {
    bool needs = false;  // of task_; else any task where all_tasks
    bool all_tasks = false;
    bool item = false;
    bool after_failure = false;  // the needs may have failed: their outputs need default()
  };

  void read_inputs(Index at);
  void read_routes(Index at);
  void read_servers(Index at);
  void read_roles(Index at);
  void read_context(Index at);
  void read_budget(Index at);
  void read_outputs(Index at);

  void read_ids(Index at);
  void read_tasks(Index at);
  void read_task(Index at, Task& task);
  void read_needs(Index at, Task& task);
  void read_task_context(Index at, Task& task);
  void read_kind(Index at, const TaskEntry& entry, Task& task, TaskExtras& extras);
  void read_for_each(const TaskEntry& entry, TaskExtras& extras);
  void read_with(Index at, TaskExtras& extras);
  Expression read_condition(Index at);
  std::shared_ptr<const TaskSettings> settings_of(Index at, RoleIndex role,
                                                  const std::vector<Index>& own);
  TaskIndex find_task(Index at, std::string_view id);

  // Roles.
  RoleIndex role_of(Index at, std::string_view name);
  void add_layers(Index at, std::string_view name, std::vector<const RoleLayer*>& layers);
  [[nodiscard]] bool is_own(const RoleLayer* role) const;  // of the file
  void add_role_settings(RoleIndex role, TaskSettings& settings);
  void add_route(std::string_view name, TaskSettings& settings);
  void check_layer(const SettingsLayer& layer);
  [[nodiscard]] std::vector<std::string> route_names() const;

  void check(const Template& text, Index at, const Names& names);
  void check(const Expression& expression, Index at, const Names& names);
  void check(const std::vector<Reference>& references, Index at, const Names& names);
  void check_need(const Reference& reference, Index at, const Names& names);
  void report_cycles();

  FileReader reader_;
  const Tree& tree_;
  Library& library_;
  std::shared_ptr<Workflow> workflow_;
  std::unique_ptr<TaskIds> ids_;
  std::vector<Index> task_at_;  // by task
  const Task* task_ = nullptr;  // that is being read

  SettingsLayer defaults_;
  std::vector<std::pair<std::string, ChoiceLayer>> routes_;
  std::vector<RoleLayer> file_roles_;
  std::vector<std::vector<const RoleLayer*>> role_layers_;  // by role, the base first
  std::vector<std::shared_ptr<const RoleLayer>> built_in_;  // keeps them
  std::unordered_map<std::string, std::shared_ptr<const TaskSettings>> settings_;
};

// Reads a workflow that another one uses. Null, with problems, if it is wrong. `at` is where it is
// used.
std::shared_ptr<const Workflow> load_used(Library& library, const std::string& path,
                                          FileReader& user, Tree::Index at);

// Whether `name` can name a task, a role, an input: letters, digits, _ and -, at most 64, no digit
// first.
[[nodiscard]] bool is_id(std::string_view name);
inline constexpr std::string_view kIdForm =
    "letters, digits, _ and -, at most 64, beginning with a letter";

}  // namespace tidegate::workflow
