#include "ledger/ledger_state.h"

#include <array>

namespace tidegate::ledger {
namespace {

Result<void> run(store::Store& store, std::string_view sql, std::span<const store::Value> values) {
  auto done = store.run(sql, values);
  if (!done) return std::unexpected(done.error());
  return {};
}

}  // namespace

Result<std::optional<std::int64_t>> read_state(store::Store& store, std::string_view name) {
  std::optional<std::int64_t> value;
  const std::array<store::Value, 1> values{name};
  auto read = store.query("SELECT value FROM ledger_state WHERE name = $1", values,
                          [&](const store::Row& row) { value = row.integer(0); });
  if (!read) return std::unexpected(read.error());
  return value;
}

Result<void> write_state(store::Store& store, std::string_view name, std::int64_t value) {
  const std::array<store::Value, 2> values{name, value};
  return run(store,
             "INSERT INTO ledger_state (name, value) VALUES ($1, $2)"
             " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
             values);
}

Result<void> raise_state(store::Store& store, std::string_view name, std::int64_t value) {
  const std::array<store::Value, 2> values{name, value};
  return run(store,
             "INSERT INTO ledger_state (name, value) VALUES ($1, $2)"
             " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
             " WHERE excluded.value > ledger_state.value",
             values);
}

Result<void> erase_state(store::Store& store, std::string_view name) {
  const std::array<store::Value, 1> values{name};
  return run(store, "DELETE FROM ledger_state WHERE name = $1", values);
}

}  // namespace tidegate::ledger
