#include "engine/journal_place.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "engine/journal_tables.h"
#include "engine/lease.h"
#include "store/postgres.h"
#include "store/sqlite.h"

namespace tidegate::engine {
namespace {

// Many outputs are some KiB long: what is left over of the last page of each counts.
constexpr int kPageSize = 1024;
constexpr int kCacheKib = 8 * 1024;
constexpr int kCheckpointKib = 4 * 1024;    // small commits, many a second
constexpr Duration kWriterPatience = 20ms;  // a reader's or a checkpoint's moment

std::string path_of(const std::string& place) {
  constexpr std::string_view kSqlite = "sqlite:";
  return place.starts_with(kSqlite) ? place.substr(kSqlite.size()) : place;
}

// `lock`: transactions of stores with the same one exclude one another.
Result<std::unique_ptr<store::Store>> connect(const std::string& url, std::string lock) {
  return store::open_postgres({.url = url,
                               .application = "tidegate workflows",
                               .write_lock = std::move(lock),
                               .while_waiting = {}});
}

Result<std::unique_ptr<store::Store>> open_shared(const std::string& url) {
  auto store = connect(url, {});
  if (!store) return store;
  const auto current = is_current_journal(**store);
  if (!current) return std::unexpected(current.error());
  if (*current) return store;
  // Processes that start together make the tables once.
  auto maker = connect(url, "tidegate workflows");
  if (!maker) return maker;
  if (auto migrated = migrate_journal(**maker); !migrated) {
    return std::unexpected(std::move(migrated.error()));
  }
  return store;
}

}  // namespace

bool is_shared_journal(const std::string& place) {
  return place.starts_with("postgresql://") || place.starts_with("postgres://");
}

bool journal_exists(const std::string& place) {
  return is_shared_journal(place) || std::filesystem::exists(path_of(place));
}

Result<std::unique_ptr<store::Store>> open_journal_store(const std::string& place,
                                                         Duration patience) {
  if (is_shared_journal(place)) return open_shared(place);
  auto store = store::open_sqlite({.path = path_of(place),
                                   .busy_timeout = kLockPatience,
                                   .cache_kib = kCacheKib,
                                   .page_size = kPageSize,
                                   .checkpoint_kib = kCheckpointKib});
  if (!store) return store;
  if (auto migrated = migrate_journal(**store); !migrated) {
    return std::unexpected(std::move(migrated.error()));
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
  const auto now = micros_now(**store);
  if (!now) return std::unexpected(now.error());
  const std::array<store::Value, 1> yesterday{*now - std::chrono::microseconds(24h).count()};
  if (auto swept = (*store)->run("DELETE FROM writer WHERE at_us < $1", yesterday); !swept) {
    return std::unexpected(std::move(swept.error()));
  }
  return store;
}

Result<std::unique_ptr<store::Store>> open_journal_to_read(const std::string& place) {
  if (is_shared_journal(place)) return open_shared(place);
  auto store = store::open_sqlite({.path = path_of(place), .read_only = true});
  if (!store) return store;
  const auto current = is_current_journal(**store);
  if (!current) return std::unexpected(current.error());
  if (!*current) {
    if (auto migrated = open_journal_store(place); !migrated) return migrated;
  }
  return store;
}

}  // namespace tidegate::engine
