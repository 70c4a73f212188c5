// What requests may cost and did cost, and when a model's cheap hours are.
// Used by the runner. Immutable, any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "base/usage.h"
#include "catalog/catalog.h"

namespace tidegate::engine {

struct Cost {
  NanoDollars amount;
  NanoDollars saved_by_cache{};   // what its cached tokens would have cost more
  NanoDollars saved_by_window{};  // what it would have cost more in peak hours
  std::string price_epoch{};
  bool peak = false;
};

class Pricing {
 public:
  // `models_behind`: the catalogue ids that may answer when a model is asked for by this name:
  // those of a route and its fallbacks, all that a policy may choose for "auto".
  using ModelsBehind = std::function<std::vector<std::string>(std::string_view name)>;
  Pricing(std::shared_ptr<const catalog::Catalog> catalog, ModelsBehind models_behind);

  // The most that a request may cost whichever of its models answers: no token cached, the longest
  // answer, peak hours. nullopt: the price of one of them is unknown, which `unknown` then names.
  [[nodiscard]] std::optional<NanoDollars> worst_case(std::string_view model, Tokens prompt,
                                                      std::optional<Tokens> max_tokens, WallTime at,
                                                      std::string& unknown) const;
  // nullopt: the price is unknown.
  [[nodiscard]] std::optional<Cost> cost(std::string_view model, const Usage& usage,
                                         WallTime at) const;
  // The most tokens that a prompt for `model` may have beside an answer of `max_tokens`; nullopt:
  // the context of none of its models is known.
  [[nodiscard]] std::optional<Tokens> room(std::string_view model,
                                           std::optional<Tokens> max_tokens) const;
  // When the next cheap hour of `model` begins: `at` itself outside of its peak hours.
  [[nodiscard]] WallTime next_off_peak(std::string_view model, WallTime at) const;

 private:
  [[nodiscard]] std::vector<const catalog::Model*> candidates(std::string_view model) const;

  std::shared_ptr<const catalog::Catalog> catalog_;
  ModelsBehind models_behind_;
};

}  // namespace tidegate::engine
