#include "ledger/ledger_schema.h"

#include <array>

#include "store/migration.h"

namespace tidegate::ledger {
namespace {

constexpr std::array<std::string_view, 2> kSteps{
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
)sql"};

}  // namespace

Result<void> migrate_schema(store::Store& store) { return store::migrate(store, "ledger", kSteps); }

Result<bool> insert_segment(store::Store& store, const Segment& segment) {
  const std::array<store::Value, 6> values{segment.id,
                                           segment.first_us,
                                           segment.last_us,
                                           segment.count,
                                           std::string_view(segment.labels),
                                           std::string_view(segment.records)};
  auto inserted = store.run("INSERT OR IGNORE INTO segment VALUES (?, ?, ?, ?, ?, ?)", values);
  if (!inserted) return std::unexpected(inserted.error());
  return *inserted != 0;
}

}  // namespace tidegate::ledger
