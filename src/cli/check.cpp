#include <fmt/format.h>

#include <cstdio>

#include "cli/commands.h"
#include "cli/load_config.h"
#include "gateway/snapshot.h"
#include "json/writer.h"

namespace tidegate::cli {
namespace {

void print_json(const std::vector<config::Problem>& problems, bool ok) {
  std::string out;
  json::Writer json(out);
  json.begin_object().member("ok", ok).key("problems").begin_array();
  for (const config::Problem& problem : problems) {
    json.begin_object();
    json.member("file", problem.at.file).member("line", problem.at.line);
    json.member("column", problem.at.column).member("message", problem.message);
    json.member("warning", problem.warning).end_object();
  }
  json.end_array().end_object();
  fmt::print("{}\n", out);
}

}  // namespace

int check(const CheckOptions& options) {
  config::Loaded loaded = load_config(options.config);
  const std::string file = loaded.config.file;
  // The rest is checked even if the file has problems, so that all are reported at once.
  gateway::SharedState shared;
  gateway::Snapshot::build(loaded.config, shared, loaded.problems);
  config::sort_by_position(loaded.problems);
  const bool ok = loaded.ok();
  if (options.json) {
    print_json(loaded.problems, ok);
  } else {
    for (const config::Problem& problem : loaded.problems) fmt::print("{}\n", format(problem));
    if (ok) {
      fmt::print("{}: ok (providers: {}, routes: {}, policy rules: {})\n",
                 file.empty() ? "embedded default" : file, loaded.config.providers.size(),
                 loaded.config.routes.size(), loaded.config.policy.size());
    }
  }
  return ok ? kDone : kNo;
}

}  // namespace tidegate::cli
