#include "budgets/succession.h"

#include <fmt/format.h>

#include <utility>

namespace tidegate::budgets {
namespace {

std::string id_of(std::string_view request, std::int64_t attempt) {
  return fmt::format("{}/{}", request, attempt);
}

}  // namespace

void Succession::follow(std::shared_ptr<const Budgets> next) {
  const bool any = next != nullptr;
  next_.store(std::move(next));
  any_.store(any, std::memory_order_release);
}

void CountedLate::add(std::string_view request, std::int64_t attempt) {
  if (ended_.load()) return;
  const std::lock_guard lock(mutex_);
  ids_.insert(id_of(request, attempt));
  any_.store(true);
}

bool CountedLate::has(std::string_view request, std::int64_t attempt) const {
  if (!any_.load()) return false;
  const std::lock_guard lock(mutex_);
  return ids_.contains(id_of(request, attempt));
}

void CountedLate::end() {
  ended_.store(true);
  const std::lock_guard lock(mutex_);
  ids_.clear();
  any_.store(false);
}

}  // namespace tidegate::budgets
