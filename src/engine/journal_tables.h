// The tables of the journal, in SQLite and in PostgreSQL. What each column means:
// docs/workflows.md. Used by the thread that owns the store.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "store/store.h"

namespace tidegate::engine {

// Begins a statement that may join `used`: the runs of workflows within the run `?`, each with the
// task of that run that it belongs to, however deep. Their keys are "sub:" RUN "/" TASK.
inline constexpr std::string_view kWithUsedRuns =
    "WITH RECURSIVE used(run, task) AS (SELECT id, CAST(substr(key, 20) AS BIGINT) FROM run "
    "WHERE parent = $1 AND key LIKE 'sub:%' UNION ALL SELECT r.id, used.task FROM run r "
    "JOIN used ON r.parent = used.run WHERE r.key LIKE 'sub:%') ";

// What leads from no tables to those of today, a version each (store/migration.h).
[[nodiscard]] std::vector<std::string> journal_steps(store::Dialect dialect);
Result<void> migrate_journal(store::Store& store);
// False: it is not made yet, or an earlier program made it. Error invalid: a newer one did.
Result<bool> is_current_journal(store::Store& store);

}  // namespace tidegate::engine
