#include "workflow/workflow_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "workflow/inputs.h"

namespace tidegate::workflow {

bool is_id(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && name.size() <= 64 && letter(name.front()) &&
         std::ranges::all_of(
             name, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

WorkflowReader::WorkflowReader(const Tree& tree, std::string path, Library& library)
    : reader_(tree, std::move(path), library),
      tree_(tree),
      library_(library),
      workflow_(std::make_shared<Workflow>()) {}

std::shared_ptr<Workflow> WorkflowReader::read() {
  const std::size_t errors_before = library_.errors();
  for (const Repeated& repeated : tree_.repeated()) {
    reader_.problem_at(repeated.offset,
                       fmt::format("{}: given twice, first in line {}; keep one", repeated.key,
                                   tree_.place(repeated.first).line));
  }
  if (tree_.root().kind == NodeKind::null) {
    reader_.problem_at(0, "the file is empty; expected a workflow with tasks");
    return nullptr;
  }
  Sections sections;
  read_keys(workflow_keys(), reader_, 0, sections);
  if (tree_.root().kind != NodeKind::map) return nullptr;

  const auto section = [&](Index at, auto&& read) {
    if (at == 0) return;
    const FileReader::Inside inside(reader_, tree_[at].key);
    read(at);
  };
  section(sections.version, [&](Index at) {
    if (tree_[at].text != "1") reader_.invalid(at, "1, the only version of this format");
  });
  section(sections.name, [&](Index at) {
    if (const auto text = reader_.text(at)) workflow_->name = *text;
  });
  if (workflow_->name.empty()) {
    std::string_view name = reader_.file();
    name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
    workflow_->name = name.substr(0, name.find('.'));
  }
  section(sections.description, [&](Index at) {
    if (const auto text = reader_.text(at)) workflow_->description = *text;
  });
  section(sections.inputs, [&](Index at) { read_inputs(at); });
  section(sections.run, [&](Index at) {
    read_keys(run_keys(), reader_, at, workflow_->run);
    check(workflow_->run.idempotency_key, at, {});
  });
  section(sections.routes, [&](Index at) { read_routes(at); });
  section(sections.mcp_servers, [&](Index at) { read_servers(at); });
  section(sections.defaults, [&](Index at) {
    read_keys(settings_keys(), reader_, at, defaults_);
    check_layer(defaults_);
  });
  section(sections.roles, [&](Index at) { read_roles(at); });
  section(sections.context, [&](Index at) { read_context(at); });
  section(sections.tasks, [&](Index at) {
    read_ids(at);
    read_tasks(at);
  });
  section(sections.budget, [&](Index at) { read_budget(at); });
  section(sections.outputs, [&](Index at) { read_outputs(at); });
  if (!order_tasks(*workflow_)) report_cycles();
  if (library_.errors() != errors_before) return nullptr;
  return workflow_;
}

void WorkflowReader::read_inputs(Index at) {
  if (!reader_.expect(at, NodeKind::map)) return;
  tree_.each(at, [&](Index member) {
    const TreeNode& node = tree_[member];
    const FileReader::Inside inside(reader_, node.key);
    Input input;
    input.name = node.key;
    if (!is_id(node.key)) {
      reader_.problem_at_key(member, fmt::format("not a name for an input; expected {}", kIdForm));
    }
    if (node.kind == NodeKind::scalar) {  // "name: string"
      if (const Key<Input>* type = find_key(input_keys(), "type"))
        type->read(input, reader_, member);
    } else if (node.kind != NodeKind::null) {
      // The type comes first, since it says how `from` is read.
      tree_.each(member, [&](Index key) {
        if (tree_[key].key != "type" || tree_[key].kind != NodeKind::scalar) return;
        if (tree_[key].text == "string") input.type = InputType::string;
      });
      read_keys(input_keys(), reader_, member, input);
    }
    if (const auto wrong = misfit(input, input.fallback); !wrong.empty()) {
      reader_.problem(member, fmt::format("its default {}", wrong));
    }
    workflow_->inputs.push_back(std::move(input));
  });
}

void WorkflowReader::read_routes(Index at) {
  if (!reader_.expect(at, NodeKind::map)) return;
  tree_.each(at, [&](Index member) {
    const FileReader::Inside inside(reader_, tree_[member].key);
    ChoiceLayer route;
    read_keys(choice_keys(), reader_, member, route);
    if (!route.model) reader_.problem(member, "model is missing");
    routes_.emplace_back(tree_[member].key, std::move(route));
  });
}

void WorkflowReader::read_servers(Index at) {
  if (!reader_.expect(at, NodeKind::map)) return;
  tree_.each(at, [&](Index member) {
    const FileReader::Inside inside(reader_, tree_[member].key);
    if (!is_id(tree_[member].key)) {
      reader_.problem_at_key(member, fmt::format("not a name for a server; expected {}", kIdForm));
    }
    ServerEntry entry;
    entry.server.name = tree_[member].key;
    read_keys(server_keys(), reader_, member, entry);
    if (entry.server.command.empty() == entry.server.url.empty()) {
      reader_.problem(member, "expected either command or url");
    }
    for (const Template& part : entry.server.command) check(part, member, {});
    if (entry.env != 0 && reader_.expect(entry.env, NodeKind::map)) {
      tree_.each(entry.env, [&](Index variable) {
        const FileReader::Inside env(reader_, "env");
        const auto from = reader_.text(variable, "the name of a variable of ours");
        if (from) entry.server.env.emplace_back(tree_[variable].key, *from);
      });
    }
    workflow_->mcp_servers.push_back(std::move(entry.server));
  });
}

void WorkflowReader::read_context(Index at) {
  const auto add = [&](Index item) {
    const TreeNode& node = tree_[item];
    if (node.kind != NodeKind::map) {
      if (auto text = reader_.text_template(item)) {
        check(*text, item, {});
        workflow_->context.push_back(std::move(*text));
      }
      return;
    }
    struct Entry {
      Index file = 0, text = 0;
    } entry;
    static const Keys<Entry> keys{later_key<Entry>("file", &Entry::file, kTextSchema, "A file."),
                                  later_key<Entry>("text", &Entry::text, kTextSchema, "A text.")};
    read_keys(keys, reader_, item, entry);
    if ((entry.file == 0) == (entry.text == 0)) {
      return reader_.problem(item, "expected either file or text");
    }
    if (entry.file != 0) {
      const auto name = reader_.text(entry.file, "a file");
      const auto content = name ? reader_.content(entry.file, *name) : std::nullopt;
      if (!content) return;
      workflow_->context.push_back(
          Template::literal(fmt::format("<file name=\"{}\">\n{}\n</file>", *name, **content)));
    } else if (auto text = reader_.text_template(entry.text)) {
      check(*text, entry.text, {});
      workflow_->context.push_back(std::move(*text));
    }
  };
  if (!reader_.expect(at, NodeKind::list)) return;
  std::size_t number = 0;
  tree_.each(at, [&](Index item) {
    const FileReader::Inside inside(reader_, {}, ++number);
    add(item);
  });
}

void WorkflowReader::read_budget(Index at) {
  BudgetEntry entry;
  if (tree_[at].kind == NodeKind::scalar) {
    entry.budget.usd = reader_.usd(at);
  } else {
    read_keys(budget_keys(), reader_, at, entry);
  }
  if (entry.per_role != 0) {
    const FileReader::Inside inside(reader_, "per_role");
    if (reader_.expect(entry.per_role, NodeKind::map)) {
      tree_.each(entry.per_role, [&](Index member) {
        const FileReader::Inside role(reader_, tree_[member].key);
        const auto known = std::ranges::find(workflow_->roles, tree_[member].key, &Role::name);
        if (known == workflow_->roles.end()) {
          std::vector<std::string> names;
          for (const Role& used : workflow_->roles) names.push_back(used.name);
          return reader_.problem_at_key(
              member,
              fmt::format("no task has this role.{}", reader_.near(tree_[member].key, names)));
        }
        SettingsLayer layer;
        find_key(settings_keys(), "budget")->read(layer, reader_, member);
        if (layer.budget) {
          entry.budget.per_role.emplace_back(known - workflow_->roles.begin(), *layer.budget);
        }
      });
    }
  }
  workflow_->budget = std::move(entry.budget);
}

void WorkflowReader::read_outputs(Index at) {
  if (!reader_.expect(at, NodeKind::map)) return;
  tree_.each(at, [&](Index member) {
    const FileReader::Inside inside(reader_, tree_[member].key);
    auto text = reader_.value_template(member);
    if (!text) return;
    check(*text, member, {.all_tasks = true});
    workflow_->outputs.emplace_back(tree_[member].key, std::move(*text));
  });
}

void WorkflowReader::report_cycles() {
  constexpr std::size_t kShown = 100;
  for (const auto& cycle : find_cycles(*workflow_)) {
    std::string path;
    for (std::size_t i = 0; i < cycle.size(); ++i) {
      if (cycle.size() > kShown && i == kShown / 2) {
        path += fmt::format(" -> ... ({} more)", cycle.size() - kShown);
        i = cycle.size() - kShown / 2;
      }
      if (i > 0) path += " -> ";
      path += workflow_->tasks[cycle[i]].id;
    }
    reader_.problem_at(tree_[task_at_[cycle.front()]].key_offset,
                       fmt::format("tasks.{}: it needs itself in the end: {}. Remove one of these "
                                   "needs",
                                   workflow_->tasks[cycle.front()].id, path));
  }
}

}  // namespace tidegate::workflow
