// The rows of the key store: its tables, and a Key to a row and back. Used by KeyStore alone, on
// its thread.
#pragma once

#include "base/error.h"
#include "limits/key.h"
#include "store/store.h"

namespace tidegate::limits {

Result<void> migrate_keys(store::Store& store);

// What read_key() expects of a query, in this order.
inline constexpr std::string_view kKeyColumns =
    "id, name, tenant, models, routes, labels, last4, created_us, expires_us, revoked_us, "
    "old_until_us, hash, old_hash, limits, budgets";
// Error::invalid names the row that is damaged.
Result<Key> read_key(const store::Row& row);

Result<void> insert_key(store::Store& store, const Key& key);
// What may change of a key: its secrets and its revocation.
Result<void> update_key(store::Store& store, const Key& key);

[[nodiscard]] std::string to_hex(const tls::Digest& digest);

}  // namespace tidegate::limits
