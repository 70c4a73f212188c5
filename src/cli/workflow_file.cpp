// The verbs that read a workflow and send nothing: validate, plan, graph, schema.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "cli/load_config.h"
#include "cli/workflow.h"
#include "cli/workflow_load.h"
#include "json/writer.h"
#include "workflow/graph_text.h"
#include "workflow/json_schema.h"
#include "workflow/plan.h"

namespace tidegate::cli {
namespace {

struct FileOptions {
  std::string config, file;
  std::string graph = "mermaid";
  std::string at;  // when the run would start; empty: now
  std::vector<std::string> inputs;
  std::int64_t items = 10;
  bool json = false;
};

void print_json(const workflow::Loaded& loaded) {
  std::string out;
  json::Writer json(out);
  json.begin_object().member("ok", loaded.ok());
  if (loaded.ok()) {
    json.member("name", loaded.workflow->name).member("tasks", loaded.workflow->tasks.size());
    json.member("hash", loaded.workflow->hash);
  }
  json.key("problems").begin_array();
  for (const config::Problem& problem : loaded.problems) {
    json.begin_object();
    json.member("file", problem.at.file).member("line", problem.at.line);
    json.member("column", problem.at.column).member("message", problem.message);
    json.member("warning", problem.warning).end_object();
  }
  json.end_array().end_object();
  fmt::print("{}\n", out);
}

int validate(const FileOptions& options) {
  WorkflowFile file;
  if (!load_workflow(options.config, options.file, file)) return kCouldNotRun;
  const workflow::Loaded& loaded = file.loaded;
  if (options.json) {
    print_json(loaded);
  } else {
    for (const config::Problem& problem : loaded.problems) {
      fmt::print("{}\n", config::format(problem));
    }
    if (loaded.ok()) {
      fmt::print("{}: ok (tasks: {}, roles: {}, longest chain: {})\n", options.file,
                 loaded.workflow->tasks.size(), loaded.workflow->roles.size(),
                 workflow::longest_chain(*loaded.workflow));
    }
  }
  return loaded.ok() ? kDone : kNo;
}

int graph(const FileOptions& options) {
  WorkflowFile file;
  if (!load_workflow(options.config, options.file, file)) return kCouldNotRun;
  if (print_problems(file.loaded.problems)) return kNo;
  const workflow::Workflow& flow = *file.loaded.workflow;
  fmt::print("{}", options.graph == "dot" ? workflow::to_dot(flow) : workflow::to_mermaid(flow));
  return kDone;
}

int plan(const FileOptions& options) {
  workflow::PlanOptions asked;
  asked.start = SystemClock{}.wall();
  if (!options.at.empty() && !parse_rfc3339(options.at, asked.start)) {
    fmt::print(stderr, "--at: \"{}\" is not a time; expected e.g. 2026-12-01T02:00:00Z\n",
               options.at);
    return kWrongUsage;
  }
  WorkflowFile file;
  if (!load_workflow(options.config, options.file, file)) return kCouldNotRun;
  if (print_problems(file.loaded.problems)) return kNo;
  auto inputs = read_inputs(*file.loaded.workflow, options.inputs);
  if (!inputs) {
    fmt::print(stderr, "{}\n", inputs.error().message);
    return kNo;
  }
  std::vector<config::Problem> problems;
  const routing::Table table = routing::build(file.config, *file.catalog, problems);
  if (print_problems(problems)) return kCouldNotRun;
  asked.inputs = std::move(*inputs);
  asked.items = options.items;
  asked.catalog = file.catalog.get();
  asked.table = &table;
  const auto planned = workflow::plan(*file.loaded.workflow, asked);
  if (!planned) {
    fmt::print(stderr, "{}\n", planned.error().message);
    return kNo;
  }
  if (options.json) {
    fmt::print("{}\n", workflow::to_json(*planned));
  } else {
    fmt::print("{}", workflow::to_text(*planned));
  }
  return kDone;
}

CLI::App* add_verb(CLI::App& workflow, FileOptions& options, const char* name, const char* what,
                   const char* example) {
  CLI::App* verb = workflow.add_subcommand(name, what);
  verb->footer(std::string("Example:\n  ") + example);
  verb->add_option("file", options.file, "The workflow: YAML or JSON")->required();
  verb->add_option("-c,--config", options.config,
                   "Configuration whose models and routes it may name; without it "
                   "./tidegate.yaml, or else the embedded default");
  return verb;
}

}  // namespace

void add_workflow_file_verbs(CLI::App& workflow, Chosen& chosen) {
  const auto options = std::make_shared<FileOptions>();
  CLI::App* validate_verb =
      add_verb(workflow, *options, "validate", "Say all that is wrong with a workflow at once",
               "tidegate workflow validate examples/release.yaml");
  validate_verb->add_flag("--json", options->json, "Print JSON");
  validate_verb->callback(
      [options, &chosen] { chosen = [options] { return validate(*options); }; });

  CLI::App* plan_verb = add_verb(workflow, *options, "plan", "Price a run before it starts",
                                 "tidegate workflow plan examples/nightly_audit.yaml --input "
                                 "repo=. --at 2026-12-01T02:00:00Z");
  plan_verb
      ->add_option("--input", options->inputs, "NAME=VALUE or NAME=@FILE; repeat it for several")
      ->allow_extra_args(false);
  plan_verb->add_option("--at", options->at, "When the run would start; now without it");
  plan_verb
      ->add_option("--items", options->items,
                   "Items of lists that are known only in the run; 10 without it")
      ->check(CLI::Range(0, 1'000'000));
  plan_verb->add_flag("--json", options->json, "Print JSON");
  plan_verb->callback([options, &chosen] { chosen = [options] { return plan(*options); }; });

  CLI::App* graph_verb =
      add_verb(workflow, *options, "graph", "Print the graph of a workflow's tasks",
               "tidegate workflow graph --dot examples/release.yaml | dot -Tsvg > graph.svg");
  graph_verb->add_flag_callback("--dot", [options] { options->graph = "dot"; }, "For Graphviz");
  graph_verb->add_flag_callback(
      "--mermaid", [options] { options->graph = "mermaid"; }, "For Markdown (as without it)");
  graph_verb->callback([options, &chosen] { chosen = [options] { return graph(*options); }; });

  CLI::App* schema_verb =
      workflow.add_subcommand("schema", "Print the JSON Schema of workflow files, for editors");
  schema_verb->footer("Example:\n  tidegate workflow schema > workflow.schema.json");
  schema_verb->callback([&chosen] {
    chosen = [] {
      fmt::print("{}", workflow::json_schema());
      return static_cast<int>(kDone);
    };
  });
}

}  // namespace tidegate::cli
