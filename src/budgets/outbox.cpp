#include "budgets/outbox.h"

#include <array>

#include "store/migration.h"
#include "store/sqlite.h"

namespace tidegate::budgets {
namespace {

using std::chrono::microseconds;

// `ends_us`: of the period, after which the same threshold has another id; absent: never.
constexpr std::array<std::string_view, 1> kSteps{R"sql(
CREATE TABLE alert (
  id TEXT PRIMARY KEY,
  budget TEXT NOT NULL,
  body TEXT NOT NULL,
  written_us INTEGER NOT NULL,
  ends_us INTEGER,
  done_us INTEGER
) STRICT;
CREATE INDEX alert_waiting ON alert (written_us) WHERE done_us IS NULL;
)sql"};

constexpr Duration kKept = std::chrono::hours(24 * 90);

std::int64_t micros(WallTime at) {
  return std::chrono::floor<microseconds>(at.time_since_epoch()).count();
}

}  // namespace

Result<std::unique_ptr<Outbox>> Outbox::open(const std::string& path) {
  auto file = store::open_sqlite({.path = path, .cache_kib = 64});
  if (!file) return std::unexpected(file.error());
  if (auto done = store::migrate(**file, "alerts", kSteps); !done) {
    return std::unexpected(done.error());
  }
  return std::unique_ptr<Outbox>(new Outbox(std::move(*file)));
}

Result<bool> Outbox::add(const Alert& alert) {
  const std::string id = id_of(alert);
  const std::string body = body_of(alert);
  const store::Value ends =
      alert.period.has_end() ? store::Value(micros(alert.period.end)) : store::Value();
  // One that nobody is to be told of is done, and still is not given again.
  const store::Value done = alert.webhook.empty() ? store::Value(micros(alert.at)) : store::Value();
  const std::array<store::Value, 6> row{std::string_view(id),
                                        std::string_view(alert.budget),
                                        std::string_view(body),
                                        micros(alert.at),
                                        ends,
                                        done};
  auto added = file_->run("INSERT OR IGNORE INTO alert VALUES (?, ?, ?, ?, ?, ?)", row);
  if (!added) return std::unexpected(added.error());
  return *added != 0;
}

Result<std::vector<Outbox::Letter>> Outbox::waiting() {
  std::vector<Letter> letters;
  auto read = file_->query(
      "SELECT id, budget, body, written_us FROM alert WHERE done_us IS NULL ORDER BY written_us",
      {}, [&](const store::Row& row) {
        letters.push_back({std::string(row.text(0)), std::string(row.text(1)),
                           std::string(row.text(2)), WallTime{microseconds{row.integer(3)}}});
      });
  if (!read) return std::unexpected(read.error());
  return letters;
}

Result<void> Outbox::done(const std::string& id, WallTime now) {
  const std::array<store::Value, 2> values{micros(now), std::string_view(id)};
  auto noted = file_->run("UPDATE alert SET done_us = ? WHERE id = ?", values);
  if (!noted) return std::unexpected(noted.error());
  return {};
}

Result<void> Outbox::clean(WallTime now) {
  const std::array<store::Value, 1> values{micros(now - kKept)};
  auto cleaned = file_->run("DELETE FROM alert WHERE done_us IS NOT NULL AND ends_us < ?", values);
  if (!cleaned) return std::unexpected(cleaned.error());
  return {};
}

}  // namespace tidegate::budgets
