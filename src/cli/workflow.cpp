#include "cli/workflow.h"

#include <CLI/CLI.hpp>

namespace tidegate::cli {

void add_workflow(CLI::App& app, Chosen& chosen) {
  CLI::App* workflow = app.add_subcommand("workflow", "Check, price and run workflows of agents");
  workflow->require_subcommand(1);
  workflow->footer("Example:\n  tidegate workflow plan examples/release.yaml");
  add_workflow_file_verbs(*workflow, chosen);
  add_workflow_run_verbs(*workflow, chosen);
}

}  // namespace tidegate::cli
