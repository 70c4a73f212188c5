// How every command finds and reads its configuration.
#pragma once

#include <optional>
#include <string>

#include "config/config.h"
#include "ledger/report.h"

namespace tidegate::cli {

// Reads ./.env, then `path`, or ./tidegate.yaml if `path` is empty and the file is there, or else
// the embedded default. The file's problems are in the result.
config::Loaded load_config(const std::string& path);

// Prints problems to standard error. True if one of them forbids using the config.
bool print_problems(const std::vector<config::Problem>& problems);

// The ledger of a configuration, to read only.
ledger::LedgerPlace ledger_of(const config::Config& config);

}  // namespace tidegate::cli
