// How a runner asks people, and what their decisions or their silence mean.
#include <fmt/format.h>

#include <algorithm>

#include "engine/runner.h"

namespace tidegate::engine {

void Runner::ask_approval(std::uint32_t task) {
  const Unit unit{task};
  const workflow::Task& definition = this->definition(task);
  const workflow::Approval& approval = definition.extras->approval;
  auto message = approval.message.render(TaskScope(scope_, &definition));
  if (!message) {
    fail_unit(unit, "the message of its approval has no value: " + message.error().message);
    return;
  }
  redact(*message);
  std::optional<WallTime> until;
  if (approval.timeout != Duration{}) until = now() + approval.timeout;
  if (const auto before = asked_until_.find(task); before != asked_until_.end()) {
    until = before->second;
  } else {
    services_.journal.append(
        AskApproval{.run = start_.id,
                    .task = task,
                    .message = std::make_shared<const std::string>(std::move(*message)),
                    .at = now(),
                    .until = until});
  }
  if (tasks_[task].own.state != TaskState::awaiting) set_state(unit, TaskState::awaiting);
  scheduler_->put_aside(unit);
  approvals_.push_back(
      {task, until ? services_.loop.now() + std::max<Duration>(*until - now(), {}) : kNever});
  if (start_.approve_all) (void)decide(definition.id, true, "--yes");
}

void Runner::look_at_approvals() {
  std::vector<std::uint32_t> late;
  for (const Open& open : approvals_) {
    if (open.until <= services_.loop.now()) late.push_back(open.task);
  }
  for (const std::uint32_t task : late) {
    (void)decide(definition(task).id, definition(task).extras->approval.approve_by_default,
                 "its timeout");
  }
}

Result<void> Runner::decide(std::string_view task, bool approved, const std::string& by) {
  if (const auto [child, rest] = within(task); child != nullptr) {
    return child->decide(rest, approved, by);
  }
  const Result<Unit> found = find_unit(task);
  if (!found) return std::unexpected(found.error());
  const auto open = std::ranges::find(approvals_, found->task, &Open::task);
  if (open == approvals_.end()) {
    return fail(ErrorCode::invalid, fmt::format("task {} does not wait for an approval", task));
  }
  approvals_.erase(open);
  services_.journal.append(EndApproval{
      .run = start_.id, .task = found->task, .approved = approved, .by = by, .at = now()});
  set_state(*found, approved ? TaskState::approved : TaskState::rejected);
  scheduler_->come_back(*found, services_.loop.now());
  pump();
  return {};
}

}  // namespace tidegate::engine
