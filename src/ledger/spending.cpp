#include "ledger/spending.h"

#include <array>
#include <map>

#include "ledger/journal.h"
#include "ledger/ledger_address.h"
#include "store/store.h"

namespace tidegate::ledger {
namespace {

using Each = std::function<void(const Label&, const Entry&)>;

Result<void> read_segment(std::string_view labels_text, std::string_view records_text,
                          std::int64_t since_us, const Each& each) {
  const auto labels = read_labels(labels_text);
  if (!labels) return std::unexpected(labels.error());
  return read_records(records_text, labels->size(), [&](const Entry& entry) {
    if (entry.started_us >= since_us) each((*labels)[entry.label], entry);
  });
}

// A file that another part of the program made first has no segments yet.
Result<bool> has_segments(store::Store& store) { return store.has_table("segment"); }

}  // namespace

Result<void> each_attempt_since(const std::string& path, const std::string& journal_path,
                                WallTime since, const Each& each) {
  const std::int64_t since_us =
      std::chrono::floor<std::chrono::microseconds>(since.time_since_epoch()).count();
  // First the journal: what is loaded in between is then found twice, not missed.
  std::map<std::int64_t, Segment> journaled;
  auto waiting = read_journal(journal_path);
  if (!waiting) return std::unexpected(waiting.error());
  for (Segment& segment : *waiting) journaled[segment.id] = std::move(segment);
  auto store = ledger_at(path, journal_path).open({});
  if (!store && store.error().code != ErrorCode::not_found) {
    return std::unexpected(store.error());
  }
  if (store) {
    const auto ready = has_segments(**store);
    if (!ready) return std::unexpected(ready.error());
    Result<void> good;
    const std::array<store::Value, 1> range{since_us};
    auto read = *ready ? (*store)->query(
                             "SELECT id, labels, records FROM segment WHERE last_us >= $1", range,
                             [&](const store::Row& row) {
                               journaled.erase(row.integer(0));
                               if (good) {
                                 good = read_segment(row.text(1), row.text(2), since_us, each);
                               }
                             })
                       : Result<void>{};
    if (!read) return read;
    if (!good) return good;
  }
  for (const auto& [id, segment] : journaled) {
    if (auto good = read_segment(segment.labels, segment.records, since_us, each); !good) {
      return good;
    }
  }
  return {};
}

}  // namespace tidegate::ledger
