#include "cli/load_config.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "ledger/ledger_address.h"

namespace tidegate::cli {
namespace {

constexpr const char* kDefaultFile = "tidegate.yaml";

}  // namespace

config::Loaded load_config(const std::string& path) {
  std::vector<config::Problem> problems = config::load_dotenv(".env");
  config::Loaded loaded;
  if (!path.empty()) {
    loaded = config::load_file(path);
  } else if (std::filesystem::exists(kDefaultFile)) {
    loaded = config::load_file(kDefaultFile);
  } else {
    loaded = config::embedded_default();
  }
  loaded.problems.insert(loaded.problems.begin(), problems.begin(), problems.end());
  return loaded;
}

bool print_problems(const std::vector<config::Problem>& problems) {
  bool fatal = false;
  for (const config::Problem& problem : problems) {
    fmt::print(stderr, "{}\n", config::format(problem));
    fatal = fatal || !problem.warning;
  }
  return fatal;
}

ledger::LedgerPlace ledger_of(const config::Config& config) {
  return ledger::ledger_at(config.state.ledger, config.state.journal);
}

}  // namespace tidegate::cli
