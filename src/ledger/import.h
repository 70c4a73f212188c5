// Takes the segments of other ledgers into one: of a journal that a gateway left, or of another
// gateway's SQLite file. What is there already, by its id, is left alone, so that importing twice
// is importing once. Functions; the caller's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/error.h"
#include "ledger/ledger_store.h"

namespace tidegate::ledger {

struct Imported {
  std::uint64_t segments = 0, records = 0;  // new
  std::uint64_t known = 0;                  // segments that were there already
  std::uint64_t damaged = 0;  // segments, or stretches of a journal, that were left out
};

// Errors: not_found, invalid (neither a journal nor a ledger's SQLite file), io, or the store's:
// then a part may have been taken, and importing again goes on from there.
Result<Imported> import_file(LedgerStore& into, const std::string& file);

}  // namespace tidegate::ledger
