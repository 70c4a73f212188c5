#include <fmt/format.h>

#include <cstdio>

#include "cli/commands.h"
#include "cli/load_config.h"
#include "ledger/journal.h"
#include "ledger/report.h"

namespace tidegate::cli {
namespace {

// False, with a sentence printed, if `text` is neither empty nor a point in time.
bool read_time(const char* option, const std::string& text, std::optional<WallTime>& out) {
  if (text.empty()) return true;
  WallTime at;
  if (!parse_rfc3339(text, at)) {
    fmt::print(stderr,
               "{}: \"{}\" is not a time of the years 1700 to 2200; expected 2026-11-01 or "
               "2026-11-01T12:00:00Z\n",
               option, text);
    return false;
  }
  out = at;
  return true;
}

}  // namespace

int cost(const CostOptions& options) {
  ledger::Query query;
  const auto by = ledger::parse_group_by(options.by);
  if (!by) {
    fmt::print(stderr,
               "--by: \"{}\" is unknown; expected model, task, role, day, route, provider, key or "
               "tenant\n",
               options.by);
    return kWrongUsage;
  }
  query.by = *by;
  if (!read_time("--since", options.since, query.since) ||
      !read_time("--until", options.until, query.until)) {
    return kWrongUsage;
  }
  std::string path = options.ledger;
  std::string journal = ledger::journal_of(path);
  if (path.empty()) {
    const config::Loaded loaded = load_config(options.config);
    if (print_problems(loaded.problems)) return kCouldNotRun;
    path = ledger_path(loaded.config);
    journal = journal_path(loaded.config);
  }
  const auto report = ledger::run_report(path, journal, query);
  if (!report) {
    fmt::print(stderr, "{}\n", report.error().message);
    return kCouldNotRun;
  }
  fmt::print("{}", options.json ? ledger::to_json(*report) : ledger::to_text(*report));
  if (options.json) fmt::print("\n");
  return kDone;
}

}  // namespace tidegate::cli
