#include "store/migration.h"

#include <fmt/format.h>

#include <array>

namespace tidegate::store {
namespace {

// Runs with the write lock held, so that two programs that start together take one step once.
Result<void> take_step(Store& store, std::string_view component,
                       std::span<const std::string_view> steps) {
  auto created =
      store.execute(store.dialect() == Dialect::sqlite
                        ? "CREATE TABLE IF NOT EXISTS schema_version"
                          " (component TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID"
                        : "CREATE TABLE IF NOT EXISTS schema_version"
                          " (component TEXT PRIMARY KEY, version BIGINT NOT NULL)");
  if (!created) return created;
  const auto version = version_of(store, component);
  if (!version) return std::unexpected(version.error());
  if (*version >= static_cast<std::int64_t>(steps.size())) return {};
  if (auto done = store.execute(steps[static_cast<std::size_t>(*version)]); !done) return done;
  const std::array<Value, 2> values{component, *version + 1};
  auto noted = store.run(
      "INSERT INTO schema_version (component, version) VALUES ($1, $2)"
      " ON CONFLICT (component) DO UPDATE SET version = excluded.version",
      values);
  if (!noted) return std::unexpected(noted.error());
  return {};
}

}  // namespace

Result<std::int64_t> version_of(Store& store, std::string_view component) {
  const auto exists = store.has_table("schema_version");
  if (!exists) return std::unexpected(exists.error());
  std::int64_t version = 0;
  if (!*exists) return version;
  const std::array<Value, 1> values{component};
  auto read = store.query("SELECT version FROM schema_version WHERE component = $1", values,
                          [&](const Row& row) { version = row.integer(0); });
  if (!read) return std::unexpected(read.error());
  return version;
}

Error newer(std::string_view component, std::int64_t version, std::size_t known) {
  return {
      ErrorCode::invalid,
      fmt::format("the database has version {} of the {} tables, this program knows {}: a newer "
                  "Tidegate wrote it, use that one or another database",
                  version, component, known),
      {}};
}

Result<void> migrate(Store& store, std::string_view component,
                     std::span<const std::string_view> steps) {
  const auto known = static_cast<std::int64_t>(steps.size());
  while (true) {
    const auto version = version_of(store, component);
    if (!version) return std::unexpected(version.error());
    if (*version == known) return {};
    if (*version > known) {
      return std::unexpected(newer(component, *version, steps.size()));
    }
    if (auto begun = store.begin(); !begun) return begun;
    auto stepped = take_step(store, component, steps);
    if (stepped) stepped = store.commit();
    if (!stepped) {
      store.rollback();
      return stepped;
    }
  }
}

}  // namespace tidegate::store
