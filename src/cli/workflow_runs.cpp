// The verbs of `tidegate workflow` that run, show and steer runs, on the command line.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/workflow.h"
#include "cli/workflow_commands.h"

namespace tidegate::cli {
namespace {

constexpr const char* kRunHelp = "Its id, the end of it, or \"last\"";

CLI::App* add_verb(CLI::App& workflow, std::string& config, const char* name, const char* what,
                   const char* example) {
  CLI::App* verb = workflow.add_subcommand(name, what);
  verb->footer(std::string("Example:\n  ") + example);
  verb->add_option("-c,--config", config,
                   "Configuration file; without it ./tidegate.yaml, or else the embedded default");
  return verb;
}

void add_run_options(CLI::App& verb, RunWorkflowOptions& options) {
  verb.add_option("--budget", options.budget,
                  "Dollars that it may spend in all; else as the workflow says");
  verb.add_flag("--yes", options.yes, "Approve whatever asks for an approval");
  verb.add_flag("--json", options.json, "Print JSON at the end, and no progress");
}

void add_running(CLI::App& workflow, Chosen& chosen) {
  const auto options = std::make_shared<RunWorkflowOptions>();
  CLI::App* run = add_verb(workflow, options->config, "run", "Run a workflow to its end",
                           "tidegate workflow run audit.yaml --input repo=. --budget 5");
  run->add_option("file", options->file, "YAML or JSON")->required();
  run->add_option("-i,--input", options->inputs, "NAME=VALUE or NAME=@FILE; repeat it for several")
      ->allow_extra_args(false);
  add_run_options(*run, *options);
  run->callback([options, &chosen] { chosen = [options] { return run_workflow(*options); }; });

  CLI::App* resume = add_verb(workflow, options->config, "resume",
                              "Go on with a run that died, was left or paused",
                              "tidegate workflow resume last --budget 10");
  resume->add_option("run", options->run, kRunHelp)->required();
  add_run_options(*resume, *options);
  resume->callback(
      [options, &chosen] { chosen = [options] { return resume_workflow(*options); }; });

  const auto forked = std::make_shared<ForkRunOptions>();
  CLI::App* fork = add_verb(workflow, forked->how.config, "fork",
                            "Begin a run with the results of one that has ended, and do a task and "
                            "all that depends on it again",
                            "tidegate workflow fork last --from review --set tone=friendly");
  fork->add_option("run", forked->how.run, kRunHelp)->required();
  fork->add_option("--from", forked->from, "The task that is done again, with what depends on it")
      ->required();
  fork->add_option("--set", forked->how.inputs,
                   "NAME=VALUE or NAME=@FILE: an input in the place of that of before; repeat it "
                   "for several")
      ->allow_extra_args(false);
  add_run_options(*fork, forked->how);
  fork->callback([forked, &chosen] { chosen = [forked] { return fork_workflow(*forked); }; });
}

void add_showing(CLI::App& workflow, Chosen& chosen) {
  const auto options = std::make_shared<ShowRunOptions>();
  const auto add = [&](const char* name, const char* what, const char* example, bool of_a_run,
                       int (*show)(const ShowRunOptions&)) {
    CLI::App* verb = add_verb(workflow, options->config, name, what, example);
    if (of_a_run) verb->add_option("run", options->run, kRunHelp)->required();
    verb->callback(
        [options, show, &chosen] { chosen = [options, show] { return show(*options); }; });
    return verb;
  };
  add("list", "Show the latest runs", "tidegate workflow list", false, list_runs)
      ->add_flag("--json", options->json, "Print JSON");
  CLI::App* report = add("report", "Show what became of a run and what it cost",
                         "tidegate workflow report last --html run.html", true, report_run);
  CLI::Option* json = report->add_flag("--json", options->json, "Print JSON");
  report->add_option("--html", options->html, "Write a page to this file instead")->excludes(json);
  CLI::App* diff = add("diff", "Show what is different between two runs",
                       "tidegate workflow diff r01m3250v00pkp last", true, diff_runs);
  diff->add_option("other", options->other, "The run that it is compared with")->required();
  diff->add_flag("--json", options->json, "Print JSON");
  add("export", "Print all that is known of a run, a JSON object a line",
      "tidegate workflow export last > run.jsonl", true, export_run);
}

void add_steering(CLI::App& workflow, Chosen& chosen) {
  const auto options = std::make_shared<SteerRunOptions>();
  const auto add = [&](const char* name, const char* what, const char* example) {
    CLI::App* verb = add_verb(workflow, options->config, name, what, example);
    verb->add_option("run", options->run, kRunHelp)->required();
    verb->callback([options, name, &chosen] {
      options->verb = name;
      chosen = [options] { return steer_run(*options); };
    });
    return verb;
  };
  add("cancel", "End a run, or a task and all that depends on it",
      "tidegate workflow cancel last scan")
      ->add_option("task", options->task, "ID, or ID[KEY] for one item; the whole run without it");
  add("approve", "Let a task that asks go on", "tidegate workflow approve last gate")
      ->add_option("task", options->task, "Its id")
      ->required();
  add("reject", "Do not let a task that asks go on", "tidegate workflow reject last gate")
      ->add_option("task", options->task, "Its id")
      ->required();
}

}  // namespace

void add_workflow_run_verbs(CLI::App& workflow, Chosen& chosen) {
  add_running(workflow, chosen);
  add_showing(workflow, chosen);
  add_steering(workflow, chosen);
}

}  // namespace tidegate::cli
