// Limits: the rules of one configuration, and which of them a request must pass.
// Immutable after build() but for its cells; shared by all workers. A reload hands rules that did
// not change on, with what they have counted.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "limits/cell_table.h"
#include "telemetry/metrics_list.h"

namespace tidegate::limits {

// Whose request it is. What is empty has no limits.
struct Subject {
  std::string_view tenant, key, client, route;
};

struct Rule {
  Rule(const config::Limit& from, const config::Limits& all, const Clock& clock,
       telemetry::Registry& registry, Lender* lender);

  const config::Limit limit;
  const int queue_length;
  const telemetry::LimitMetrics metrics;
  mutable CellTable cells;
  RateLimiter* const only;  // the cell of a rule that has one; null: of one for each
};

// The limiters that a request passes, outermost first, and the rules that they belong to.
class Chain {
 public:
  void add(RateLimiter& limiter, const Rule* rule) {
    limiters_[count_] = &limiter;
    rules_[count_++] = rule;
  }
  [[nodiscard]] std::span<RateLimiter* const> limiters() const {
    return {limiters_.data(), count_};
  }
  [[nodiscard]] std::span<const Rule* const> rules() const { return {rules_.data(), count_}; }

 private:
  std::array<RateLimiter*, kMaxNested> limiters_{};
  std::array<const Rule*, kMaxNested> rules_{};  // null: a provider's own limit, as it was found
  std::size_t count_ = 0;
};

class Limits {
 public:
  // previous: of the configuration before; may be null. lender: through whom the limits are shared
  // with other gateways, the same at each reload; null: they are not.
  static std::shared_ptr<const Limits> build(const config::Limits& settings, const Clock& clock,
                                             telemetry::Registry& registry, const Limits* previous,
                                             Lender* lender = nullptr);

  // No rules, for requests that only their key limits.
  static std::shared_ptr<const Limits> none();

  // What holds for the request as a whole, and for an attempt at a provider's model.
  void add_of_request(Chain& chain, const Subject& subject) const;
  [[nodiscard]] Chain of_target(std::string_view provider, std::string_view model) const;
  // Whether keys are told apart, for which the caller must be known.
  [[nodiscard]] bool has(config::LimitScope scope) const;

  [[nodiscard]] Duration queue_time() const { return queue_time_; }
  [[nodiscard]] std::span<const std::shared_ptr<Rule>> rules() const { return rules_; }

 private:
  void add(Chain& chain, config::LimitScope scope, std::string_view name) const;

  Duration queue_time_{};
  std::vector<std::shared_ptr<Rule>> rules_;
  static constexpr std::size_t kScopes = static_cast<std::size_t>(config::LimitScope::model) + 1;
  std::array<std::vector<const Rule*>, kScopes> by_scope_;
};

}  // namespace tidegate::limits
