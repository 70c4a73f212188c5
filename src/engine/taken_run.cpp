#include "engine/taken_run.h"

#include <fmt/format.h>

#include "engine/lease.h"
#include "engine/owner.h"

namespace tidegate::engine {
namespace {

Result<TakenRun> read(JournalReader& reader, RunId id, std::int64_t epoch) {
  // Only now: before, its owner may have written more.
  auto run = reader.live_run(id);
  if (!run) return std::unexpected(std::move(run.error()));
  auto spec = reader.spec(id);
  if (!spec) return std::unexpected(std::move(spec.error()));
  auto inputs = reader.inputs(id);
  if (!inputs) return std::unexpected(std::move(inputs.error()));
  auto tasks = reader.tasks(id);
  if (!tasks) return std::unexpected(std::move(tasks.error()));
  return TakenRun{.run = std::move(*run),
                  .epoch = epoch,
                  .spec = std::move(*spec),
                  .inputs = std::move(*inputs),
                  .tasks = std::move(*tasks)};
}

}  // namespace

Result<TakenRun> take_run(JournalReader& reader, store::Store& store, RunId id,
                          const std::string& owner, Duration lease) {
  if (const auto live = reader.live_run(id); !live) return std::unexpected(live.error());
  const auto epoch = take_lease(store, id, owner, lease);
  if (!epoch) return std::unexpected(epoch.error());
  auto taken = read(reader, id, *epoch);
  if (!taken) (void)release_lease(store, {id, *epoch}, owner);
  return taken;
}

Result<std::vector<RunId>> free_runs(store::Store& store, const std::string& mine) {
  const auto now = micros_now(store);
  if (!now) return std::unexpected(now.error());
  std::vector<RunId> free;
  auto read = store.query(
      "SELECT r.id, coalesce(l.owner, ''), coalesce(l.expires_us, 0) FROM run r "
      "LEFT JOIN lease l ON l.run = r.id WHERE r.state NOT IN ('succeeded', 'failed', 'partial', "
      "'cancelled') AND r.state <> 'paused_budget' AND (r.key IS NULL OR r.key NOT LIKE 'sub:%') "
      "ORDER BY r.id",
      {}, [&](const store::Row& row) {
        const std::string owner(row.text(1));
        if (owner.empty() || owner == mine || row.integer(2) <= *now || has_died(owner)) {
          free.push_back({row.integer(0)});
        }
      });
  if (!read) return std::unexpected(std::move(read.error()));
  return free;
}

}  // namespace tidegate::engine
