// Keys as JSON: what `tidegate keys --json` and the admin API show, what the admin API is asked
// with, and the lists that the store keeps in columns. Never a secret or a hash.
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "json/writer.h"
#include "limits/key.h"
#include "limits/key_draft.h"

namespace tidegate::limits {

// Writes one object. `text`: the key itself where it was just made; empty else.
void write_key(json::Writer& json, const Key& key, WallTime now, std::string_view text = {});

// {"name":"ci","tenant":"search","models":[..],"routes":[..],"expires":"30d","labels":{..},
//  "limits":{"requests_per_minute":60},"budgets":["50/month"]}
Result<KeyDraft> read_draft(std::string_view body, WallTime now);
// {"grace":"24h"}, or nothing at all: no grace.
Result<Duration> read_grace(std::string_view body);

using Labels = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::string to_json(const std::vector<std::string>& names);
[[nodiscard]] std::string to_json(const Labels& labels);
[[nodiscard]] std::string to_json(const RateLimits& limits);
[[nodiscard]] std::string to_json(const std::vector<config::SpendingCap>& caps);
// False: not what to_json() writes.
[[nodiscard]] bool from_json(std::string_view text, std::vector<std::string>& names);
[[nodiscard]] bool from_json(std::string_view text, Labels& labels);
[[nodiscard]] bool from_json(std::string_view text, RateLimits& limits);
[[nodiscard]] bool from_json(std::string_view text, std::vector<config::SpendingCap>& caps);

}  // namespace tidegate::limits
