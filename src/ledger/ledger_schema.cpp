#include "ledger/ledger_schema.h"

#include <array>

#include "store/migration.h"

namespace tidegate::ledger {
namespace {

constexpr std::string_view kComponent = "ledger";
constexpr std::int64_t kRollupVersion = 3;  // from which on there are roll-ups

constexpr std::array<std::string_view, 4> kSqlite{
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
)sql",
    // From now on tasks lie in the roll-ups as task_rows.h has it, which programs of before cannot
    // read.
    ""};

// The first two steps were before PostgreSQL was known, so that versions mean the same in both.
constexpr std::array<std::string_view, 4> kPostgres{"", "",
                                                    R"sql(
CREATE TABLE segment (
  id BIGINT PRIMARY KEY,
  first_us BIGINT NOT NULL,
  last_us BIGINT NOT NULL,
  count BIGINT NOT NULL,
  labels TEXT NOT NULL,
  records TEXT NOT NULL
);
CREATE INDEX segment_time ON segment (last_us);
CREATE TABLE label_set (
  id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  labels TEXT NOT NULL
);
CREATE INDEX label_set_labels ON label_set USING hash (labels);
CREATE TABLE rollup (
  kind BIGINT NOT NULL,
  bucket BIGINT NOT NULL,
  shard BIGINT NOT NULL,
  sums TEXT NOT NULL,
  PRIMARY KEY (kind, bucket, shard)
);
CREATE TABLE ledger_state (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
CREATE FUNCTION ledger_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND OLD.last_us <
      (SELECT value FROM ledger_state WHERE name = 'deleted_before_us') THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'the ledger is append-only';
END $$;
CREATE TRIGGER segment_keeps BEFORE UPDATE OR DELETE ON segment
  FOR EACH ROW EXECUTE FUNCTION ledger_keeps();
CREATE TRIGGER segment_stays BEFORE TRUNCATE ON segment
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_keeps();
CREATE VIEW usage_by_hour AS SELECT
  to_timestamp(s.bucket * 3600) AS hour,
  l.labels::json->>'model' AS model,
  l.labels::json->>'provider' AS provider,
  l.labels::json->>'route' AS route,
  l.labels::json->>'role' AS role,
  l.labels::json->>'key' AS key,
  l.labels::json->>'tenant' AS tenant,
  l.labels::json->>'client' AS client,
  coalesce((e.value->>1)::bigint, 0) AS attempts,
  coalesce((e.value->>2)::bigint, 0) AS requests,
  coalesce((e.value->>3)::bigint, 0) AS succeeded,
  coalesce((e.value->>4)::bigint, 0) AS prompt,
  coalesce((e.value->>5)::bigint, 0) AS completion,
  coalesce((e.value->>6)::bigint, 0) AS cost_nano,
  coalesce((e.value->>7)::bigint, 0) AS cached,
  coalesce((e.value->>8)::bigint, 0) AS saved_by_cache_nano,
  coalesce((e.value->>9)::bigint, 0) AS reasoning,
  coalesce((e.value->>10)::bigint, 0) AS failed,
  coalesce((e.value->>11)::bigint, 0) AS unpriced,
  coalesce((e.value->>12)::bigint, 0) AS peak_cost_nano,
  coalesce((e.value->>13)::bigint, 0) AS saved_by_window_nano,
  coalesce((e.value->>14)::bigint, 0) AS retried_cost_nano,
  coalesce((e.value->>15)::bigint, 0) AS failed_cost_nano,
  coalesce((e.value->>16)::bigint, 0) AS cache_write
FROM rollup AS s, json_array_elements(s.sums::json) AS e(value), label_set AS l
WHERE s.kind = 0 AND l.id = (e.value->>0)::bigint;
CREATE VIEW attempt AS SELECT
  r.value->>0 AS request,
  (r.value->>2)::int AS attempt,
  coalesce((l.value->>'last')::int, 0) AS last,
  to_timestamp((r.value->>4)::bigint / 1e6) AS started,
  (r.value->>5)::bigint / 1e3 AS first_byte_ms,
  (r.value->>6)::bigint / 1e3 AS total_ms,
  r.value->>3 AS task,
  l.value->>'role' AS role,
  l.value->>'key' AS key,
  l.value->>'tenant' AS tenant,
  l.value->>'client' AS client,
  l.value->>'route' AS route,
  l.value->>'provider' AS provider,
  l.value->>'model' AS model,
  l.value->>'price_epoch' AS price_epoch,
  l.value->>'requested_model' AS requested_model,
  l.value->>'served_model' AS served_model,
  l.value->>'outcome' AS outcome,
  coalesce((l.value->>'status')::int, 0) AS status,
  l.value->>'finish_reason' AS finish_reason,
  l.value->>'error' AS error,
  coalesce((l.value->>'stream')::int, 0) AS stream,
  coalesce((l.value->>'peak')::int, 0) AS peak,
  l.value->>'usage_source' AS usage_source,
  (r.value->>7)::bigint AS prompt,
  (r.value->>8)::bigint AS cached,
  (r.value->>9)::bigint AS cache_write,
  (r.value->>10)::bigint AS completion,
  (r.value->>11)::bigint AS reasoning,
  (r.value->>12)::bigint AS estimated_prompt,
  (r.value->>13)::bigint AS cost_nano,
  coalesce((r.value->>14)::bigint, 0) AS saved_by_cache_nano,
  coalesce((r.value->>15)::bigint, 0) AS saved_by_window_nano
FROM segment AS s, json_array_elements(s.records::json) AS r(value),
  LATERAL (SELECT s.labels::json->((r.value->>1)::int) AS value) AS l;
)sql",
                                                    ""};

std::span<const std::string_view> steps_of(const store::Store& store) {
  if (store.dialect() == store::Dialect::postgres) return kPostgres;
  return kSqlite;
}

}  // namespace

Result<void> migrate_schema(store::Store& store) {
  return store::migrate(store, kComponent, steps_of(store));
}

Result<std::optional<bool>> has_rollups(store::Store& store) {
  const auto version = store::version_of(store, kComponent);
  if (!version) return std::unexpected(version.error());
  if (*version > static_cast<std::int64_t>(steps_of(store).size())) {
    return std::unexpected(store::newer(kComponent, *version, steps_of(store).size()));
  }
  if (*version == 0) return std::nullopt;
  return *version >= kRollupVersion;
}

}  // namespace tidegate::ledger
