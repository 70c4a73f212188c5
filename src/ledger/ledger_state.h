// The ledger's numbers about itself, by name, in its store. Functions; within a transaction of the
// caller's where it matters.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "store/store.h"

namespace tidegate::ledger {

namespace state {
// Segments up to this id, of before roll-ups were kept, are not all in them yet; absent: all are.
inline constexpr std::string_view kRollUpUntil = "roll_up_until";
inline constexpr std::string_view kRolledUp = "rolled_up";  // the last id of those that are
// No segment spans more time, so that those of a moment are found by when they end.
inline constexpr std::string_view kLongest = "longest_us";
// Records that began before this were deleted for their age; absent: none were.
inline constexpr std::string_view kDeletedBefore = "deleted_before_us";
}  // namespace state

Result<std::optional<std::int64_t>> read_state(store::Store& store, std::string_view name);
Result<void> write_state(store::Store& store, std::string_view name, std::int64_t value);
// Writes it if it is more than what is there.
Result<void> raise_state(store::Store& store, std::string_view name, std::int64_t value);
Result<void> erase_state(store::Store& store, std::string_view name);

}  // namespace tidegate::ledger
