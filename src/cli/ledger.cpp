// `tidegate ledger import`: takes journals and other gateways' ledgers into the configured one.
#include <fmt/format.h>

#include <cstdio>

#include "cli/commands.h"
#include "cli/load_config.h"
#include "json/writer.h"
#include "ledger/import.h"
#include "ledger/ledger_address.h"

namespace tidegate::cli {
namespace {

constexpr Duration kPatience = 10s;  // with a gateway that writes to the same file

std::string to_json(const std::string& file, const ledger::Imported& imported) {
  std::string out;
  json::Writer json(out);
  json.begin_object().member("file", file).member("records", imported.records);
  json.member("segments", imported.segments).member("known_segments", imported.known);
  json.member("damaged", imported.damaged).end_object();
  return out;
}

}  // namespace

int import_ledgers(const ImportOptions& options) {
  std::string address = options.ledger;
  if (address.empty()) {
    const config::Loaded loaded = load_config(options.config);
    if (print_problems(loaded.problems)) return kCouldNotRun;
    address = loaded.config.state.ledger;
  }
  auto opened = ledger::open_to_write(address, kPatience)({});
  auto store = opened
                   ? ledger::LedgerStore::open(std::move(*opened))
                   : Result<std::unique_ptr<ledger::LedgerStore>>(std::unexpected(opened.error()));
  if (!store) {
    fmt::print(stderr, "cannot open the ledger: {}\n", store.error().message);
    return kCouldNotRun;
  }
  int code = kDone;
  for (const std::string& file : options.files) {
    const auto imported = ledger::import_file(**store, file);
    if (!imported) {
      fmt::print(stderr, "{}\n", imported.error().message);
      const bool of_file = imported.error().code == ErrorCode::invalid ||
                           imported.error().code == ErrorCode::not_found;
      if (!of_file) return kCouldNotRun;  // the store is of no more use
      code = kNo;
      continue;
    }
    if (options.json) {
      fmt::print("{}\n", to_json(file, *imported));
    } else {
      fmt::print("{}: {} new records in {} segments; {} segments were there already{}\n", file,
                 imported->records, imported->segments, imported->known,
                 imported->damaged == 0
                     ? ""
                     : fmt::format("; {} damaged ones left out", imported->damaged));
    }
  }
  return code;
}

}  // namespace tidegate::cli
