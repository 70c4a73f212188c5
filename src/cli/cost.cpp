// `tidegate cost`: what was spent, and what it would have cost at other prices.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>

#include "catalog/catalog.h"
#include "cli/commands.h"
#include "cli/load_config.h"
#include "ledger/journal.h"
#include "ledger/ledger_address.h"
#include "ledger/query_text.h"
#include "ledger/report.h"

namespace tidegate::cli {
namespace {

std::vector<ledger::Parameter> parameters(const CostOptions& options) {
  std::vector<ledger::Parameter> all = options.filters;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) all.emplace_back(name, value);
  };
  all.emplace_back("by", options.by);
  add("since", options.since);
  add("until", options.until);
  add("time_zone", options.time_zone);
  add("top", options.top);
  if (options.tasks) all.emplace_back("tasks", "true");
  return all;
}

std::string option_of(std::string_view parameter) {
  return parameter == "time_zone" ? "--time-zone" : fmt::format("--{}", parameter);
}

// Prices of the models in `file`; absent, with its problems printed, if it is no catalogue.
std::optional<ledger::Reprice> read_prices(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    fmt::print(stderr, "--prices: cannot read {}\n", file);
    return std::nullopt;
  }
  const std::string yaml{std::istreambuf_iterator<char>(in), {}};
  std::vector<config::Problem> problems;
  auto prices =
      std::make_shared<const catalog::Catalog>(catalog::Catalog::parse(yaml, file, problems));
  if (print_problems(problems)) return std::nullopt;
  return [prices](const ledger::Label& label,
                  const ledger::Entry& entry) -> std::optional<NanoDollars> {
    const catalog::Model* model = prices->find(label.model);
    if (model == nullptr) return entry.cost;
    if (label.usage_source == "none") return NanoDollars{};
    const WallTime started{std::chrono::microseconds{entry.started_us}};
    const catalog::Quote quote = prices->quote(*model, started, entry.usage.prompt);
    if (quote.price == nullptr) return std::nullopt;
    return catalog::cost(*quote.price, entry.usage);
  };
}

}  // namespace

int cost(const CostOptions& options) {
  auto query = ledger::read_query(parameters(options), SystemClock().wall());
  if (!query) {
    for (const Error& problem : query.error()) {
      fmt::print(stderr, "{}: {}\n", option_of(problem.field), problem.message);
    }
    return kWrongUsage;
  }
  if (!options.prices.empty()) {
    auto reprice = read_prices(options.prices);
    if (!reprice) return kCouldNotRun;
    query->reprice = std::move(*reprice);
  }
  ledger::LedgerPlace place = ledger::ledger_at(options.ledger, ledger::journal_of(options.ledger));
  if (options.ledger.empty()) {
    const config::Loaded loaded = load_config(options.config);
    if (print_problems(loaded.problems)) return kCouldNotRun;
    place = ledger_of(loaded.config);
  }
  const auto report = ledger::run_report(place, *query);
  if (!report) {
    const Error& error = report.error();
    fmt::print(stderr, "{}{}\n", error.field.empty() ? "" : option_of(error.field) + ": ",
               error.message);
    return error.field.empty() ? kCouldNotRun : kWrongUsage;
  }
  const auto write = options.json  ? ledger::write_json
                     : options.csv ? ledger::write_csv
                                   : ledger::write_text;
  write(*report, [](std::string_view piece) { fmt::print("{}", piece); });
  return kDone;
}

}  // namespace tidegate::cli
