// KeyDraft: what somebody asks for when a key is made, and whether it makes sense.
// Filled by `tidegate keys create` and the admin API. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"
#include "config/config.h"
#include "limits/key.h"

namespace tidegate::limits {

struct KeyDraft {
  std::string name;
  std::string tenant;
  Allowed allowed;
  OwnBounds own;
  std::optional<WallTime> expires;
  std::vector<std::pair<std::string, std::string>> labels;
};

// "30d", or "2026-12-01" and "2026-12-01T12:00:00Z"; a moment after `now`.
Result<WallTime> parse_expiry(std::string_view text, WallTime now);
// How long a replaced secret stays good: "24h", at most 90 days.
Result<Duration> parse_grace(std::string_view text);
// "50/month"
Result<config::SpendingCap> parse_cap(std::string_view text);
// "team=search"
Result<std::pair<std::string, std::string>> parse_label(std::string_view text);

// Names, sizes, and that the models and routes exist. An error names the field at fault.
Result<void> check(const KeyDraft& draft, const catalog::Catalog& catalog,
                   const config::Config& config);

}  // namespace tidegate::limits
