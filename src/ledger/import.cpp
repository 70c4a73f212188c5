#include "ledger/import.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <limits>
#include <vector>

#include "ledger/journal.h"
#include "ledger/journal_frame.h"
#include "ledger/ledger_schema.h"
#include "store/sqlite.h"

namespace tidegate::ledger {
namespace {

constexpr std::size_t kSegmentsPerStep = 200;

Result<void> insert(LedgerStore& into, std::span<const Segment> segments, Imported& imported) {
  const auto inserted = into.insert(segments);
  if (!inserted) return std::unexpected(inserted.error());
  imported.segments += inserted->segments;
  imported.records += inserted->records;
  imported.damaged += inserted->damaged;
  imported.known += segments.size() - inserted->segments - inserted->damaged;
  return {};
}

Result<Imported> import_journal(LedgerStore& into, const std::string& file) {
  Imported imported;
  auto found = read_whole_journal(file);
  if (!found) return std::unexpected(found.error());
  imported.damaged = found->torn;
  std::span<Segment> rest = found->segments;
  // Counted anew: what a file of somebody else's says of itself is not believed.
  for (Segment& segment : rest) segment.tallies.clear();
  while (!rest.empty()) {
    const std::size_t step = std::min(rest.size(), kSegmentsPerStep);
    if (auto done = insert(into, rest.first(step), imported); !done) {
      return std::unexpected(done.error());
    }
    rest = rest.subspan(step);
  }
  return imported;
}

Result<Imported> import_sqlite(LedgerStore& into, const std::string& file) {
  auto store = store::open_sqlite({.path = file, .read_only = true});
  if (!store) return std::unexpected(store.error());
  const auto known = has_rollups(**store);
  if (!known) return std::unexpected(known.error());
  if (!*known) {
    return fail(
        ErrorCode::invalid,
        fmt::format("{} is a database, but not a ledger; a copy of one that was in use needs "
                    "its FILE.db-wal beside it",
                    file));
  }
  Imported imported;
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  std::vector<Segment> segments;
  do {
    segments.clear();
    const std::array<store::Value, 2> values{last, static_cast<std::int64_t>(kSegmentsPerStep)};
    auto read = (*store)->query(
        "SELECT id, first_us, last_us, count, labels, records FROM segment WHERE id > $1"
        " ORDER BY id LIMIT $2",
        values, [&](const store::Row& row) {
          Segment& segment = segments.emplace_back();
          segment.id = last = row.integer(0);
          segment.first_us = row.integer(1);
          segment.last_us = row.integer(2);
          segment.count = row.integer(3);
          segment.labels = row.text(4);
          segment.records = row.text(5);
        });
    if (!read) return std::unexpected(read.error());
    if (auto done = insert(into, segments, imported); !done) return std::unexpected(done.error());
  } while (segments.size() == kSegmentsPerStep);
  return imported;
}

}  // namespace

Result<Imported> import_file(LedgerStore& into, const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::array<char, 16> head{};
  if (!in) return fail(ErrorCode::not_found, fmt::format("cannot read {}", file));
  in.read(head.data(), head.size());
  const std::string_view begin(head.data(), static_cast<std::size_t>(in.gcount()));
  in.close();
  if (begin.starts_with("SQLite format 3")) return import_sqlite(into, file);
  if (begin.starts_with(kAnyMagic) || begin.starts_with(kEndMark)) {
    return import_journal(into, file);
  }
  return fail(
      ErrorCode::invalid,
      fmt::format("{} is neither a ledger's journal nor an SQLite file; expected FILE.journal "
                  "or FILE.db of a gateway",
                  file));
}

}  // namespace tidegate::ledger
