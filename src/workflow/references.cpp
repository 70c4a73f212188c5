// The part of WorkflowReader that checks what expressions name, before a token is spent.
#include <fmt/format.h>

#include <algorithm>

#include "workflow/workflow_reader.h"

namespace tidegate::workflow {

using Root = Reference::Root;

void WorkflowReader::check(const Template& text, Index at, const Names& names) {
  if (!text.is_constant()) check(text.references(), at, names);
}

void WorkflowReader::check(const Expression& expression, Index at, const Names& names) {
  check(expression.references(), at, names);
}

void WorkflowReader::check(const std::vector<Reference>& references, Index at, const Names& names) {
  for (const Reference& reference : references) {
    const auto wrong = [&](std::string_view message) {
      reader_.expression_problem(at, reference.offset, message);
    };
    switch (reference.root) {
      case Root::input: {
        const auto& inputs = workflow_->inputs;
        if (std::ranges::find(inputs, reference.name, &Input::name) != inputs.end()) break;
        std::vector<std::string> known;
        for (const Input& input : inputs) known.push_back(input.name);
        wrong(fmt::format("inputs.{}: the workflow has no such input.{}", reference.name,
                          reader_.near(reference.name, known)));
        break;
      }
      case Root::item:
        if (!names.item)
          wrong("item only means something in a task with for_each, behind for_each");
        break;
      case Root::need:
        if (names.needs || names.all_tasks) {
          check_need(reference, at, names);
        } else {
          wrong("no task has run yet when this is read; expected inputs and run alone");
        }
        break;
      case Root::needs:
        if (!names.needs) wrong("needs only means something in a task");
        break;
      case Root::status:
        if (!names.needs) wrong(fmt::format("{}() only means something in a task", reference.name));
        break;
      case Root::run:
        break;
    }
  }
}

void WorkflowReader::check_need(const Reference& reference, Index at, const Names& names) {
  const auto wrong = [&](std::string_view message) {
    reader_.expression_problem(at, reference.offset, message);
  };
  if (ids_ == nullptr) return;
  const TaskIndex found = ids_->find(reference.name);
  if (found == TaskIds::kNone) {
    std::vector<std::string> known;
    if (task_ != nullptr && !task_->needs.empty()) {
      for (const TaskIndex need : task_->needs) known.push_back(workflow_->tasks[need].id);
    } else {
      constexpr std::size_t kMany = 5'000;
      for (std::size_t i = 0; !library_.is_full() && i < std::min(kMany, workflow_->tasks.size());
           ++i) {
        known.push_back(workflow_->tasks[i].id);
      }
    }
    return wrong(fmt::format("needs.{}: no such task.{}", reference.name,
                             reader_.near(reference.name, known)));
  }
  if (names.needs && std::ranges::find(task_->needs, found) == task_->needs.end()) {
    return wrong(fmt::format("needs.{0}: {0} is not among the needs of this task; add it there",
                             reference.name));
  }
  if (names.needs && names.after_failure && !reference.optional &&
      reference.field.starts_with("output")) {
    return wrong(
        fmt::format("needs.{0}.{1} may have no value, as `if` lets this task run although "
                    "{0} failed or was skipped; write needs.{0}.{1} | default('...')",
                    reference.name, reference.field));
  }
  // Whether the other task is a fan-out is known once all are read, so the tree is asked.
  const Index other = task_at_[found];
  bool fans_out = false;
  bool is_uses = false;
  if (tree_[other].kind == NodeKind::map) {
    tree_.each(other, [&](Index key) {
      fans_out = fans_out || (tree_[key].key == "for_each" && tree_[key].kind != NodeKind::null);
      is_uses = is_uses || tree_[key].key == "uses";
    });
  }
  if (fans_out && reference.field == "output") {
    wrong(
        fmt::format("needs.{0}.output: {0} has one output for each item; expected "
                    "needs.{0}.outputs, a list",
                    reference.name));
  } else if (!fans_out && !is_uses && reference.field == "outputs") {
    wrong(fmt::format("needs.{0}.outputs: {0} has no for_each; expected needs.{0}.output",
                      reference.name));
  }
}

}  // namespace tidegate::workflow
