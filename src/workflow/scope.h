// Scope: what an expression can ask for. The engine supplies it for the task (and item) that it is
// about to start; `plan` and tests supply theirs. Lives for one rendering; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "workflow/value.h"

namespace tidegate::workflow {

// How a task ended. The words in expressions and reports are name()'s.
enum class Outcome : std::uint8_t {
  none,  // it has not ended yet; never seen by a task that waits for it
  success,
  failure,
  skipped,
  cancelled,
  approved,
  rejected
};
[[nodiscard]] std::string_view name(Outcome outcome);

// What tasks know of one that they wait for: needs.<id>.<field>.
struct Need {
  std::string_view id;
  Outcome outcome = Outcome::none;
  // Of a task with for_each: a list with one value per item in the order of the list, null where an
  // item has none. Else its answer: parsed if the task has a schema, else a string; null if it was
  // skipped or failed. Of `uses`: a map of the sub-workflow's outputs.
  Value output;
  std::int64_t succeeded = 0, failed = 0;  // items; of a task without for_each 1 and 0, or 0 and 1
  NanoDollars cost{};
};

// Every answer may be given by reference: values share what they hold.
class Scope {
 public:
  virtual ~Scope() = default;

  // inputs.NAME: as given, or the default; null if neither.
  [[nodiscard]] virtual Value input(std::string_view name) const = 0;
  // needs.ID, where the task waits for ID; null: it is not among its needs.
  [[nodiscard]] virtual const Need* need(std::string_view id) const = 0;
  // All of them, in the order of the file: for `needs | results_table` and success(), failure().
  [[nodiscard]] virtual std::vector<const Need*> needs() const = 0;
  // item, item_index and item_key of a task with for_each; null, -1 and "" for any other.
  [[nodiscard]] virtual Value item() const = 0;
  [[nodiscard]] virtual std::int64_t item_index() const = 0;
  [[nodiscard]] virtual std::string_view item_key() const = 0;
  // run.NAME: id, name, date ("2026-11-30", UTC) and time (RFC 3339) of its start.
  [[nodiscard]] virtual Value run(std::string_view name) const = 0;
  // Whether the run is being cancelled, for cancelled().
  [[nodiscard]] virtual bool cancelled() const { return false; }
};

}  // namespace tidegate::workflow
