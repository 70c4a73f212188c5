// `tidegate workflow VERB`: each group of verbs adds itself to the command line in a file of its
// own. Used by main.cpp. The verbs' options live as long as what they return.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace tidegate::cli {

// Set by the verb that was asked for: runs it and gives the process's exit code.
using Chosen = std::function<int()>;

// Adds `workflow` with all of its verbs to the program. `chosen` must outlive the parsing.
void add_workflow(CLI::App& app, Chosen& chosen);

// workflow_file.cpp: validate, plan, graph, schema. They read files and send nothing.
void add_workflow_file_verbs(CLI::App& workflow, Chosen& chosen);

// workflow_runs.cpp: run, resume, fork, list, report, diff, export, cancel, approve, reject.
void add_workflow_run_verbs(CLI::App& workflow, Chosen& chosen);

}  // namespace tidegate::cli
