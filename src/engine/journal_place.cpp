#include "engine/journal_place.h"

#include <fmt/format.h>

#include <array>

#include "engine/journal_schema.h"
#include "store/sqlite.h"

namespace tidegate::engine {
namespace {

// Many outputs are some KiB long: what is left over of the last page of each counts.
constexpr int kPageSize = 1024;
constexpr int kCacheKib = 8 * 1024;
constexpr Duration kWriterPatience = 20ms;  // a reader's or a checkpoint's moment

}  // namespace

Result<std::unique_ptr<store::Store>> open_journal_store(const std::string& place,
                                                         Duration patience) {
  auto store = store::open_sqlite({.path = place,
                                   .busy_timeout = kLockPatience,
                                   .cache_kib = kCacheKib,
                                   .page_size = kPageSize});
  if (!store) return store;
  if (auto migrated = migrate_journal(**store); !migrated) {
    return std::unexpected(std::move(migrated.error()));
  }
  // Pages are a quarter of the usual size, so four times as many lie between two checkpoints.
  if (auto set = (*store)->execute("PRAGMA wal_autocheckpoint = 4000"); !set) {
    return std::unexpected(std::move(set.error()));
  }
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
  if (auto set = (*store)->execute(fmt::format("PRAGMA busy_timeout = {}", ms)); !set) {
    return std::unexpected(std::move(set.error()));
  }
  return store;
}

Result<std::unique_ptr<store::Store>> open_journal_to_write(const std::string& place) {
  auto store = open_journal_store(place, kWriterPatience);
  if (!store) return store;
  // What processes of before left to be sure of their last commit.
  if (auto swept = (*store)->execute(
          "DELETE FROM writer WHERE at_us < (strftime('%s', 'now') - 86400) * 1000000");
      !swept) {
    return std::unexpected(std::move(swept.error()));
  }
  return store;
}

Result<std::unique_ptr<store::Store>> open_journal_to_read(const std::string& place) {
  auto store = store::open_sqlite({.path = place, .read_only = true});
  if (!store) return store;
  const auto current = is_current_journal(**store);
  if (!current) return std::unexpected(current.error());
  if (!*current) {
    if (auto migrated = open_journal_store(place); !migrated) return migrated;
  }
  return store;
}

}  // namespace tidegate::engine
