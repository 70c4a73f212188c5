// Which model of the catalogue will answer a task, as far as that is known before. Used by plan().
// One per plan, one thread.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "routing/table.h"
#include "workflow/definition.h"

namespace tidegate::workflow {

class PlanModels {
 public:
  PlanModels(const catalog::Catalog& catalog, const routing::Table* table, WallTime at)
      : catalog_(catalog), table_(table), at_(at) {}

  // Null: problems() says why. The first task of those with the same settings and role stands for
  // all.
  const catalog::Model* of(const Workflow& workflow, const Task& task);

  // Each once: unknown models, unknown prices.
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
  [[nodiscard]] bool asked_policy() const { return asked_policy_; }

 private:
  const catalog::Model* find(const Workflow& workflow, const Task& task);
  const catalog::Model* by_policy(const Workflow& workflow, const Task& task);
  void check_price(const catalog::Model& model, const std::string& task);
  void problem(std::string message);

  const catalog::Catalog& catalog_;
  const routing::Table* table_;
  WallTime at_;
  std::unordered_map<const TaskSettings*, std::unordered_map<RoleIndex, const catalog::Model*>>
      known_;
  std::vector<std::string> problems_;
  bool asked_policy_ = false;
};

}  // namespace tidegate::workflow
