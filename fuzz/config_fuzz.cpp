// Any text as a config: every problem has a place and a sentence, and what has no problem becomes a
// catalogue and a routing table.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "config/config.h"
#include "routing/table.h"

using namespace tidegate;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// Whether the config may be used.
bool check(const std::vector<config::Problem>& problems) {
  bool usable = true;
  for (const config::Problem& problem : problems) {
    require(!problem.message.empty() && problem.at.line >= 0 && problem.at.column >= 0);
    require(!config::format(problem).empty());
    usable = usable && problem.warning;
  }
  return usable;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view yaml(reinterpret_cast<const char*>(data), size);
  config::Loaded loaded = config::load_text(yaml, "fuzz.yaml");
  require(check(loaded.problems) == loaded.ok());
  const catalog::Catalog catalog = catalog::Catalog::with(loaded.config, loaded.problems);
  if (!check(loaded.problems)) return 0;
  std::vector<config::Problem> problems;
  const routing::Table table = routing::build(loaded.config, catalog, problems);
  check(problems);
  require(table.catalog == &catalog);
  return 0;
}
