#include "routing/decision.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/text.h"

namespace tidegate::routing {
namespace {

constexpr std::string_view kRoutePrefix = "route:";

// Answer tokens that a request to the target may ask for.
Tokens answer_tokens(const Target& target, const workload::Workload& workload) {
  if (workload.max_tokens == 0) return target.max_tokens;
  return target.max_tokens == 0 ? workload.max_tokens
                                : std::min(workload.max_tokens, target.max_tokens);
}

// A name from the network as it may stand in an error text.
std::string quoted(std::string_view name) {
  constexpr std::size_t kMaxShown = 80;
  std::string text = "\"";
  for (const char c : name.substr(0, kMaxShown)) text.push_back(c >= ' ' && c <= '~' ? c : '?');
  return text + (name.size() > kMaxShown ? "...\"" : "\"");
}

std::unexpected<Error> unknown_route(const Table& table, std::string_view name,
                                     std::string_view field) {
  std::vector<std::string> names;
  for (const Route& route : table.routes) names.push_back(route.name);
  return std::unexpected(unknown_name("route", name, names, field));
}

std::unexpected<Error> unknown_model(const Table& table, const Query& query) {
  if (const catalog::Model* model = table.catalog->find(query.model)) {
    return fail(ErrorCode::not_found,
                "The model " + model->id + " is served by the provider " + model->provider +
                    ", which is not configured. Add it under providers.",
                "model");
  }
  std::vector<std::string> names = table.catalog->names();
  names.emplace_back("auto");
  for (const Route& route : table.routes) names.push_back(std::string(kRoutePrefix) + route.name);
  return std::unexpected(unknown_name("model", query.model, names, "model"));
}

Facts facts_of(const Table& table, const Query& query) {
  const workload::Workload& workload = query.workload;
  Facts facts{.context_tokens = workload.context_tokens,
              .tool_density = workload.tool_density,
              .planning_score = workload.planning_score,
              .messages = workload.messages,
              .tools = workload.tools,
              .images = workload.images,
              .assistant_steps = workload.assistant_steps,
              .max_tokens = workload.max_tokens,
              .stream = workload.stream,
              .task = query.task,
              .role = query.role,
              .client = product(query.user_agent),
              .model = query.model};
  set_time(facts, query.wall);
  // The calendar knows holidays by date and is slow to ask.
  if (table.peak_model != nullptr) {
    facts.peak = table.catalog->quote(*table.peak_model, query.wall, 0).peak;
  }
  return facts;
}

std::string_view first_name(MediaSet set) {
  for (const auto& [name, kind] : kMediaNames) {
    if (contains(set, kind)) return name;
  }
  return {};
}

// `before`: what is to be said of more than the model itself.
std::unexpected<Error> cannot_take(const catalog::Model& model, MediaSet shown,
                                   std::string before = {}) {
  const std::string kind(first_name(model.misses(shown)));
  return fail(ErrorCode::invalid,
              std::move(before) + model.id + " takes no " + kind +
                  ". Leave them out, or ask for a model or route that takes them.",
              kind);
}

bool takes(const Target& target, const workload::Workload& workload) {
  return target.model->misses(workload.media) == 0;
}

bool takes_any(const Route& route, const workload::Workload& workload) {
  return std::ranges::any_of(route.targets, [&](const Target& t) { return takes(t, workload); });
}

bool allows(const Permit& permit, const Table& table, const Target& target) {
  return permit.models.empty() || std::ranges::any_of(permit.models, [&](const std::string& name) {
           return table.catalog->find(name) == target.model;
         });
}

void note_skipped(Reason& reason, std::size_t skipped, std::size_t all, std::string_view why) {
  if (skipped == 0) return;
  reason.add("; ")
      .add(static_cast<std::int64_t>(skipped))
      .add(" of ")
      .add(static_cast<std::int64_t>(all))
      .add(" models skipped: ")
      .add(why);
}

// The route is one that the permit allows.
Result<void> choose_targets(Decision& decision, const Table& table, const Query& query) {
  const auto add = [&](const Target& target) { decision.list[decision.count++] = &target; };
  const std::size_t all = decision.route->targets.size();
  std::size_t barred = 0, blind = 0, narrow = 0;
  for (const Target& target : decision.route->targets) {
    if (!allows(query.permit, table, target)) {
      ++barred;
    } else if (!takes(target, query.workload)) {
      if (blind++ == 0) decision.blind = &target;
    } else if (!fits(target, query.workload)) {
      ++narrow;
    } else {
      add(target);
    }
  }
  if (blind != 0 && barred + blind == all) {
    return cannot_take(
        *decision.blind->model, query.workload.media,
        "No model of the route " + decision.route->name + " takes all that is shown: ");
  }
  if (decision.count == 0) {  // let the provider say what is too long
    for (const Target& target : decision.route->targets) {
      if (allows(query.permit, table, target) && takes(target, query.workload)) add(target);
    }
    narrow = 0;
  }
  note_skipped(decision.reason, barred, all, "not for this key");
  if (blind != 0) {
    note_skipped(decision.reason, blind, all, "no ");
    decision.reason.add(first_name(decision.blind->model->misses(query.workload.media)));
  }
  note_skipped(decision.reason, narrow, all, "context too small");
  return {};
}

// What a permit allows, for people who asked for something else.
std::string described(const Permit& permit) {
  const auto list = [](std::string_view what, std::span<const std::string> names) {
    std::string text(what);
    for (std::size_t i = 0; i < names.size(); ++i) text += (i == 0 ? " " : ", ") + names[i];
    return text;
  };
  if (permit.routes.empty()) return list("the models", permit.models);
  if (permit.models.empty()) return list("the routes", permit.routes);
  return list("the models", permit.models) + list(" and the routes", permit.routes);
}

Result<Decision> take(const Table& table, const Route& route, std::string_view why,
                      const Query& query, std::string_view field) {
  if (!allows(query.permit, table, route)) {
    return fail(ErrorCode::forbidden,
                "This key may not use " +
                    quoted(route.name.empty() ? std::string_view(route.targets[0].model->id)
                                              : std::string_view(route.name)) +
                    ", only " + described(query.permit) + ".",
                std::string(field));
  }
  Decision decision{.route = &route};
  decision.reason.add(why);
  if (auto found = choose_targets(decision, table, query); !found) {
    return std::unexpected(std::move(found.error()));
  }
  return decision;
}

// The first rule that holds and leads where the permit allows.
std::optional<Match> match_policy(const Table& table, const Facts& facts, const Permit& permit) {
  auto match = table.policy.decide(facts);
  while (match && !allows(permit, table, table.routes[match->route])) {
    match = table.policy.decide(facts, match->rule);
  }
  return match;
}

// What a permit names first, where the policy has nothing that it allows.
const Route* first_of(const Permit& permit, const Table& table) {
  for (const std::string& name : permit.routes) {
    const Route* route = table.find(name);
    if (route != nullptr && allows(permit, table, *route)) return route;
  }
  for (const std::string& name : permit.models) {
    const catalog::Model* model = table.catalog->find(name);
    const auto found = model != nullptr ? table.models.find(model->id) : table.models.end();
    if (found != table.models.end()) return &found->second;
  }
  return nullptr;
}

Result<Decision> decide_auto(const Table& table, const Affinity* affinity, const Query& query) {
  Decision decision;
  decision.task = task_hash(query.task, query.role, query.fingerprint);
  const Route* last = nullptr;
  if (affinity != nullptr && decision.task != 0) {
    last = table.find(affinity->find(decision.task, query.now, table.sticky_for));
  }
  if (last != nullptr && !allows(query.permit, table, *last)) last = nullptr;
  const bool sees = last != nullptr && takes_any(*last, query.workload);
  if (sees && fits(last->targets[0], query.workload)) {
    decision.route = last;
    decision.sticky = true;
    decision.reason.add("sticky: the task stays on ").add(last->name);
    if (auto found = choose_targets(decision, table, query); !found) {
      return std::unexpected(std::move(found.error()));
    }
    return decision;
  }
  const Facts facts = facts_of(table, query);
  const auto match = match_policy(table, facts, query.permit);
  if (!match) {
    if (const Route* route = first_of(query.permit, table)) {
      return take(table, *route, "the policy has nothing for this key, which names this first",
                  query, "model");
    }
    if (!table.policy.empty()) {
      return fail(
          ErrorCode::forbidden,
          "This key may use only " + described(query.permit) + ", and none of them is served here.",
          "model");
    }
    return fail(ErrorCode::invalid,
                "The model \"auto\" needs a policy, and the configuration has none. Name a model "
                "or a route (route:NAME).",
                "model");
  }
  decision.route = &table.routes[match->route];
  decision.rule = match->rule;
  decision.moved = last != nullptr && last != decision.route;
  if (decision.moved && !sees) {
    decision.reason.add("moved: ")
        .add(last->name)
        .add(" takes no ")
        .add(first_name(last->targets[0].model->misses(query.workload.media)))
        .add("; ");
  } else if (decision.moved) {
    decision.reason.add("moved: ")
        .add(query.workload.context_tokens)
        .add(" tokens no longer fit ")
        .add(last->targets[0].model->id)
        .add("; ");
  }
  table.policy.explain(*match, facts, decision.reason);
  if (auto found = choose_targets(decision, table, query); !found) {
    return std::unexpected(std::move(found.error()));
  }
  return decision;
}

}  // namespace

Error unknown_name(std::string_view what, std::string_view name, std::span<const std::string> known,
                   std::string_view field) {
  std::string message = "There is no " + std::string(what) + " " + quoted(name) + ".";
  // Near names cost the square of the length; nobody mistypes 128 characters.
  const std::string near = name.size() <= 128 ? did_you_mean(name, known) : "";
  message += near.empty() ? " GET /v1/models lists what can be asked for." : near;
  return {ErrorCode::not_found, std::move(message), std::string(field)};
}

bool allows(const Permit& permit, const Table& table, const Route& route) {
  if (permit.models.empty() && permit.routes.empty()) return true;
  if (route.name.empty()) {
    return !permit.models.empty() && allows(permit, table, route.targets[0]);
  }
  if (!permit.routes.empty() && std::ranges::find(permit.routes, route.name) == permit.routes.end())
    return false;
  return std::ranges::any_of(route.targets,
                             [&](const Target& target) { return allows(permit, table, target); });
}

bool fits(const Target& target, const workload::Workload& workload) {
  const catalog::Model& model = *target.model;
  if (model.max_input > 0 && workload.context_tokens > model.max_input) return false;
  return model.context == 0 ||
         workload.context_tokens + answer_tokens(target, workload) <= model.context;
}

Result<Decision> decide(const Table& table, const Affinity* affinity, const Query& query) {
  if (!query.forced_route.empty()) {
    const Route* route = table.find(query.forced_route);
    if (route == nullptr) return unknown_route(table, query.forced_route, "x-tidegate-route");
    return take(table, *route, "route asked for by x-tidegate-route", query, "x-tidegate-route");
  }
  if (query.model.starts_with(kRoutePrefix)) {
    const std::string_view name = query.model.substr(kRoutePrefix.size());
    const Route* route = table.find(name);
    if (route == nullptr) return unknown_route(table, name, "model");
    return take(table, *route, "route asked for by name", query, "model");
  }
  if (query.model.empty() || query.model == "auto") return decide_auto(table, affinity, query);
  if (const catalog::Model* model = table.catalog->find(query.model)) {
    const auto found = table.models.find(model->id);
    if (found != table.models.end()) {
      if (model->misses(query.workload.media) != 0) {
        return cannot_take(*model, query.workload.media);
      }
      return take(table, found->second, "model asked for by name", query, "model");
    }
  }
  return unknown_model(table, query);
}

}  // namespace tidegate::routing
