#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cli/commands.h"
#include "cli/load_config.h"
#include "gateway/understand.h"

namespace tidegate::cli {
namespace {

bool read_all(const std::string& path, std::string& out) {
  if (path == "-") {
    out.assign(std::istreambuf_iterator<char>(std::cin), {});
    return true;
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  out.assign(std::istreambuf_iterator<char>(file), {});
  return true;
}

void print_text(const gateway::Understanding& understood) {
  const workload::Workload& workload = understood.workload;
  const routing::Decision& decision = understood.decision;
  const std::string_view route = gateway::route_name(decision);
  fmt::print("route    {}\nreason   {}\n", route.empty() ? "(none: the model was named)" : route,
             decision.reason.view());
  const char* label = "model   ";
  for (const routing::Target* target : decision.targets()) {
    fmt::print("{} {} at {}\n", label, target->model->id, target->model->provider);
    label = "then    ";
  }
  fmt::print(
      "measured context_tokens={} tool_density={:.2f} planning_score={:.2f} messages={} tools={}\n",
      workload.context_tokens, workload.tool_density, static_cast<double>(workload.planning_score),
      workload.messages, workload.tools);
}

}  // namespace

int route(const RouteOptions& options) {
  config::Loaded loaded = load_config(options.config);
  gateway::SharedState shared;
  const auto snapshot = gateway::Snapshot::build(loaded.config, shared, loaded.problems);
  if (print_problems(loaded.problems) || snapshot == nullptr) return kCouldNotRun;
  std::string body;
  if (!read_all(options.request, body)) {
    fmt::print(stderr, "cannot read \"{}\"\n", options.request);
    return kCouldNotRun;
  }
  std::string lines;
  for (const auto& [name, value] :
       {std::pair{"x-tidegate-task", &options.task}, std::pair{"x-tidegate-role", &options.role},
        std::pair{"x-tidegate-route", &options.route}}) {
    if (!value->empty()) lines += fmt::format("{}: {}\r\n", name, *value);
  }
  const SystemClock clock;
  gateway::Memos memos;

  const gateway::Caller caller;
  const gateway::Asked asked{
      protocol::Surface::chat, http::Headers(lines), 0, body, clock.wall(), clock.now(), caller};
  gateway::Understanding understood;
  const Result<void> done = gateway::understand(*snapshot, shared, memos, asked, understood);
  if (!done) {
    const Error& error = done.error();
    fmt::print(stderr, "{}{}{}\n", error.field, error.field.empty() ? "" : ": ", error.message);
    return kNo;
  }
  if (options.json) {
    fmt::print("{}\n", gateway::explain(*snapshot, understood));
  } else {
    print_text(understood);
  }
  return kDone;
}

}  // namespace tidegate::cli
