#include "ledger/ledger_store.h"

#include <array>
#include <bit>

#include "base/background_thread.h"
#include "ledger/ledger_schema.h"
#include "ledger/ledger_state.h"

namespace tidegate::ledger {
namespace {

constexpr std::int64_t kDeletedPerStep = 500;

// False: a segment with this id is there already; it is left alone.
// Ids are made of a moment and a few random bits: another process' segment may have ours. Then it
// gets the next one that is free, and so again when it comes a second time.
Result<bool> insert_segment(store::Store& store, const Segment& segment) {
  std::array<store::Value, 6> values{segment.id,
                                     segment.first_us,
                                     segment.last_us,
                                     segment.count,
                                     std::string_view(segment.labels),
                                     std::string_view(segment.records)};
  for (std::int64_t id = segment.id;; ++id) {
    values[0] = id;
    auto inserted = store.run(
        "INSERT INTO segment (id, first_us, last_us, count, labels, records)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        values);
    if (!inserted) return std::unexpected(inserted.error());
    if (*inserted != 0) return true;
    bool same = false;
    auto found = store.query(
        "SELECT 1 FROM segment WHERE id = $1 AND first_us = $2 AND last_us = $3 AND count = $4"
        " AND labels = $5 AND records = $6",
        values, [&](const store::Row&) { same = true; });
    if (!found) return std::unexpected(found.error());
    if (same) return false;
  }
}

}  // namespace

Result<std::unique_ptr<LedgerStore>> LedgerStore::open(std::unique_ptr<store::Store> store) {
  if (auto migrated = migrate_schema(*store); !migrated) return std::unexpected(migrated.error());
  const auto deleted_before = read_state(*store, state::kDeletedBefore);
  if (!deleted_before) return std::unexpected(deleted_before.error());
  std::unique_ptr<LedgerStore> ledger(new LedgerStore(std::move(store)));
  if (*deleted_before) ledger->deleted_before_us_ = **deleted_before;
  return ledger;
}

LedgerStore::~LedgerStore() = default;

template <class T, class Work>
Result<T> LedgerStore::transact(Work work) {
  if (auto begun = store_->begin(); !begun) return std::unexpected(begun.error());
  Result<T> done = work();
  if (done) {
    auto committed = store_->commit();
    if (committed) return done;
    done = std::unexpected(committed.error());
  }
  store_->rollback();
  return done;
}

Result<LedgerStore::Inserted> LedgerStore::insert(std::span<const Segment> segments) {
  return transact<Inserted>([&]() -> Result<Inserted> {
    Inserted inserted;
    for (const Segment& segment : segments) {
      if (auto done = insert(segment, inserted); !done) return std::unexpected(done.error());
      give_way();
    }
    if (auto saved = rollup_.save(*store_); !saved) return std::unexpected(saved.error());
    return inserted;
  });
}

Result<void> LedgerStore::insert(const Segment& segment, Inserted& inserted) {
  // Its row was deleted for its age, its sums are kept: once more, and they would be doubled.
  if (segment.last_us < deleted_before_us_) return {};
  Segment counted;
  const Segment* whole = &segment;
  if (segment.tallies.empty()) {
    counted = segment;
    if (!count(counted)) {
      ++inserted.damaged;
      return {};
    }
    whole = &counted;
  }
  const Result<bool> is_new = insert_segment(*store_, *whole);
  if (!is_new) return std::unexpected(is_new.error());
  if (!*is_new) return {};
  ++inserted.segments;
  inserted.records += static_cast<std::uint64_t>(segment.count);
  if (auto added = rollup_.add(*store_, *whole); !added) return added;
  return note_span(segment);
}

// In powers of two, so that it is seldom written.
Result<void> LedgerStore::note_span(const Segment& segment) {
  const std::int64_t span = segment.last_us - segment.first_us;
  if (span <= longest_us_) return {};
  longest_us_ = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(span)));
  return raise_state(*store_, state::kLongest, longest_us_);
}

Result<bool> LedgerStore::roll_up_older() {
  return transact<bool>([&] { return ledger::roll_up_older(*store_, rollup_); });
}

Result<bool> LedgerStore::delete_older(WallTime before) {
  const std::int64_t before_us =
      std::chrono::floor<std::chrono::microseconds>(before.time_since_epoch()).count();
  return transact<bool>([&]() -> Result<bool> {
    const std::array<store::Value, 2> values{before_us, kDeletedPerStep};
    bool any = false;
    auto read = store_->query("SELECT 1 FROM segment WHERE last_us < $1 LIMIT 1",
                              std::span(values).first(1), [&](const store::Row&) { any = true; });
    if (!read) return std::unexpected(read.error());
    if (!any) return false;
    // First, as the table lets nothing else be deleted.
    if (auto noted = raise_state(*store_, state::kDeletedBefore, before_us); !noted) {
      return std::unexpected(noted.error());
    }
    deleted_before_us_ = std::max(deleted_before_us_, before_us);
    const auto deleted = store_->run(
        "DELETE FROM segment WHERE id IN"
        " (SELECT id FROM segment WHERE last_us < $1 ORDER BY last_us LIMIT $2)",
        values);
    if (!deleted) return std::unexpected(deleted.error());
    return *deleted == kDeletedPerStep;
  });
}

}  // namespace tidegate::ledger
