#include "workflow/plan_models.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/conversation.h"
#include "routing/decision.h"
#include "workflow/render.h"
#include "workload/workload.h"

namespace tidegate::workflow {

const catalog::Model* PlanModels::of(const Workflow& workflow, const Task& task) {
  auto& by_role = known_[task.settings.get()];
  if (const auto known = by_role.find(task.role); known != by_role.end()) return known->second;
  const catalog::Model* model = find(workflow, task);
  if (model != nullptr) {
    check_price(*model, task.id);
    for (const std::string& name : task.settings->model.fallback) {
      const catalog::Model* fallback = catalog_.find(name);
      if (fallback != nullptr) check_price(*fallback, task.id);
    }
  }
  by_role[task.role] = model;
  return model;
}

const catalog::Model* PlanModels::find(const Workflow& workflow, const Task& task) {
  constexpr std::string_view kRoute = "route:";
  const std::string& name = task.settings->model.model;
  if (name == "auto") return by_policy(workflow, task);
  if (name.starts_with(kRoute)) {
    const routing::Route* route =
        table_ != nullptr ? table_->find(std::string_view(name).substr(kRoute.size())) : nullptr;
    if (route != nullptr && !route->targets.empty()) return route->targets.front().model;
    problem(fmt::format("task {}: {} is no route of the configuration", task.id, name));
    return nullptr;
  }
  const catalog::Model* model = catalog_.find(name);
  if (model == nullptr)
    problem(fmt::format("task {}: {} is no model of the catalogue", task.id, name));
  return model;
}

const catalog::Model* PlanModels::by_policy(const Workflow& workflow, const Task& task) {
  asked_policy_ = true;
  if (table_ == nullptr) {
    problem(fmt::format("task {}: no configuration says which model answers auto", task.id));
    return nullptr;
  }
  // What the policy sees of the task: its words, without what is put in.
  Prompt prompt;
  const auto piece = [](std::string_view text) {
    return Piece{Piece::Origin::author, {}, std::make_shared<const std::string>(text)};
  };
  if (task.role != kNoRole)
    prompt.system.push_back(piece(workflow.roles[task.role].system.source()));
  for (const Template& text : workflow.context) prompt.system.push_back(piece(text.source()));
  prompt.user.push_back(piece(task.prompt.source()));
  const std::string body = request_body(task, prompt, {});
  const auto conversation = protocol::read_conversation(body);
  if (!conversation) {
    problem(fmt::format("task {}: {}", task.id, conversation.error().message));
    return nullptr;
  }
  routing::Query query;
  query.workload = workload::measure(*conversation, workload::TokenWeights{});
  query.model = "auto";
  if (task.role != kNoRole) query.role = workflow.roles[task.role].name;
  query.wall = at_;
  const auto decision = routing::decide(*table_, nullptr, query);
  if (!decision || decision->count == 0) {
    problem(fmt::format("task {}: {}", task.id,
                        decision ? "no model for it" : decision.error().message));
    return nullptr;
  }
  return decision->targets().front()->model;
}

void PlanModels::check_price(const catalog::Model& model, const std::string& task) {
  const catalog::Quote quote = catalog_.quote(model, at_, 1);
  const bool known = quote.price != nullptr && quote.price->input && quote.price->output;
  if (known) return;
  problem(
      fmt::format("model {} (task {}): its price is unknown; give it in the configuration: "
                  "models: {{ {}: {{ price: {{ input: USD, output: USD }} }} }} per million tokens",
                  model.id, task, model.id));
}

void PlanModels::problem(std::string message) {
  constexpr std::size_t kMany = 20;
  if (problems_.size() >= kMany) return;
  if (std::ranges::find(problems_, message) == problems_.end()) {
    problems_.push_back(std::move(message));
  }
}

}  // namespace tidegate::workflow
