// Statements of a transaction whose outcome nobody needs at once: a store behind a network sends
// them together. Functions for any store, on its thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"
#include "store/store.h"

namespace tidegate::store {

inline constexpr std::int64_t kAnyRows = -1;

// Runs one statement, now or later. `rows`: how many it must insert or change, or else it is an
// error (invalid). An error is given by this call or a later one: flush() or commit() at the
// latest.
Result<void> queue(Store& store, std::string_view sql, std::span<const Value> values,
                   std::int64_t rows = kAnyRows);
Result<void> flush(Store& store);

// What a store implements beside Store if it can wait for many statements at a time.
class Pipelined {
 public:
  virtual ~Pipelined() = default;
  virtual Result<void> queue(std::string_view sql, std::span<const Value> values,
                             std::int64_t rows) = 0;
  virtual Result<void> flush() = 0;

 protected:
  static Result<void> check_rows(std::string_view sql, std::int64_t changed, std::int64_t wanted);
  friend Result<void> queue(Store&, std::string_view, std::span<const Value>, std::int64_t);
};

}  // namespace tidegate::store
