#include "limits/key_rows.h"

#include <fmt/format.h>

#include <array>

#include "limits/key_json.h"
#include "store/migration.h"

namespace tidegate::limits {
namespace {

// Names are free again once their key is revoked, so that records of the old one stay its own.
constexpr std::array<std::string_view, 2> kSteps{R"sql(
CREATE TABLE virtual_key (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  tenant TEXT NOT NULL,
  models TEXT NOT NULL,
  routes TEXT NOT NULL,
  labels TEXT NOT NULL,
  last4 TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  expires_us INTEGER,
  revoked_us INTEGER,
  old_until_us INTEGER,
  hash TEXT NOT NULL,
  old_hash TEXT
) STRICT;
CREATE UNIQUE INDEX virtual_key_name ON virtual_key (name) WHERE revoked_us IS NULL;
CREATE TABLE virtual_key_secret (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  proof TEXT NOT NULL
) STRICT;
)sql",
                                                 R"sql(
ALTER TABLE virtual_key ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';
ALTER TABLE virtual_key ADD COLUMN budgets TEXT NOT NULL DEFAULT '[]';
)sql"};

using std::chrono::microseconds;

std::int64_t micros(WallTime at) {
  return std::chrono::floor<microseconds>(at.time_since_epoch()).count();
}

store::Value micros(const std::optional<WallTime>& at) {
  if (!at) return std::monostate{};
  return micros(*at);
}

std::optional<WallTime> time_of(const store::Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return WallTime{microseconds{row.integer(column)}};
}

bool read_hex(std::string_view text, tls::Digest& out) {
  if (text.size() != 2 * out.size()) return false;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

}  // namespace

std::string to_hex(const tls::Digest& digest) {
  std::string out;
  for (const std::uint8_t byte : digest) out += fmt::format("{:02x}", byte);
  return out;
}

Result<void> migrate_keys(store::Store& store) { return store::migrate(store, "keys", kSteps); }

Result<Key> read_key(const store::Row& row) {
  Key key;
  const auto id = KeyId::parse(row.text(0));
  key.name = row.text(1);
  key.tenant = row.text(2);
  const bool lists =
      from_json(row.text(3), key.allowed.models) && from_json(row.text(4), key.allowed.routes) &&
      from_json(row.text(5), key.labels) && from_json(row.text(13), key.own.limits) &&
      from_json(row.text(14), key.own.caps);
  key.last4 = row.text(6);
  key.created = WallTime{microseconds{row.integer(7)}};
  key.expires = time_of(row, 8);
  key.revoked = time_of(row, 9);
  key.old_until = time_of(row, 10);
  const bool hashes = read_hex(row.text(11), key.hash) &&
                      (row.is_null(12) ? !key.old_until : read_hex(row.text(12), key.old_hash));
  if (!id || !lists || !hashes) {
    return fail(ErrorCode::invalid,
                fmt::format("the row of the key \"{}\" is damaged; restore the file from a backup",
                            row.text(0)));
  }
  key.id = *id;
  return key;
}

Result<void> insert_key(store::Store& store, const Key& key) {
  const std::string id = key.id.text();
  const std::string models = to_json(key.allowed.models);
  const std::string routes = to_json(key.allowed.routes);
  const std::string labels = to_json(key.labels);
  const std::string limits = to_json(key.own.limits);
  const std::string budgets = to_json(key.own.caps);
  const std::string hash = to_hex(key.hash);
  const std::array<store::Value, 12> row{
      std::string_view(id),        std::string_view(key.name), std::string_view(key.tenant),
      std::string_view(models),    std::string_view(routes),   std::string_view(labels),
      std::string_view(key.last4), micros(key.created),        micros(key.expires),
      std::string_view(hash),      std::string_view(limits),   std::string_view(budgets)};
  auto done = store.run(
      "INSERT INTO virtual_key (id, name, tenant, models, routes, labels, last4, created_us,"
      " expires_us, hash, limits, budgets) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      row);
  if (!done) return std::unexpected(done.error());
  return {};
}

Result<void> update_key(store::Store& store, const Key& key) {
  const std::string id = key.id.text();
  const std::string hash = to_hex(key.hash);
  const std::string old_hash = to_hex(key.old_hash);
  const std::array<store::Value, 6> row{
      micros(key.revoked),
      micros(key.old_until),
      std::string_view(hash),
      key.old_until ? store::Value(std::string_view(old_hash)) : store::Value(),
      std::string_view(key.last4),
      std::string_view(id)};
  auto done = store.run(
      "UPDATE virtual_key SET revoked_us = ?, old_until_us = ?, hash = ?, old_hash = ?, last4 = ?"
      " WHERE id = ?",
      row);
  if (!done) return std::unexpected(done.error());
  return {};
}

}  // namespace tidegate::limits
