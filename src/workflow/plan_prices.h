// Prices around a moment: what a usage costs in cheap and in dear hours, and when these begin.
// Used by plan(). Pure functions, any thread.
#pragma once

#include <optional>

#include "base/money.h"
#include "base/time.h"
#include "catalog/catalog.h"

namespace tidegate::workflow {

struct TwoPrices {
  NanoDollars off_peak{}, peak{};  // the same where the model has no peak hours
};
// Of the price epoch of `at`. A price for cached tokens that is unknown is that of fresh ones.
[[nodiscard]] TwoPrices prices(const catalog::Catalog& catalog, const catalog::Model& model,
                               WallTime at, const Usage& usage);

[[nodiscard]] bool is_peak(const catalog::Catalog& catalog, const catalog::Model& model,
                           WallTime at);
// The first moment from `at` on, to the minute, at which it is not peak; nullopt: none within 14
// days.
[[nodiscard]] std::optional<WallTime> next_off_peak(const catalog::Catalog& catalog,
                                                    const catalog::Model& model, WallTime at);

}  // namespace tidegate::workflow
