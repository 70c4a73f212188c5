#include "engine/journal_tables.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "store/migration.h"

namespace tidegate::engine {
namespace {

// Times are microseconds since 1970, money is in nano-dollars. Rows of live tasks alone are
// indexed, so that history does not weigh on what runs. In the words of SQLite.
constexpr std::array<std::string_view, 6> kSteps{R"sql(
CREATE TABLE blob (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  bytes TEXT NOT NULL
);
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  key TEXT UNIQUE,
  name TEXT NOT NULL,
  spec_hash TEXT NOT NULL,
  spec INTEGER NOT NULL REFERENCES blob,
  inputs INTEGER NOT NULL REFERENCES blob,
  outputs INTEGER REFERENCES blob,
  parent INTEGER,
  state TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  budget_nano INTEGER,
  created_us INTEGER NOT NULL,
  changed_us INTEGER NOT NULL,
  ended_us INTEGER
);
CREATE INDEX run_live ON run (state)
  WHERE state NOT IN ('succeeded', 'failed', 'partial', 'cancelled');
CREATE TABLE task (
  run INTEGER NOT NULL,
  task INTEGER NOT NULL,
  id TEXT NOT NULL,
  item_key TEXT,
  parent INTEGER,
  role TEXT NOT NULL,
  priority INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT 'waiting',
  attempts INTEGER NOT NULL DEFAULT 0,
  not_before_us INTEGER,
  started_us INTEGER,
  ended_us INTEGER,
  output INTEGER REFERENCES blob,
  error TEXT,
  PRIMARY KEY (run, task)
) WITHOUT ROWID;
CREATE INDEX task_live ON task (run, state) WHERE state IN ('running', 'delayed', 'awaiting');
CREATE TABLE attempt (
  run INTEGER NOT NULL,
  task INTEGER NOT NULL,
  number INTEGER NOT NULL,
  purpose TEXT,
  state TEXT NOT NULL DEFAULT 'sent',
  asked_model TEXT NOT NULL,
  request_hash INTEGER NOT NULL,
  sent_us INTEGER NOT NULL,
  first_byte_us INTEGER,
  done_us INTEGER,
  reserved_nano INTEGER NOT NULL,
  model TEXT,
  provider TEXT,
  request_id TEXT,
  price_epoch TEXT,
  peak INTEGER,
  prompt INTEGER,
  cached INTEGER,
  cache_write INTEGER,
  completion INTEGER,
  reasoning INTEGER,
  cost_nano INTEGER,
  saved_by_cache_nano INTEGER,
  saved_by_window_nano INTEGER,
  cost_kind TEXT,
  error_class TEXT,
  error TEXT,
  PRIMARY KEY (run, task, number)
) WITHOUT ROWID;
CREATE INDEX attempt_in_flight ON attempt (run) WHERE state = 'sent';
CREATE TABLE turn (
  run INTEGER NOT NULL,
  task INTEGER NOT NULL,
  number INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  answer INTEGER NOT NULL REFERENCES blob,
  results INTEGER REFERENCES blob,
  at_us INTEGER NOT NULL,
  PRIMARY KEY (run, task, number)
) WITHOUT ROWID;
CREATE TABLE tool_call (
  run INTEGER NOT NULL,
  task INTEGER NOT NULL,
  turn INTEGER NOT NULL,
  number INTEGER NOT NULL,
  tool TEXT NOT NULL,
  arguments INTEGER NOT NULL REFERENCES blob,
  result INTEGER REFERENCES blob,
  failed INTEGER NOT NULL DEFAULT 0,
  begun_us INTEGER NOT NULL,
  ended_us INTEGER,
  PRIMARY KEY (run, task, turn, number)
) WITHOUT ROWID;
CREATE TABLE event (
  run INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  at_us INTEGER NOT NULL,
  kind TEXT NOT NULL,
  task INTEGER,
  body TEXT,
  PRIMARY KEY (run, seq)
) WITHOUT ROWID;
CREATE TABLE approval (
  run INTEGER NOT NULL,
  task INTEGER NOT NULL,
  message INTEGER NOT NULL REFERENCES blob,
  asked_us INTEGER NOT NULL,
  until_us INTEGER,
  approved INTEGER,
  by TEXT,
  ended_us INTEGER,
  PRIMARY KEY (run, task)
) WITHOUT ROWID;
CREATE TABLE lease (
  run INTEGER PRIMARY KEY,
  owner TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  expires_us INTEGER NOT NULL
);
CREATE TABLE writer (
  owner TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  at_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE command (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  verb TEXT NOT NULL,
  task TEXT NOT NULL,
  argument TEXT NOT NULL,
  given_us INTEGER NOT NULL,
  answer TEXT
);
CREATE INDEX command_open ON command (run) WHERE answer IS NULL;
)sql",
                                                 R"sql(
ALTER TABLE task ADD COLUMN reused_run INTEGER;
ALTER TABLE task ADD COLUMN reused_task INTEGER;
)sql",
                                                 R"sql(
CREATE INDEX lease_owned ON lease (owner) WHERE owner <> '';
)sql",
                                                 R"sql(
CREATE TABLE offer (
  run INTEGER NOT NULL,
  task INTEGER NOT NULL,
  number INTEGER NOT NULL,
  owner TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'open',
  role TEXT NOT NULL,
  body TEXT NOT NULL,
  queue_us INTEGER NOT NULL,
  idle_us INTEGER NOT NULL,
  total_us INTEGER NOT NULL,
  at_us INTEGER NOT NULL,
  helper TEXT,
  withdrawn INTEGER NOT NULL DEFAULT 0,
  answer TEXT,
  PRIMARY KEY (run, task, number)
) WITHOUT ROWID;
CREATE INDEX offer_open ON offer (at_us) WHERE state = 'open';
CREATE INDEX offer_claimed ON offer (helper) WHERE state = 'claimed';
CREATE INDEX offer_over ON offer (owner) WHERE state IN ('answered', 'lost');
CREATE TABLE helper (
  name TEXT PRIMARY KEY,
  room INTEGER NOT NULL,
  expires_us INTEGER NOT NULL
) WITHOUT ROWID;
ALTER TABLE attempt ADD COLUMN made_by TEXT;
)sql",
                                                 R"sql(
ALTER TABLE blob RENAME TO packed;
ALTER TABLE packed ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
CREATE VIEW blob AS
  SELECT id, hash, CAST(sqlar_uncompress(bytes, size) AS TEXT) AS bytes FROM packed;
)sql",
                                                 // A planner may find a row by these as well as
                                                 // by its key: they have to name it whole.
                                                 R"sql(
DROP INDEX attempt_in_flight;
CREATE INDEX attempt_in_flight ON attempt (run, task, number) WHERE state = 'sent';
DROP INDEX offer_claimed;
CREATE INDEX offer_claimed ON offer (helper, run, task, number) WHERE state = 'claimed';
)sql"};

// PostgreSQL deflates long texts by itself, so that its contents stay a table.
constexpr std::size_t kDeflated = 4;

// SQLite does not hold rows to their references either, unless it is asked to.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kPostgresWords{
    {{" id INTEGER PRIMARY KEY", " id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"},
     {" INTEGER", " BIGINT"},
     {" REFERENCES blob", ""},
     {" WITHOUT ROWID", ""}}};

std::string for_postgres(std::string_view step) {
  std::string text(step);
  for (const auto& [from, to] : kPostgresWords) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size())) {
      text.replace(at, from.size(), to);
    }
  }
  return text;
}

}  // namespace

std::vector<std::string> journal_steps(store::Dialect dialect) {
  std::vector<std::string> steps(kSteps.begin(), kSteps.end());
  if (dialect == store::Dialect::sqlite) return steps;
  for (std::string& step : steps) step = for_postgres(step);
  steps[kDeflated] = "";
  return steps;
}

Result<void> migrate_journal(store::Store& store) {
  const std::vector<std::string> texts = journal_steps(store.dialect());
  const std::vector<std::string_view> steps(texts.begin(), texts.end());
  return store::migrate(store, "workflow", steps);
}

Result<bool> is_current_journal(store::Store& store) {
  const auto version = store::version_of(store, "workflow");
  if (!version) return std::unexpected(version.error());
  if (*version > static_cast<std::int64_t>(kSteps.size())) {
    return std::unexpected(store::newer("workflow", *version, kSteps.size()));
  }
  return *version == static_cast<std::int64_t>(kSteps.size());
}

}  // namespace tidegate::engine
