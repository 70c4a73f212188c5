#include "engine/offer.h"

#include <array>
#include <type_traits>
#include <utility>

#include "engine/lease.h"
#include "engine/owner.h"
#include "store/pipelined.h"

namespace tidegate::engine {
namespace {

using store::Row;
using store::Value;

OfferKey key_of(const Row& row) {
  return {{row.integer(0)},
          static_cast<std::uint32_t>(row.integer(1)),
          static_cast<std::uint32_t>(row.integer(2))};
}

Duration micros(const Row& row, int column) {
  return std::chrono::microseconds{row.integer(column)};
}

Result<std::int64_t> change(store::Store& store, std::string_view sql,
                            std::initializer_list<Value> values) {
  return store.run(sql, std::span(values.begin(), values.size()));
}

Result<void> only_whether(const Result<std::int64_t>& changed) {
  if (!changed) return std::unexpected(changed.error());
  return {};
}

Value number(std::uint32_t of) { return Value(std::int64_t{of}); }

// What `read` makes of each row that a statement gives.
template <class Read>
auto list(store::Store& store, std::string_view sql, std::initializer_list<Value> values, Read read)
    -> Result<std::vector<std::invoke_result_t<Read, const Row&>>> {
  std::vector<std::invoke_result_t<Read, const Row&>> all;
  auto done = store.query(sql, std::span(values.begin(), values.size()),
                          [&](const Row& row) { all.push_back(read(row)); });
  if (!done) return std::unexpected(std::move(done.error()));
  return all;
}

}  // namespace

Result<void> be_there(store::Store& store, const std::string& helper, std::size_t room,
                      Duration lease) {
  const auto now = micros_now(store);
  if (!now) return std::unexpected(now.error());
  return only_whether(
      change(store,
             "INSERT INTO helper (name, room, expires_us) VALUES ($1, $2, $3) ON CONFLICT (name) "
             "DO UPDATE SET room = excluded.room, expires_us = excluded.expires_us",
             {std::string_view(helper), static_cast<std::int64_t>(room),
              *now + std::chrono::duration_cast<std::chrono::microseconds>(lease).count()}));
}

Result<void> leave(store::Store& store, const std::string& helper) {
  auto opened = change(store,
                       "UPDATE offer SET state = 'open', helper = NULL WHERE helper = $1 AND "
                       "state = 'claimed'",
                       {std::string_view(helper)});
  if (!opened) return std::unexpected(std::move(opened.error()));
  return only_whether(
      change(store, "DELETE FROM helper WHERE name = $1", {std::string_view(helper)}));
}

Result<bool> has_open_offers(store::Store& store, const std::string& helper) {
  bool found = false;
  const std::array<Value, 1> values{std::string_view(helper)};
  auto read = store.query("SELECT 1 FROM offer WHERE state = 'open' AND owner <> $1 LIMIT 1",
                          values, [&](const Row&) { found = true; });
  if (!read) return std::unexpected(std::move(read.error()));
  return found;
}

// SQLite has locked it all.
Result<std::vector<Claim>> claim_offers(store::Store& store, const std::string& helper,
                                        std::size_t most) {
  const bool rows_lock = store.dialect() == store::Dialect::postgres;
  const std::string sql =
      std::string(
          "WITH picked AS MATERIALIZED (SELECT run, task, number FROM offer WHERE state = "
          "'open' AND owner <> $1 ORDER BY at_us, run, task LIMIT $2") +
      (rows_lock ? " FOR UPDATE SKIP LOCKED" : "") +
      ") UPDATE offer SET state = 'claimed', helper = $3 WHERE (run, task, number) IN (SELECT run, "
      "task, number FROM picked) RETURNING run, task, number, role, body, queue_us, idle_us, "
      "total_us";
  return list(store, sql,
              {std::string_view(helper), static_cast<std::int64_t>(most), std::string_view(helper)},
              [](const Row& row) {
                return Claim{.key = key_of(row),
                             .role = std::string(row.text(3)),
                             .body = std::string(row.text(4)),
                             .queue = micros(row, 5),
                             .idle = micros(row, 6),
                             .total = micros(row, 7)};
              });
}

Result<std::vector<HeldClaim>> claims_of(store::Store& store, const std::string& helper) {
  return list(
      store,
      "SELECT run, task, number, withdrawn FROM offer WHERE helper = $1 AND state = 'claimed'",
      {std::string_view(helper)},
      [](const Row& row) { return HeldClaim{key_of(row), row.integer(3) != 0}; });
}

Result<void> give_back(store::Store& store, const std::string& helper, OfferKey key) {
  return only_whether(
      change(store,
             "UPDATE offer SET state = 'open', helper = NULL WHERE run = $1 AND "
             "task = $2 AND number = $3 AND helper = $4 AND state = 'claimed'",
             {key.run.value, number(key.task), number(key.number), std::string_view(helper)}));
}

Result<void> answer_offers(store::Store& store, const std::string& helper,
                           std::span<const std::pair<OfferKey, std::string>> answers) {
  if (answers.empty()) return {};
  Result<void> done = store.begin();
  for (const auto& [key, answer] : answers) {
    if (!done) break;
    const std::array<Value, 5> values{std::string_view(answer), key.run.value, number(key.task),
                                      number(key.number), std::string_view(helper)};
    done = store::queue(store,
                        "UPDATE offer SET state = 'answered', answer = $1 WHERE run = $2 AND "
                        "task = $3 AND number = $4 AND helper = $5 AND state = 'claimed'",
                        values);
  }
  if (done) done = store.commit();
  if (!done) store.rollback();
  return done;
}

Result<void> bury_helpers(store::Store& store, const std::string& owner) {
  const auto now = micros_now(store);
  if (!now) return std::unexpected(now.error());
  std::vector<std::pair<std::string, std::int64_t>> dead;
  auto read = store.query("SELECT name, expires_us FROM helper", {}, [&](const Row& row) {
    std::string name(row.text(0));
    const std::int64_t expires = row.integer(1);
    if (expires <= *now || has_died(name)) dead.emplace_back(std::move(name), expires);
  });
  if (!read) return read;
  for (const auto& [name, expires] : dead) {
    // One that was heard of meanwhile is among the living again.
    auto gone = change(store, "DELETE FROM helper WHERE name = $1 AND expires_us = $2",
                       {std::string_view(name), expires});
    if (!gone) return std::unexpected(std::move(gone.error()));
  }
  return only_whether(change(store,
                             "UPDATE offer SET state = 'lost' WHERE owner = $1 AND state = "
                             "'claimed' AND NOT EXISTS (SELECT 1 FROM helper WHERE helper.name = "
                             "offer.helper)",
                             {std::string_view(owner)}));
}

Result<HelperRoom> helper_room(store::Store& store, const std::string& owner) {
  HelperRoom all;
  const std::array<Value, 1> values{std::string_view(owner)};
  auto read = store.query("SELECT count(*), coalesce(sum(room), 0) FROM helper WHERE name <> $1",
                          values, [&](const Row& row) {
                            all.helpers = static_cast<std::size_t>(row.integer(0));
                            all.room = static_cast<std::size_t>(row.integer(1));
                          });
  if (!read) return std::unexpected(std::move(read.error()));
  return all;
}

Result<std::vector<OfferKey>> offers_over(store::Store& store, const std::string& owner) {
  return list(
      store,
      "SELECT run, task, number FROM offer WHERE owner = $1 AND state IN ('answered', 'lost')",
      {std::string_view(owner)}, key_of);
}

Result<OfferEnd> end_of_offer(store::Store& store, OfferKey key) {
  OfferEnd end{.lost = true, .helper = {}, .answer = {}};
  const std::array<Value, 3> values{key.run.value, number(key.task), number(key.number)};
  auto read = store.query(
      "SELECT state, coalesce(helper, ''), coalesce(answer, '') FROM offer WHERE run = $1 AND task "
      "= $2 AND number = $3",
      values, [&](const Row& row) {
        end = {.lost = row.text(0) == "lost",
               .helper = std::string(row.text(1)),
               .answer = std::string(row.text(2))};
      });
  if (!read) return std::unexpected(std::move(read.error()));
  return end;
}

Result<TakenBack> take_back(store::Store& store, const std::string& owner, OfferKey key) {
  auto gone =
      change(store,
             "DELETE FROM offer WHERE run = $1 AND task = $2 AND number = $3 AND owner = "
             "$4 AND state = 'open'",
             {key.run.value, number(key.task), number(key.number), std::string_view(owner)});
  if (!gone) return std::unexpected(std::move(gone.error()));
  if (*gone != 0) return TakenBack::yes;
  TakenBack found = TakenBack::gone;
  const std::array<Value, 4> values{key.run.value, number(key.task), number(key.number),
                                    std::string_view(owner)};
  auto read =
      store.query("SELECT 1 FROM offer WHERE run = $1 AND task = $2 AND number = $3 AND owner = $4",
                  values, [&](const Row&) { found = TakenBack::no; });
  if (!read) return std::unexpected(std::move(read.error()));
  return found;
}

Result<void> withdraw(store::Store& store, OfferKey key) {
  return only_whether(change(store,
                             "UPDATE offer SET withdrawn = 1 WHERE run = $1 AND task = $2 AND "
                             "number = $3",
                             {key.run.value, number(key.task), number(key.number)}));
}

Result<void> lose_offer(store::Store& store, OfferKey key) {
  return only_whether(change(store,
                             "UPDATE offer SET state = 'lost' WHERE run = $1 AND task = $2 AND "
                             "number = $3 AND state = 'claimed'",
                             {key.run.value, number(key.task), number(key.number)}));
}

}  // namespace tidegate::engine
