#include "routing/decision.h"

#include <algorithm>
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

std::unexpected<Error> unknown(std::string_view what, std::string_view name,
                               std::span<const std::string> known, std::string_view field) {
  std::string message = "There is no " + std::string(what) + " " + quoted(name) + ".";
  // Near names cost the square of the length; nobody mistypes 128 characters.
  if (name.size() <= 128) message += did_you_mean(name, known);
  return fail(ErrorCode::not_found, std::move(message), std::string(field));
}

std::unexpected<Error> unknown_route(const Table& table, std::string_view name,
                                     std::string_view field) {
  std::vector<std::string> names;
  for (const Route& route : table.routes) names.push_back(route.name);
  return unknown("route", name, names, field);
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
  return unknown("model", query.model, names, "model");
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
  if (table.peak_model != nullptr && table.policy.uses("peak")) {
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

void explain_skipped(Decision& decision, std::size_t skipped, std::string_view why) {
  if (skipped == 0) return;
  decision.reason.add("; ")
      .add(static_cast<std::int64_t>(skipped))
      .add(" of ")
      .add(static_cast<std::int64_t>(decision.route->targets.size()))
      .add(" models skipped: ")
      .add(why);
}

Result<void> choose_targets(Decision& decision, const workload::Workload& workload) {
  const auto add = [&](const Target& target) { decision.list[decision.count++] = &target; };
  std::size_t blind = 0, narrow = 0;
  for (const Target& target : decision.route->targets) {
    if (!takes(target, workload)) {
      if (blind++ == 0) decision.blind = &target;
    } else if (!fits(target, workload)) {
      ++narrow;
    } else {
      add(target);
    }
  }
  if (blind == decision.route->targets.size()) {
    return cannot_take(
        *decision.blind->model, workload.media,
        "No model of the route " + decision.route->name + " takes all that is shown: ");
  }
  if (decision.count == 0) {  // let the provider say what is too long
    for (const Target& target : decision.route->targets) {
      if (takes(target, workload)) add(target);
    }
    narrow = 0;
  }
  if (blind != 0) {
    explain_skipped(decision, blind, "no ");
    decision.reason.add(first_name(decision.blind->model->misses(workload.media)));
  }
  explain_skipped(decision, narrow, "context too small");
  return {};
}

Result<Decision> chosen(Decision decision, const Query& query) {
  if (Result<void> found = choose_targets(decision, query.workload); !found) {
    return std::unexpected(std::move(found.error()));
  }
  return decision;
}

Result<Decision> take(const Route& route, std::string_view why, const Query& query) {
  Decision decision{.route = &route};
  decision.reason.add(why);
  return chosen(std::move(decision), query);
}

Result<Decision> decide_auto(const Table& table, const Affinity* affinity, const Query& query) {
  Decision decision;
  decision.task = task_hash(query.task, query.role, query.fingerprint);
  const Route* last = nullptr;
  if (affinity != nullptr && decision.task != 0) {
    last = table.find(affinity->find(decision.task, query.now, table.sticky_for));
  }
  const bool sees = last != nullptr && takes_any(*last, query.workload);
  if (sees && fits(last->targets[0], query.workload)) {
    decision.route = last;
    decision.sticky = true;
    decision.reason.add("sticky: the task stays on ").add(last->name);
    return chosen(std::move(decision), query);
  }
  const Facts facts = facts_of(table, query);
  const auto match = table.policy.decide(facts);
  if (!match) {
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
  return chosen(std::move(decision), query);
}

}  // namespace

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
    return take(*route, "route asked for by x-tidegate-route", query);
  }
  if (query.model.starts_with(kRoutePrefix)) {
    const std::string_view name = query.model.substr(kRoutePrefix.size());
    const Route* route = table.find(name);
    if (route == nullptr) return unknown_route(table, name, "model");
    return take(*route, "route asked for by name", query);
  }
  if (query.model.empty() || query.model == "auto") return decide_auto(table, affinity, query);
  if (const catalog::Model* model = table.catalog->find(query.model)) {
    const auto found = table.models.find(model->id);
    if (found != table.models.end()) {
      if (model->misses(query.workload.media) != 0) {
        return cannot_take(*model, query.workload.media);
      }
      return take(found->second, "model asked for by name", query);
    }
  }
  return unknown_model(table, query);
}

}  // namespace tidegate::routing
