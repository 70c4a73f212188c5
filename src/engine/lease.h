// Who owns a run: at most one process at a time. A lease has an epoch, which grows with every
// owner; commits name it, so that an owner that was taken for dead can write nothing more. Used
// before a run is resumed, on any thread with a store of its own.
#pragma once

#include <string>

#include "base/error.h"
#include "base/time.h"
#include "engine/records.h"
#include "store/store.h"

namespace tidegate::engine {

// Names this process so that another one on the same machine can tell whether it still lives:
// host, process id and when it began.
[[nodiscard]] std::string this_owner();
// Whether `owner` is a process of this machine that has ended.
[[nodiscard]] bool has_died(const std::string& owner);

// Takes the lease on `run` for `owner`. Error unavailable: another process has it.
Result<std::int64_t> take_lease(store::Store& store, RunId run, const std::string& owner,
                                WallTime now, Duration length);

}  // namespace tidegate::engine
