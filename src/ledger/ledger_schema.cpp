#include "ledger/ledger_schema.h"

#include <array>

#include "store/migration.h"

namespace tidegate::ledger {
namespace {

constexpr std::string_view kComponent = "ledger";
constexpr std::int64_t kRollupVersion = 3;  // from which on there are roll-ups

constexpr std::array<std::string_view, 3> kSteps{
    R"sql(
CREATE TABLE segment (
  id INTEGER PRIMARY KEY,
  first_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL,
  count INTEGER NOT NULL,
  labels TEXT NOT NULL,
  records TEXT NOT NULL
);
CREATE TRIGGER segment_keeps BEFORE UPDATE ON segment
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER segment_stays BEFORE DELETE ON segment
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
)sql",
    // The view with tenants; files of before have one without.
    R"sql(
DROP VIEW IF EXISTS attempt;
CREATE VIEW attempt AS SELECT
  json_extract(r.value, '$[0]') AS request,
  json_extract(r.value, '$[2]') AS attempt,
  coalesce(json_extract(l.value, '$.last'), 0) AS last,
  strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(r.value, '$[4]') / 1e6, 'unixepoch') AS started,
  json_extract(r.value, '$[5]') / 1e3 AS first_byte_ms,
  json_extract(r.value, '$[6]') / 1e3 AS total_ms,
  json_extract(r.value, '$[3]') AS task,
  json_extract(l.value, '$.role') AS role,
  json_extract(l.value, '$.key') AS key,
  json_extract(l.value, '$.tenant') AS tenant,
  json_extract(l.value, '$.client') AS client,
  json_extract(l.value, '$.route') AS route,
  json_extract(l.value, '$.provider') AS provider,
  json_extract(l.value, '$.model') AS model,
  json_extract(l.value, '$.price_epoch') AS price_epoch,
  json_extract(l.value, '$.requested_model') AS requested_model,
  json_extract(l.value, '$.served_model') AS served_model,
  json_extract(l.value, '$.outcome') AS outcome,
  coalesce(json_extract(l.value, '$.status'), 0) AS status,
  json_extract(l.value, '$.finish_reason') AS finish_reason,
  json_extract(l.value, '$.error') AS error,
  coalesce(json_extract(l.value, '$.stream'), 0) AS stream,
  coalesce(json_extract(l.value, '$.peak'), 0) AS peak,
  json_extract(l.value, '$.usage_source') AS usage_source,
  json_extract(r.value, '$[7]') AS prompt,
  json_extract(r.value, '$[8]') AS cached,
  json_extract(r.value, '$[9]') AS cache_write,
  json_extract(r.value, '$[10]') AS completion,
  json_extract(r.value, '$[11]') AS reasoning,
  json_extract(r.value, '$[12]') AS estimated_prompt,
  json_extract(r.value, '$[13]') AS cost_nano
FROM segment AS s, json_each(s.records) AS r, json_each(s.labels) AS l
WHERE l.key = json_extract(r.value, '$[1]');
)sql",
    // Roll-ups, an index by time, and deletion of what is older than the ledger is told to keep.
    R"sql(
CREATE INDEX segment_time ON segment (last_us);
CREATE TABLE label_set (id INTEGER PRIMARY KEY, labels TEXT NOT NULL);
CREATE INDEX label_set_labels ON label_set (labels);
CREATE TABLE rollup (
  kind INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  shard INTEGER NOT NULL,
  sums TEXT NOT NULL,
  PRIMARY KEY (kind, bucket, shard)
);
CREATE TABLE ledger_state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO ledger_state SELECT 'roll_up_until', max(id) FROM segment HAVING count(*) > 0;
INSERT INTO ledger_state SELECT 'longest_us', max(last_us - first_us) FROM segment
  HAVING count(*) > 0;
DROP TRIGGER segment_stays;
CREATE TRIGGER segment_stays BEFORE DELETE ON segment
WHEN OLD.last_us >= coalesce(
  (SELECT value FROM ledger_state WHERE name = 'deleted_before_us'), OLD.last_us)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE VIEW usage_by_hour AS SELECT
  strftime('%Y-%m-%dT%H:00:00Z', s.bucket * 3600, 'unixepoch') AS hour,
  json_extract(l.labels, '$.model') AS model,
  json_extract(l.labels, '$.provider') AS provider,
  json_extract(l.labels, '$.route') AS route,
  json_extract(l.labels, '$.role') AS role,
  json_extract(l.labels, '$.key') AS key,
  json_extract(l.labels, '$.tenant') AS tenant,
  json_extract(l.labels, '$.client') AS client,
  coalesce(json_extract(e.value, '$[1]'), 0) AS attempts,
  coalesce(json_extract(e.value, '$[2]'), 0) AS requests,
  coalesce(json_extract(e.value, '$[3]'), 0) AS succeeded,
  coalesce(json_extract(e.value, '$[4]'), 0) AS prompt,
  coalesce(json_extract(e.value, '$[5]'), 0) AS completion,
  coalesce(json_extract(e.value, '$[6]'), 0) AS cost_nano,
  coalesce(json_extract(e.value, '$[7]'), 0) AS cached,
  coalesce(json_extract(e.value, '$[8]'), 0) AS saved_by_cache_nano,
  coalesce(json_extract(e.value, '$[9]'), 0) AS reasoning,
  coalesce(json_extract(e.value, '$[10]'), 0) AS failed,
  coalesce(json_extract(e.value, '$[11]'), 0) AS unpriced,
  coalesce(json_extract(e.value, '$[12]'), 0) AS peak_cost_nano,
  coalesce(json_extract(e.value, '$[13]'), 0) AS saved_by_window_nano,
  coalesce(json_extract(e.value, '$[14]'), 0) AS retried_cost_nano,
  coalesce(json_extract(e.value, '$[15]'), 0) AS failed_cost_nano,
  coalesce(json_extract(e.value, '$[16]'), 0) AS cache_write
FROM rollup AS s, json_each(s.sums) AS e
JOIN label_set AS l ON l.id = json_extract(e.value, '$[0]')
WHERE s.kind = 0;
DROP VIEW attempt;
CREATE VIEW attempt AS SELECT
  json_extract(r.value, '$[0]') AS request,
  json_extract(r.value, '$[2]') AS attempt,
  coalesce(json_extract(l.value, '$.last'), 0) AS last,
  strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(r.value, '$[4]') / 1e6, 'unixepoch') AS started,
  json_extract(r.value, '$[5]') / 1e3 AS first_byte_ms,
  json_extract(r.value, '$[6]') / 1e3 AS total_ms,
  json_extract(r.value, '$[3]') AS task,
  json_extract(l.value, '$.role') AS role,
  json_extract(l.value, '$.key') AS key,
  json_extract(l.value, '$.tenant') AS tenant,
  json_extract(l.value, '$.client') AS client,
  json_extract(l.value, '$.route') AS route,
  json_extract(l.value, '$.provider') AS provider,
  json_extract(l.value, '$.model') AS model,
  json_extract(l.value, '$.price_epoch') AS price_epoch,
  json_extract(l.value, '$.requested_model') AS requested_model,
  json_extract(l.value, '$.served_model') AS served_model,
  json_extract(l.value, '$.outcome') AS outcome,
  coalesce(json_extract(l.value, '$.status'), 0) AS status,
  json_extract(l.value, '$.finish_reason') AS finish_reason,
  json_extract(l.value, '$.error') AS error,
  coalesce(json_extract(l.value, '$.stream'), 0) AS stream,
  coalesce(json_extract(l.value, '$.peak'), 0) AS peak,
  json_extract(l.value, '$.usage_source') AS usage_source,
  json_extract(r.value, '$[7]') AS prompt,
  json_extract(r.value, '$[8]') AS cached,
  json_extract(r.value, '$[9]') AS cache_write,
  json_extract(r.value, '$[10]') AS completion,
  json_extract(r.value, '$[11]') AS reasoning,
  json_extract(r.value, '$[12]') AS estimated_prompt,
  json_extract(r.value, '$[13]') AS cost_nano,
  coalesce(json_extract(r.value, '$[14]'), 0) AS saved_by_cache_nano,
  coalesce(json_extract(r.value, '$[15]'), 0) AS saved_by_window_nano
FROM segment AS s, json_each(s.records) AS r, json_each(s.labels) AS l
WHERE l.key = json_extract(r.value, '$[1]');
)sql"};

}  // namespace

Result<void> migrate_schema(store::Store& store) {
  return store::migrate(store, kComponent, kSteps);
}

Result<std::optional<bool>> has_rollups(store::Store& store) {
  const auto version = store::version_of(store, kComponent);
  if (!version) return std::unexpected(version.error());
  if (*version > static_cast<std::int64_t>(kSteps.size())) {
    return std::unexpected(store::newer(kComponent, *version, kSteps.size()));
  }
  if (*version == 0) return std::nullopt;
  return *version >= kRollupVersion;
}

}  // namespace tidegate::ledger
