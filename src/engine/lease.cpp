#include "engine/lease.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "engine/owner.h"
#include "store/pipelined.h"

namespace tidegate::engine {
namespace {

using store::Value;

// SQLite has locked it all.
std::string locking(const store::Store& store, std::string sql) {
  if (store.dialect() == store::Dialect::postgres) sql += " FOR UPDATE";
  return sql;
}

std::int64_t micros(Duration length) {
  return std::chrono::duration_cast<std::chrono::microseconds>(length).count();
}

Result<std::int64_t> take(store::Store& store, RunId run, const std::string& owner,
                          Duration length) {
  const auto now = micros_now(store);
  if (!now) return std::unexpected(now.error());
  std::string holder;
  std::int64_t epoch = 0;
  std::int64_t expires = 0;
  const std::array<Value, 1> key{run.value};
  auto found =
      store.query(locking(store, "SELECT owner, epoch, expires_us FROM lease WHERE run = $1"), key,
                  [&](const store::Row& row) {
                    holder = row.text(0);
                    epoch = row.integer(1);
                    expires = row.integer(2);
                  });
  if (!found) return std::unexpected(std::move(found.error()));
  if (epoch != 0 && holder != owner && expires > *now && !has_died(holder)) {
    return fail(
        ErrorCode::unavailable,
        fmt::format("run {} is being worked on by another process ({}); it is free {} after "
                    "that process was last heard of",
                    run.text(), holder, format_duration(length)));
  }
  const std::array<Value, 4> row{run.value, std::string_view(owner), epoch + 1,
                                 *now + micros(length)};
  auto taken = store.run(
      "INSERT INTO lease (run, owner, epoch, expires_us) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (run) DO UPDATE SET owner = excluded.owner, epoch = excluded.epoch, "
      "expires_us = excluded.expires_us WHERE lease.epoch < excluded.epoch",
      row);
  if (!taken) return std::unexpected(std::move(taken.error()));
  // A lease that was not there could not be locked either.
  if (*taken == 0) return fail(ErrorCode::unavailable, "another process was faster");
  return epoch + 1;
}

}  // namespace

Result<std::int64_t> micros_now(store::Store& store) {
  if (store.dialect() == store::Dialect::postgres) {
    std::int64_t now = 0;
    auto read =
        store.query("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)", {},
                    [&](const store::Row& row) { now = row.integer(0); });
    if (!read) return std::unexpected(std::move(read.error()));
    return now;
  }
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Result<std::int64_t> take_lease(store::Store& store, RunId run, const std::string& owner,
                                Duration length) {
  if (auto begun = store.begin(); !begun) return std::unexpected(std::move(begun.error()));
  auto epoch = take(store, run, owner, length);
  if (epoch) {
    const auto done = store.commit();
    if (done) return epoch;
    epoch = std::unexpected(done.error());
  }
  store.rollback();
  return epoch;
}

Result<void> begin_lease(store::Store& store, RunId run, const std::string& owner,
                         Duration length) {
  const auto now = micros_now(store);
  if (!now) return std::unexpected(now.error());
  const std::array<Value, 3> values{run.value, std::string_view(owner), *now + micros(length)};
  auto begun =
      store.run("INSERT INTO lease (run, owner, epoch, expires_us) VALUES ($1, $2, 1, $3)", values);
  if (!begun) return std::unexpected(std::move(begun.error()));
  return {};
}

Result<std::map<RunId, std::int64_t>> leases_of(store::Store& store, const std::string& owner) {
  std::map<RunId, std::int64_t> leases;
  const std::array<Value, 1> values{std::string_view(owner)};
  auto read = store.query(
      locking(store, "SELECT run, epoch FROM lease WHERE owner = $1 AND owner <> ''"), values,
      [&](const store::Row& row) { leases[RunId{row.integer(0)}] = row.integer(1); });
  if (!read) return std::unexpected(std::move(read.error()));
  return leases;
}

Result<void> renew_lease(store::Store& store, Lease lease, const std::string& owner,
                         Duration length) {
  const auto now = micros_now(store);
  if (!now) return std::unexpected(now.error());
  const std::array<Value, 4> values{*now + micros(length), lease.run.value, std::string_view(owner),
                                    lease.epoch};
  return store::queue(
      store, "UPDATE lease SET expires_us = $1 WHERE run = $2 AND owner = $3 AND epoch = $4",
      values);
}

Result<void> release_lease(store::Store& store, Lease lease, const std::string& owner) {
  const std::array<Value, 3> values{lease.run.value, std::string_view(owner), lease.epoch};
  auto released = store.run(
      "UPDATE lease SET owner = '', expires_us = 0 WHERE run = $1 AND owner = $2 AND epoch = $3",
      values);
  if (!released) return std::unexpected(std::move(released.error()));
  return {};
}

}  // namespace tidegate::engine
