#include "tidegate/workflow.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "agents/program_run.h"
#include "workflow/value.h"

namespace tidegate {
namespace {

// A folder for a journal that is gone at the end.
class TemporaryFolder {
 public:
  static Result<TemporaryFolder> make() {
    std::error_code failed;
    std::string path = std::filesystem::temp_directory_path(failed).string() + "/tidegate-XXXXXX";
    if (failed || ::mkdtemp(path.data()) == nullptr) {
      return fail(ErrorCode::io, fmt::format("{}: no temporary folder for the journal: {}; name a "
                                             "file in WorkflowOptions::journal",
                                             path, std::strerror(errno)));
    }
    return TemporaryFolder(std::move(path));
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string file() const { return path_ + "/journal.db"; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// What would break the text of the workflow, of which it becomes a part.
std::string broken_parts(const WorkflowOptions& options, const std::vector<AgentTask>& tasks) {
  std::string wrong;
  const auto problem = [&](const std::string& where, const std::string& message) {
    wrong += fmt::format("{}{}: {}", wrong.empty() ? "" : "\n", where, message);
  };
  const auto check_money = [&](const std::string& where, std::optional<NanoDollars> amount) {
    if (amount && amount->value <= 0) problem(where, "expected more than nothing");
  };
  check_money("budget", options.budget);
  for (const auto& [name, value] : options.inputs) {
    if (const auto read = workflow::Value::parse(value); !read) {
      problem("inputs." + name, "expected JSON, a text in quotes: " + read.error().message);
    }
  }
  for (const AgentTask& task : tasks) {
    check_money(fmt::format("tasks.{}.budget", task.id), task.budget);
    if (task.json_schema.empty()) continue;
    if (const auto read = workflow::Value::parse(task.json_schema); !read) {
      problem(fmt::format("tasks.{}.json_schema", task.id), read.error().message);
    }
  }
  return wrong;
}

}  // namespace

std::string_view name(TaskOutcome outcome) {
  switch (outcome) {
    case TaskOutcome::succeeded:
      return "succeeded";
    case TaskOutcome::failed:
      return "failed";
    case TaskOutcome::skipped:
      return "skipped";
    case TaskOutcome::cancelled:
      return "cancelled";
    case TaskOutcome::unfinished:
      break;
  }
  return "unfinished";
}

std::string_view name(WorkflowOutcome outcome) {
  switch (outcome) {
    case WorkflowOutcome::succeeded:
      return "succeeded";
    case WorkflowOutcome::partial:
      return "partial";
    case WorkflowOutcome::cancelled:
      return "cancelled";
    case WorkflowOutcome::paused:
      return "paused";
    case WorkflowOutcome::failed:
      break;
  }
  return "failed";
}

const AgentResult* WorkflowResult::find(std::string_view id, std::string_view item) const {
  const auto found = std::ranges::find_if(
      tasks, [&](const AgentResult& task) { return task.id == id && task.item == item; });
  return found == tasks.end() ? nullptr : &*found;
}

Result<WorkflowResult> Workflow::run(Client& client,
                                     const std::function<void(const AgentResult&)>& on_end,
                                     std::stop_token stop) const {
  if (std::string wrong = broken_parts(options_, tasks_); !wrong.empty()) {
    return fail(ErrorCode::invalid, std::move(wrong), "workflow");
  }
  std::optional<TemporaryFolder> folder;
  WorkflowOptions options = options_;
  if (options.journal.empty()) {
    auto made = TemporaryFolder::make();
    if (!made) return std::unexpected(std::move(made.error()));
    folder.emplace(std::move(*made));
    options.journal = folder->file();
  }
  agents::ProgramRun run(client, on_end);
  return run.run(text(), options, stop);
}

}  // namespace tidegate
