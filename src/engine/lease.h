// Who owns a run: at most one process at a time. A lease has an epoch, which grows with every
// owner; commits check it, so that an owner that was taken for dead can write nothing more. The
// lease of a run covers the workflows within it. On any thread with a store of its own.
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "base/time.h"
#include "engine/records.h"
#include "store/store.h"

namespace tidegate::engine {

struct Lease {
  RunId run{};
  std::int64_t epoch = 0;
};

// Microseconds since 1970, by the clock of those who share the store.
Result<std::int64_t> micros_now(store::Store& store);

// Takes the lease on `run` for `owner`. Error unavailable: another process has it.
Result<std::int64_t> take_lease(store::Store& store, RunId run, const std::string& owner,
                                Duration length);

// All others within a transaction of their caller.
// Of a run that is made in it.
Result<void> begin_lease(store::Store& store, RunId run, const std::string& owner, Duration length);
// The epochs of the owner's leases, which nobody can take until the transaction ends.
Result<std::map<RunId, std::int64_t>> leases_of(store::Store& store, const std::string& owner);
Result<void> renew_lease(store::Store& store, Lease lease, const std::string& owner,
                         Duration length);
// The epoch stays: the next owner's must be higher.
Result<void> release_lease(store::Store& store, Lease lease, const std::string& owner);

}  // namespace tidegate::engine
