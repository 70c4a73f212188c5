// The part of WorkflowReader that reads tasks.
#include <fmt/format.h>

#include <algorithm>

#include "workflow/inputs.h"
#include "workflow/workflow_reader.h"

namespace tidegate::workflow {
namespace {

constexpr std::string_view kOpen = "${{";

std::string_view without_space(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
}

}  // namespace

void WorkflowReader::read_ids(Index at) {
  const TreeNode& node = tree_[at];
  if (node.kind != NodeKind::map && node.kind != NodeKind::list) {
    return reader_.invalid(at, "a map or a list of tasks");
  }
  if (node.size > kMaxTasks) {
    return reader_.problem(at, fmt::format("{} tasks; expected at most {}, split it with `uses`",
                                           node.size, kMaxTasks));
  }
  if (node.size == 0) return reader_.problem(at, "no task; expected at least one");
  workflow_->tasks.reserve(node.size);
  task_at_.reserve(node.size);
  tree_.each(at, [&](Index member) {
    std::string_view id = tree_[member].key;
    Index id_at = member;
    if (node.kind == NodeKind::list) {
      tree_.each(member, [&](Index key) {
        if (tree_[key].key != "id") return;
        id = tree_[key].text;
        id_at = key;
      });
      if (id_at == member) {
        const FileReader::Inside inside(reader_, {}, workflow_->tasks.size() + 1);
        reader_.problem(member, "id is missing");
      }
    }
    if (id_at != member || node.kind == NodeKind::map) {
      if (!is_id(id)) {
        const std::size_t offset = id_at == member ? tree_[member].key_offset : tree_[id_at].offset;
        reader_.problem_at(offset, fmt::format("\"{}\" is not an id; expected {}", id, kIdForm));
      }
    }
    workflow_->tasks.emplace_back().id = id;
    task_at_.push_back(member);
  });
  ids_ = std::make_unique<TaskIds>(workflow_->tasks, [&](TaskIndex second, TaskIndex first) {
    // Of a map the tree has said so; a list without ids as well.
    if (node.kind == NodeKind::map || workflow_->tasks[second].id.empty()) return;
    reader_.problem(task_at_[second], fmt::format("id {}: given twice, first in line {}; keep one",
                                                  workflow_->tasks[second].id,
                                                  tree_.place(tree_[task_at_[first]].offset).line));
  });
}

void WorkflowReader::read_tasks(Index) {
  if (ids_ == nullptr) return;
  for (TaskIndex i = 0; i < workflow_->tasks.size(); ++i) {
    Task& task = workflow_->tasks[i];
    const FileReader::Inside inside(reader_, task.id);
    task_ = &task;
    read_task(task_at_[i], task);
  }
  task_ = nullptr;
}

void WorkflowReader::read_task(Index at, Task& task) {
  if (!reader_.expect(at, NodeKind::map)) return;
  TaskEntry entry;
  std::vector<Index> own;
  Index needs = 0;
  tree_.each(at, [&](Index member) {
    const TreeNode& node = tree_[member];
    const FileReader::Inside inside(reader_, node.key);
    if (const Key<TaskEntry>* key = find_key(task_keys(), node.key)) {
      if (is_needs_alias(node.key)) {
        if (needs != 0) {
          reader_.problem_at_key(member, fmt::format("the same as {}, which is given too; keep one",
                                                     tree_[needs].key));
        }
        needs = member;
      }
      if (node.kind != NodeKind::null) key->read(entry, reader_, member);
    } else if (find_key(settings_keys(), node.key) != nullptr) {
      own.push_back(member);
    } else {
      auto known = forms(task_keys());
      for (const Form* form : forms(settings_keys())) known.push_back(form);
      unknown_key(reader_, member, known);
    }
  });
  if (entry.role != 0) {
    const FileReader::Inside inside(reader_, "role");
    if (const auto name = reader_.text(entry.role, "the name of a role")) {
      task.role = role_of(entry.role, *name);
    }
  }
  if (entry.priority != 0) {
    const FileReader::Inside inside(reader_, "priority");
    const auto priority = reader_.integer(entry.priority, -1'000'000, 1'000'000);
    task.priority = static_cast<std::int32_t>(priority.value_or(0));
  }
  if (entry.needs != 0) read_needs(entry.needs, task);
  if (entry.context != 0) read_task_context(entry.context, task);

  TaskExtras extras;
  bool has_extras = false;
  if (entry.condition != 0) {
    const FileReader::Inside inside(reader_, "if");
    extras.condition = read_condition(entry.condition);
    has_extras = true;
  }
  if (entry.for_each != 0 || entry.item_key != 0 || entry.max_parallel != 0) {
    read_for_each(entry, extras);
    has_extras = true;
  }
  task.settings = settings_of(at, task.role, own);
  if (entry.approval != 0 || entry.uses != 0 || entry.with != 0) has_extras = true;
  read_kind(at, entry, task, extras);
  if (has_extras) task.extras = std::make_shared<const TaskExtras>(std::move(extras));
}

TaskIndex WorkflowReader::find_task(Index at, std::string_view id) {
  const TaskIndex found = ids_->find(id);
  if (found == TaskIds::kNone) {
    std::vector<std::string> names;
    // Looking for near names among 100,000 would take longer than the rest.
    constexpr std::size_t kMany = 5'000;
    for (std::size_t i = 0; !library_.is_full() && i < std::min(kMany, workflow_->tasks.size());
         ++i) {
      names.push_back(workflow_->tasks[i].id);
    }
    reader_.problem(at, fmt::format("{}: no such task.{}", id, reader_.near(id, names)));
  }
  return found;
}

void WorkflowReader::read_needs(Index at, Task& task) {
  const FileReader::Inside inside(reader_, tree_[at].key);
  const auto names = reader_.texts(at);
  if (!names) return;
  task.needs.reserve(names->size());
  for (const auto& [id, where] : *names) {
    const TaskIndex found = find_task(where, id);
    if (found != TaskIds::kNone) task.needs.push_back(found);
  }
  // A join may need all the others: no search for each.
  std::vector<TaskIndex> sorted = task.needs;
  std::ranges::sort(sorted);
  if (const auto again = std::ranges::adjacent_find(sorted); again != sorted.end()) {
    reader_.problem(at, fmt::format("{} is named twice; keep one", workflow_->tasks[*again].id));
  }
}

void WorkflowReader::read_task_context(Index at, Task& task) {
  const FileReader::Inside inside(reader_, "context");
  const auto names = reader_.texts(at);
  if (!names) return;
  for (const auto& [id, where] : *names) {
    const TaskIndex found = find_task(where, id);
    if (found == TaskIds::kNone) continue;
    if (std::ranges::find(task.needs, found) == task.needs.end()) {
      reader_.problem(where, fmt::format("{0} is not among its needs; add it there", id));
    }
    task.context.push_back(found);
  }
  std::ranges::sort(task.context);
  const auto again = std::ranges::unique(task.context);
  task.context.erase(again.begin(), again.end());
}

Expression WorkflowReader::read_condition(Index at) {
  const auto text = reader_.text(at, "an expression, e.g. ${{ needs.scan.failed == 0 }}");
  if (!text) return {};
  std::string_view source = without_space(*text);
  if (source.starts_with(kOpen) && source.ends_with("}}") &&
      source.find(kOpen, 1) == std::string_view::npos) {
    source = source.substr(kOpen.size(), source.size() - kOpen.size() - 2);
  } else if (source.contains(kOpen)) {
    reader_.problem(at, "text beside an expression; expected one expression alone");
    return {};
  }
  auto expression =
      Expression::compile(source, static_cast<std::size_t>(source.data() - text->data()));
  if (!expression) {
    reader_.expression_problem(at, expression.error().offset, expression.error().message);
    return {};
  }
  check(*expression, at, {.needs = true});
  return std::move(*expression);
}

void WorkflowReader::read_for_each(const TaskEntry& entry, TaskExtras& extras) {
  if (entry.for_each == 0) {
    const Index at = entry.item_key != 0 ? entry.item_key : entry.max_parallel;
    const FileReader::Inside inside(reader_, tree_[at].key);
    return reader_.problem_at_key(at, "only means something beside for_each");
  }
  {
    const FileReader::Inside inside(reader_, "for_each");
    const TreeNode& node = tree_[entry.for_each];
    auto list = reader_.value_template(entry.for_each);
    const bool expression = node.text.contains(kOpen) && list && !list->single().empty();
    if (list && node.kind != NodeKind::list && !expression) {
      reader_.problem(entry.for_each,
                      "expected a list or one expression, e.g. ${{ inputs.files }}");
    } else if (list) {
      check(*list, entry.for_each, {.needs = true});
      extras.for_each = std::move(*list);
    }
  }
  if (entry.item_key != 0) {
    const FileReader::Inside inside(reader_, "item_key");
    if (auto key = reader_.text_template(entry.item_key)) {
      check(*key, entry.item_key, {.needs = true, .item = true});
      extras.item_key = std::move(*key);
    }
  }
  if (entry.max_parallel != 0) {
    const FileReader::Inside inside(reader_, "max_parallel");
    extras.max_parallel =
        static_cast<std::uint32_t>(reader_.integer(entry.max_parallel, 1, 100'000).value_or(0));
  }
}

void WorkflowReader::read_kind(Index at, const TaskEntry& entry, Task& task, TaskExtras& extras) {
  const int kinds = (entry.prompt != 0) + (entry.approval != 0) + (entry.uses != 0);
  if (kinds != 1) {
    return reader_.problem_at_key(at, kinds == 0
                                          ? "no prompt, approval or uses; expected one of them"
                                          : "expected one of prompt, approval and uses");
  }
  bool after_failure = false;
  for (const Reference& reference : extras.condition.references()) {
    after_failure =
        after_failure || (reference.root == Reference::Root::status && reference.name != "success");
  }
  const Names names{.needs = true,
                    .all_tasks = false,
                    .item = entry.for_each != 0,
                    .after_failure = after_failure};
  const auto no_use = [&](Index key, std::string_view beside) {
    if (key == 0) return;
    const FileReader::Inside inside(reader_, tree_[key].key);
    reader_.problem_at_key(key, fmt::format("means nothing beside {}; remove it", beside));
  };
  if (entry.prompt != 0) {
    const FileReader::Inside inside(reader_, "prompt");
    if (auto text = reader_.text_template(entry.prompt)) {
      check(*text, entry.prompt, names);
      task.prompt = std::move(*text);
    }
    if (entry.with != 0)
      reader_.problem_at_key(entry.with, "with only means something beside uses");
    return;
  }
  no_use(entry.role, entry.approval != 0 ? "approval" : "uses");
  no_use(entry.context, entry.approval != 0 ? "approval" : "uses");
  if (entry.approval != 0) {
    task.kind = TaskKind::approval;
    no_use(entry.for_each, "approval");
    const FileReader::Inside inside(reader_, "approval");
    if (tree_[entry.approval].kind == NodeKind::scalar) {
      if (auto text = reader_.text_template(entry.approval)) {
        extras.approval.message = std::move(*text);
      }
    } else {
      read_keys(approval_keys(), reader_, entry.approval, extras.approval);
    }
    return check(extras.approval.message, entry.approval, names);
  }
  task.kind = TaskKind::uses;
  const FileReader::Inside inside(reader_, "uses");
  const auto name = reader_.text(entry.uses, "the file of a workflow");
  if (!name) return;
  extras.uses = load_used(library_, Library::beside(reader_.file(), *name), reader_, entry.uses);
  if (entry.with == 0 || extras.uses == nullptr) {
    if (extras.uses != nullptr) read_with(0, extras);
    return;
  }
  if (!reader_.expect(entry.with, NodeKind::map)) return;
  tree_.each(entry.with, [&](Index member) {
    auto value = reader_.value_template(member);
    if (!value) return;
    check(*value, member, names);
    extras.with.emplace_back(tree_[member].key, std::move(*value));
  });
  read_with(entry.with, extras);
}

// The inputs of a sub-workflow: known ones, all that it requires, of the right type where that is
// known.
void WorkflowReader::read_with(Index at, TaskExtras& extras) {
  const auto& inputs = extras.uses->inputs;
  std::vector<std::string> names;
  for (const Input& input : inputs) names.push_back(input.name);
  if (at != 0) {
    tree_.each(at, [&](Index member) {
      const auto input = std::ranges::find(inputs, tree_[member].key, &Input::name);
      if (input == inputs.end()) {
        return reader_.problem_at_key(
            member, fmt::format("{}: the workflow has no such input.{}", tree_[member].key,
                                reader_.near(tree_[member].key, names)));
      }
      if (tree_[member].text.contains(kOpen)) return;
      if (const auto wrong = misfit(*input, reader_.value(member)); !wrong.empty()) {
        reader_.problem(member, fmt::format("{} {}", input->name, wrong));
      }
    });
  }
  for (const Input& input : inputs) {
    if (!input.required || !input.fallback.is_null()) continue;
    const bool given = std::ranges::any_of(
        extras.with, [&](const auto& pair) { return pair.first == input.name; });
    if (!given) {
      const std::string message =
          fmt::format("the workflow requires the input {}; give it under `with`", input.name);
      reader_.problem_at(
          at != 0
              ? tree_[at].key_offset
              : tree_[task_at_[static_cast<std::size_t>(task_ - workflow_->tasks.data())]].offset,
          message);
    }
  }
}

}  // namespace tidegate::workflow
