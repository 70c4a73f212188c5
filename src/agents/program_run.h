// ProgramRun: one run of a program's workflow, on the thread that waits for it. Used by
// Workflow::run() alone.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "agents/workflow_parts.h"
#include "client/access.h"
#include "loop/loop.h"
#include "loop/task_group.h"
#include "tidegate/workflow.h"

namespace tidegate::agents {

class ProgramRun final : private engine::Runner::Watcher {
 public:
  using OnEnd = std::function<void(const AgentResult&)>;
  ProgramRun(Client& client, const OnEnd& on_end);

  // `text`: of the workflow's file.
  Result<WorkflowResult> run(const std::string& text, const WorkflowOptions& options,
                             const std::stop_token& stop);

 private:
  [[nodiscard]] Result<std::shared_ptr<const workflow::Workflow>> load(
      const std::string& text) const;
  Result<engine::RunId> begin(std::shared_ptr<const workflow::Workflow> workflow,
                              const WorkflowOptions& options);
  void work(engine::RunId run, const std::stop_token& stop);
  void close();
  Task<void> close_parts();
  [[nodiscard]] Result<WorkflowResult> read(const std::string& journal, engine::RunId run) const;
  void task_changed(const engine::Runner& runner, std::uint32_t task, std::uint32_t item) override;
  void run_changed(const engine::Runner&, engine::RunState, const std::string&) override {}

  const OnEnd& on_end_;
  client::InProcess& process_;
  Loop loop_;
  TaskGroup group_;
  WorkflowParts parts_;
  std::optional<engine::RunEnd> end_;  // none: it had ended before
};

}  // namespace tidegate::agents
