// Where a journal is kept, and how it is opened by those who write and those who read.
// Functions, any thread.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "base/time.h"
#include "store/store.h"

namespace tidegate::engine {

// How long a call waits while another process or thread commits. The journal's writer, who tries
// again by itself, waits little.
inline constexpr Duration kLockPatience = 5s;

// "postgresql://...", "sqlite:FILE" or a file of SQLite.
[[nodiscard]] bool is_shared_journal(const std::string& place);  // in PostgreSQL
// Whether there may be runs: a file that is not there has none.
[[nodiscard]] bool journal_exists(const std::string& place);

// Opens the database of the journal and brings its tables up to date.
Result<std::unique_ptr<store::Store>> open_journal_store(const std::string& place,
                                                         Duration patience = kLockPatience);
// The same for the journal's writer.
Result<std::unique_ptr<store::Store>> open_journal_to_write(const std::string& place);
// To read only. Error not_found: there is no such file, so no run was ever made. One that an
// earlier program made is brought up to date.
Result<std::unique_ptr<store::Store>> open_journal_to_read(const std::string& place);

}  // namespace tidegate::engine
