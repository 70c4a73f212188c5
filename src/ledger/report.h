// What was spent: the ledger's records summed up by model, task, role, day, route, provider,
// key or tenant.
// Used by `tidegate cost` and the console, beside a running gateway. Functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/money.h"
#include "base/time.h"
#include "base/usage.h"

namespace tidegate::ledger {

enum class GroupBy : std::uint8_t { model, task, role, day, route, provider, key, tenant };
[[nodiscard]] std::string_view name(GroupBy by);
// nullopt: none of "model", "task", "role", "day", "route", "provider", "key", "tenant".
[[nodiscard]] std::optional<GroupBy> parse_group_by(std::string_view text);

struct Query {
  GroupBy by = GroupBy::model;
  std::optional<WallTime> since;  // of an attempt's start, inclusive
  std::optional<WallTime> until;  // exclusive
};

struct Sum {
  std::string name;           // of the group; empty: records without one (no task, no role, ...)
  std::int64_t requests = 0;  // answers to clients: their last attempts
  std::int64_t attempts = 0;
  std::int64_t failed = 0;  // attempts that did not end well
  Usage usage;
  NanoDollars cost;           // of the attempts whose price is known
  NanoDollars peak_cost;      // of `cost`: at peak prices
  std::int64_t unpriced = 0;  // attempts whose price is unknown
};

struct Report {
  Query query;
  std::vector<Sum> sums;  // dearest first; days in order
  Sum total;
};

// Reads the ledger at `path` and what its journal holds that is not in it yet. Errors: not_found
// (neither file is there), invalid (not a ledger, or damaged), io, unavailable.
Result<Report> run_report(const std::string& path, const std::string& journal_path,
                          const Query& query);

// An aligned table with a total; a sentence when there is nothing to show.
[[nodiscard]] std::string to_text(const Report& report);
[[nodiscard]] std::string to_json(const Report& report);

}  // namespace tidegate::ledger
