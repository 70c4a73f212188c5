// Plan: what a run will take in money, tokens and time, before a token is spent. Used by
// `tidegate workflow plan` and the API. A pure function of what it is given, the clock included.
//
// Sizes that nobody can know are assumed, and the plan says so: an answer has 1,000 tokens, three
// times as many where the model thinks, and never more than max_tokens; tools are used in three
// turns of 1,000 tokens; a list that an earlier task makes has `items` items. `min` is short
// answers (50 tokens), conditions that do not hold and the cheaper hours; `max` is every attempt,
// repair and turn to its limit in the dearer ones, without any cached token.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/money.h"
#include "base/time.h"
#include "catalog/catalog.h"
#include "routing/table.h"
#include "workflow/definition.h"

namespace tidegate::workflow {

template <class Amount>
struct Range {
  Amount min{}, expected{}, max{};
  Range& operator+=(const Range& other) {
    min += other.min;
    expected += other.expected;
    max += other.max;
    return *this;
  }
};

struct PlanOptions {
  WallTime start{};         // of the run
  Map inputs;               // bound; what is missing is assumed to be short
  std::int64_t items = 10;  // of a list that is not known before
  const catalog::Catalog* catalog = nullptr;
  const routing::Table* table = nullptr;  // routes and policy: what answers "auto" and "route:NAME"
};

struct PlanRow {
  std::string role;   // empty: none
  std::string model;  // id in the catalogue
  std::int64_t tasks = 0;
  Range<std::int64_t> requests;
  Range<Tokens> prompt, completion;
  Tokens cached = 0;  // of the expected prompt tokens, read from the provider's cache
  Range<NanoDollars> cost;
  NanoDollars off_peak{}, peak{};  // expected, if all of it were sent in such hours
};

// Tasks that a price window keeps back.
struct Hold {
  std::string first;  // one of them
  std::int64_t tasks = 0;
  std::string model;
  WallTime until{};
  bool released = false;  // by the deadline, before cheap hours begin
};

struct Plan {
  std::vector<PlanRow> rows;  // by role and model
  PlanRow total;
  std::vector<std::string> critical_path;  // ids, in order
  Duration critical_time{};                // expected
  WallTime start{}, end{};                 // expected, with holds
  std::optional<WallTime> deadline;
  std::vector<Hold> holds;
  std::optional<NanoDollars> budget;
  std::vector<std::string> notes;  // what was assumed, what is not covered
};

// Error invalid: a model has no known price, or cannot be found; the message names all of them and
// what to do.
[[nodiscard]] Result<Plan> plan(const Workflow& workflow, const PlanOptions& options);

[[nodiscard]] std::string to_text(const Plan& plan);
[[nodiscard]] std::string to_json(const Plan& plan);

}  // namespace tidegate::workflow
