// The part of WorkflowReader that puts roles and settings together.
#include <fmt/format.h>

#include <algorithm>

#include "workflow/workflow_reader.h"

namespace tidegate::workflow {
namespace {

// What a built-in role only hints at; defaults of the file count more.
void apply_hints(const SettingsLayer& layer, TaskSettings& settings) {
  ChoiceLayer hints = layer.choice;
  hints.temperature.reset();
  hints.max_tokens.reset();
  apply(hints, settings.model);
}

void apply_rest(const SettingsLayer& layer, TaskSettings& settings) {
  SettingsLayer rest = layer;
  rest.choice.model.reset();
  rest.choice.fallback.reset();
  rest.choice.thinking.reset();
  apply(rest, settings);
}

}  // namespace

void WorkflowReader::read_roles(Index at) {
  if (!reader_.expect(at, NodeKind::map)) return;
  tree_.each(at, [&](Index member) {
    const FileReader::Inside inside(reader_, tree_[member].key);
    RoleLayer role;
    role.name = tree_[member].key;
    role.at = member;
    if (!is_id(role.name)) {
      reader_.problem_at_key(member, fmt::format("not a name for a role; expected {}", kIdForm));
    }
    if (tree_[member].kind != NodeKind::null) read_keys(role_keys(), reader_, member, role);
    check_layer(role.settings);
    if (role.system) check(*role.system, role.system_at, {});
    file_roles_.push_back(std::move(role));
  });
  for (const RoleLayer& role : file_roles_) {
    const FileReader::Inside inside(reader_, role.name);
    std::vector<const RoleLayer*> layers;
    add_layers(role.at, role.name, layers);
  }
}

// The roles that `name` stands on and itself, the base first.
void WorkflowReader::add_layers(Index at, std::string_view name,
                                std::vector<const RoleLayer*>& layers) {
  std::string_view wanted = name;
  for (;;) {
    const RoleLayer* found = nullptr;
    for (const RoleLayer& role : file_roles_) {
      const bool there = std::ranges::find(layers, &role) != layers.end();
      // A role that extends one of its own name means the built-in one.
      if (role.name != wanted || (there && wanted == layers.back()->name)) continue;
      if (there) return reader_.problem(at, fmt::format("{} extends itself in the end", name));
      found = &role;
    }
    if (found == nullptr) {
      if (auto built_in = built_in_role(wanted)) {
        found = built_in.get();
        built_in_.push_back(std::move(built_in));
      }
    }
    if (found == nullptr) {
      std::vector<std::string> names;
      for (const RoleLayer& role : file_roles_) names.push_back(role.name);
      for (const std::string_view known : built_in_role_names()) names.emplace_back(known);
      const Index where = layers.empty() ? at : layers.back()->extends_at;
      return reader_.problem(
          where, fmt::format("{}: no such role.{}", wanted, reader_.near(wanted, names)));
    }
    layers.push_back(found);
    if (found->extends) {
      wanted = *found->extends;
    } else if (!found->system && is_own(found) && built_in_role(found->name) != nullptr) {
      wanted = found->name;  // changes the built-in one without a prompt of its own
    } else {
      break;
    }
  }
  std::ranges::reverse(layers);
}

bool WorkflowReader::is_own(const RoleLayer* role) const {
  return std::ranges::any_of(file_roles_, [&](const RoleLayer& own) { return &own == role; });
}

RoleIndex WorkflowReader::role_of(Index at, std::string_view name) {
  const auto known = std::ranges::find(workflow_->roles, name, &Role::name);
  if (known != workflow_->roles.end()) {
    return static_cast<RoleIndex>(known - workflow_->roles.begin());
  }
  const std::size_t errors = library_.errors();
  std::vector<const RoleLayer*> layers;
  add_layers(at, name, layers);
  if (library_.errors() != errors || layers.empty()) return kNoRole;
  if (workflow_->roles.size() >= kNoRole) {
    reader_.problem(at, "more than 65,534 roles");
    return kNoRole;
  }
  Role role;
  role.name = name;
  role.built_in = true;
  for (const RoleLayer* layer : layers) {
    if (layer->system) role.system = *layer->system;
    if (layer->description) role.description = *layer->description;
    role.built_in = role.built_in && !is_own(layer);
  }
  workflow_->roles.push_back(std::move(role));
  role_layers_.push_back(std::move(layers));
  return static_cast<RoleIndex>(workflow_->roles.size() - 1);
}

void WorkflowReader::add_route(std::string_view name, TaskSettings& settings) {
  const auto own = std::ranges::find(
      routes_, name, [](const auto& route) -> std::string_view { return route.first; });
  if (own != routes_.end()) return apply(own->second, settings.model);
  if (std::ranges::find(library_.surroundings().routes, name) !=
      library_.surroundings().routes.end()) {
    settings.model.model = "route:" + std::string(name);
    settings.model.fallback.clear();
  }
}

void WorkflowReader::add_role_settings(RoleIndex role, TaskSettings& settings) {
  static const std::vector<const RoleLayer*> kNone;
  const auto& layers = role == kNoRole ? kNone : role_layers_[role];
  settings.model.model = "auto";
  for (const RoleLayer* layer : layers) {
    if (is_own(layer)) continue;
    if (layer->settings.route) add_route(*layer->settings.route, settings);
    apply_hints(layer->settings, settings);
  }
  if (defaults_.route) add_route(*defaults_.route, settings);
  apply(defaults_, settings);
  for (const RoleLayer* layer : layers) {
    if (is_own(layer)) {
      if (layer->settings.route) add_route(*layer->settings.route, settings);
      apply(layer->settings, settings);
    } else {
      apply_rest(layer->settings, settings);
    }
  }
}

std::vector<std::string> WorkflowReader::route_names() const {
  std::vector<std::string> names = library_.surroundings().routes;
  for (const auto& route : routes_) names.push_back(route.first);
  return names;
}

// Names that a layer read before it could know them.
void WorkflowReader::check_layer(const SettingsLayer& layer) {
  if (layer.route) {
    const auto names = route_names();
    if (std::ranges::find(names, *layer.route) == names.end() &&
        library_.surroundings().catalog != nullptr) {
      reader_.problem(layer.route_at,
                      fmt::format("{}: no route of this file or of the gateway's config.{}",
                                  *layer.route, reader_.near(*layer.route, names)));
    }
  }
  for (const Index at : layer.tools_at) {
    const std::string_view server = tree_[at].text.substr(0, tree_[at].text.find('.'));
    const auto& servers = workflow_->mcp_servers;
    if (std::ranges::find(servers, server, &McpServer::name) != servers.end()) continue;
    std::vector<std::string> names;
    for (const McpServer& known : servers) names.push_back(known.name);
    reader_.problem(at, fmt::format("{}: mcp_servers has no {}.{}", tree_[at].text, server,
                                    reader_.near(server, names)));
  }
}

std::shared_ptr<const TaskSettings> WorkflowReader::settings_of(Index, RoleIndex role,
                                                                const std::vector<Index>& own) {
  // Tasks that say the same share one object; what they say is its name in the table.
  std::string name = fmt::format("{}", role);
  for (const Index at : own) {
    for (Index i = at; i < tree_[at].next; ++i) {
      const TreeNode& node = tree_[i];
      name += fmt::format("\n{} {} {}:", static_cast<int>(node.kind), node.size, node.key.size());
      name += node.key;
      name += node.text;
    }
  }
  if (const auto known = settings_.find(name); known != settings_.end()) return known->second;
  const std::size_t errors = library_.errors();
  auto settings = std::make_shared<TaskSettings>();
  settings->window = workflow_->run.window;
  add_role_settings(role, *settings);
  SettingsLayer layer;
  for (const Index at : own) {
    const FileReader::Inside inside(reader_, tree_[at].key);
    if (tree_[at].kind != NodeKind::null) {
      find_key(settings_keys(), tree_[at].key)->read(layer, reader_, at);
    }
  }
  check_layer(layer);
  if (layer.route) add_route(*layer.route, *settings);
  apply(layer, *settings);
  // What is wrong is said of each task that says it.
  if (library_.errors() == errors) settings_.emplace(std::move(name), settings);
  return settings;
}

}  // namespace tidegate::workflow
