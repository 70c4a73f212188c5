// The ledger's address in a configuration: "sqlite:FILE" or "postgresql://...", and how it is
// opened by those who write and those who read. Functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "ledger/ledger.h"
#include "ledger/report.h"

namespace tidegate::ledger {

// For the ledger's writer, or an import: makes a file that is missing. `patience`: with another
// writer's lock on the file; the default is longer than a reader's or a checkpoint's moment, and
// short beside what records may wait.
[[nodiscard]] OpenStore open_to_write(const std::string& address, Duration patience = 15ms);
// To read only. `journal`: of a gateway on this machine.
[[nodiscard]] LedgerPlace ledger_at(const std::string& address, std::string journal);

// At a start: an error (invalid) if this program must not write there, as a newer one has. A ledger
// that is away or not there yet is none: records wait in the journal.
Result<void> check_ledger(const LedgerPlace& place);

}  // namespace tidegate::ledger
