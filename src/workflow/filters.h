// The filters of expressions: `value | name(argument)`. Used by Expression. Pure functions, any
// thread.
//
//   default(v)     v where the value is null
//   json           the value as JSON
//   length         of a list, a map (members) or a text (characters)
//   join(text)     a list's items as texts, with the text (", ") between them
//   first, last    of a list; null if it is empty
//   compact        a list without its nulls
//   lines          a text's lines as a list
//   trim           a text without white space around it
//   results_table  `needs` as a table in Markdown: task, result, items, cost, output
//
// All but default() give null for null.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "workflow/scope.h"
#include "workflow/value.h"

namespace tidegate::workflow {

enum class Filter : std::uint8_t {
  otherwise,  // default
  json,
  length,
  join,
  first,
  last,
  compact,
  lines,
  trim,
  results_table
};

struct FilterForm {
  std::string_view name;
  Filter filter;
  bool takes_argument = false;
  bool needs_argument = false;
};
[[nodiscard]] std::span<const FilterForm> filter_forms();

// Any but default() and results_table. `argument` is null where there is none.
[[nodiscard]] Result<Value> apply(Filter filter, const Value& value, const Value& argument);

// An output of more than 300 bytes is shown by its beginning, and how much is missing is said.
[[nodiscard]] Value results_table(const std::vector<const Need*>& needs);

}  // namespace tidegate::workflow
