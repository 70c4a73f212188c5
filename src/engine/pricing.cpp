#include "engine/pricing.h"

#include <algorithm>

namespace tidegate::engine {
namespace {

constexpr Tokens kLongestAnswer = 131'072;  // where the catalogue does not say

// Of a model at its dearest: in peak hours, if it has such.
const catalog::Price* dearest(const catalog::Model& model, WallTime at, Tokens prompt) {
  const catalog::Epoch* epoch = nullptr;
  for (const catalog::Epoch& candidate : model.epochs) {
    if (candidate.from <= at) epoch = &candidate;
  }
  if (epoch == nullptr || epoch->tiers.empty()) return nullptr;
  const catalog::Tier* tier = &epoch->tiers.front();
  for (const catalog::Tier& candidate : epoch->tiers) {
    if (prompt > candidate.above) tier = &candidate;
  }
  return epoch->has_peak ? &tier->peak : &tier->off_peak;
}

}  // namespace

Pricing::Pricing(std::shared_ptr<const catalog::Catalog> catalog, ModelsBehind models_behind)
    : catalog_(std::move(catalog)), models_behind_(std::move(models_behind)) {}

std::vector<const catalog::Model*> Pricing::candidates(std::string_view model) const {
  std::vector<const catalog::Model*> found;
  if (const catalog::Model* const known = catalog_->find(model)) found.push_back(known);
  if (!models_behind_) return found;
  for (const std::string& id : models_behind_(model)) {
    const catalog::Model* const behind = catalog_->find(id);
    if (behind != nullptr && std::ranges::find(found, behind) == found.end()) {
      found.push_back(behind);
    }
  }
  return found;
}

std::optional<NanoDollars> Pricing::worst_case(std::string_view model, Tokens prompt,
                                               std::optional<Tokens> max_tokens, WallTime at,
                                               std::string& unknown) const {
  NanoDollars most;
  const auto behind = candidates(model);
  unknown = model;
  if (behind.empty()) return std::nullopt;
  for (const catalog::Model* const each : behind) {
    const Tokens longest = each->max_output != 0 ? each->max_output : kLongestAnswer;
    const catalog::Price* const price = dearest(*each, at, prompt);
    std::optional<NanoDollars> amount;
    if (price != nullptr) {
      amount = catalog::cost(
          *price,
          {.prompt = prompt, .completion = std::min(max_tokens.value_or(longest), longest)});
    }
    if (!amount) {
      unknown = each->id;
      return std::nullopt;
    }
    most = std::max(most, *amount);
  }
  return most;
}

std::optional<Cost> Pricing::cost(std::string_view model, const Usage& usage, WallTime at) const {
  const catalog::Model* const known = catalog_->find(model);
  if (known == nullptr) return std::nullopt;
  const catalog::Quote quote = catalog_->quote(*known, at, usage.prompt);
  if (quote.price == nullptr) return std::nullopt;
  const auto amount = catalog::cost(*quote.price, usage);
  if (!amount) return std::nullopt;
  Cost cost{.amount = *amount, .price_epoch = std::string(quote.epoch), .peak = quote.peak};
  Usage uncached = usage;
  uncached.cached = 0;
  if (const auto without = catalog::cost(*quote.price, uncached)) {
    cost.saved_by_cache = *without - *amount;
  }
  const catalog::Price* const most = dearest(*known, at, usage.prompt);
  if (!quote.peak && most != nullptr) {
    if (const auto in_peak = catalog::cost(*most, usage)) cost.saved_by_window = *in_peak - *amount;
  }
  return cost;
}

std::optional<Tokens> Pricing::room(std::string_view model,
                                    std::optional<Tokens> max_tokens) const {
  std::optional<Tokens> least;
  for (const catalog::Model* const each : candidates(model)) {
    Tokens most = each->max_input;
    if (each->context != 0) {
      const Tokens beside = each->context - max_tokens.value_or(std::min<Tokens>(
                                                each->max_output, each->context / 4));
      most = most == 0 ? beside : std::min(most, beside);
    }
    if (most != 0) least = std::min(least.value_or(most), most);
  }
  return least;
}

WallTime Pricing::next_off_peak(std::string_view model, WallTime at) const {
  using std::chrono::minutes;
  const catalog::Model* const known = catalog_->find(model);
  if (known == nullptr) return at;
  constexpr auto kHorizon = 8 * 24h;  // weekly calendars repeat within it
  WallTime when = at;
  while (catalog_->quote(*known, when, 0).peak) {
    when = std::chrono::floor<minutes>(when) + minutes{1};
    if (when - at > kHorizon) return at;
  }
  return when;
}

}  // namespace tidegate::engine
