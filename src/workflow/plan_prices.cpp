#include "workflow/plan_prices.h"

#include <algorithm>

namespace tidegate::workflow {
namespace {

// As catalog::cost(), which has no answer where the price of cached tokens is unknown.
NanoDollars cost_of(const catalog::Price& price, Usage usage) {
  if (!price.cached) usage.cached = 0;
  return catalog::cost(price, usage).value_or(NanoDollars{});
}

}  // namespace

TwoPrices prices(const catalog::Catalog& catalog, const catalog::Model& model, WallTime at,
                 const Usage& usage) {
  const catalog::Quote quote = catalog.quote(model, at, usage.prompt);
  for (const catalog::Epoch& epoch : model.epochs) {
    if (epoch.id != quote.epoch) continue;
    for (auto tier = epoch.tiers.rbegin(); tier != epoch.tiers.rend(); ++tier) {
      if (usage.prompt <= tier->above && tier->above > 0) continue;
      return {cost_of(tier->off_peak, usage), cost_of(tier->peak, usage)};
    }
  }
  return {};
}

bool is_peak(const catalog::Catalog& catalog, const catalog::Model& model, WallTime at) {
  return catalog.quote(model, at, 1).peak;
}

std::optional<WallTime> next_off_peak(const catalog::Catalog& catalog, const catalog::Model& model,
                                      WallTime at) {
  if (!is_peak(catalog, model, at)) return at;
  const WallTime end = at + 14 * 24h;
  for (WallTime moment = std::chrono::ceil<std::chrono::minutes>(at); moment < end;
       moment += 1min) {
    if (!is_peak(catalog, model, moment)) return moment;
  }
  return std::nullopt;
}

}  // namespace tidegate::workflow
