#include "workflow/graph_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidegate::workflow {
namespace {

// What stands under a task's id.
std::string label(const Workflow& workflow, const Task& task) {
  switch (task.kind) {
    case TaskKind::approval:
      return "approval";
    case TaskKind::uses:
      return "uses " + task.extras->uses->name;
    case TaskKind::prompt:
      break;
  }
  std::string out = task.role == kNoRole ? std::string() : workflow.roles[task.role].name;
  if (task.fans_out()) out += out.empty() ? "for each item" : ", for each item";
  return out;
}

}  // namespace

// Ids have letters, digits, _ and - alone, and so have names of roles; a workflow's name may have
// more.
std::string to_dot(const Workflow& workflow) {
  std::string out =
      "digraph workflow {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n";
  for (const Task& task : workflow.tasks) {
    std::string text = label(workflow, task);
    std::erase_if(text, [](char c) { return c == '"' || c == '\\' || c == '\n'; });
    out +=
        fmt::format("  \"{0}\" [label=\"{0}{1}{2}\"{3}{4}];\n", task.id, text.empty() ? "" : "\\n",
                    text, task.kind == TaskKind::approval ? ", shape=diamond" : "",
                    task.fans_out() ? ", peripheries=2" : "");
  }
  for (const Task& task : workflow.tasks) {
    for (const TaskIndex need : task.needs) {
      out += fmt::format("  \"{}\" -> \"{}\"{};\n", workflow.tasks[need].id, task.id,
                         task.extras && !task.extras->condition.empty() ? " [style=dashed]" : "");
    }
  }
  return out + "}\n";
}

// Nodes are named by number: ids such as "end" are words of the language.
std::string to_mermaid(const Workflow& workflow) {
  std::string out = "flowchart LR\n";
  for (TaskIndex i = 0; i < workflow.tasks.size(); ++i) {
    const Task& task = workflow.tasks[i];
    std::string text = label(workflow, task);
    std::erase_if(text, [](char c) { return c == '"' || c == '<' || c == '>' || c == '\n'; });
    const bool approval = task.kind == TaskKind::approval;
    out += fmt::format("  t{}{}\"{}{}{}\"{}\n", i,
                       approval          ? "{"
                       : task.fans_out() ? "[["
                                         : "[",
                       task.id, text.empty() ? "" : "<br/>", text,
                       approval          ? "}"
                       : task.fans_out() ? "]]"
                                         : "]");
  }
  for (TaskIndex i = 0; i < workflow.tasks.size(); ++i) {
    const bool conditional =
        workflow.tasks[i].extras && !workflow.tasks[i].extras->condition.empty();
    for (const TaskIndex need : workflow.tasks[i].needs) {
      out += fmt::format("  t{} {} t{}\n", need, conditional ? "-.->" : "-->", i);
    }
  }
  return out;
}

std::uint32_t longest_chain(const Workflow& workflow) {
  return workflow.height.empty() ? 0 : *std::ranges::max_element(workflow.height);
}

}  // namespace tidegate::workflow
