// The command line: what each command takes, and its help.
#include <CLI/CLI.hpp>
#include <functional>

#include "cli/commands.h"
#include "cli/workflow.h"

namespace {

using namespace tidegate::cli;

constexpr const char* kVersion = "tidegate 0.1.0";
constexpr const char* kConfigHelp =
    "Configuration file; without it ./tidegate.yaml, or else the embedded default";

CLI::App* add(CLI::App& app, const char* name, const char* what, const char* example) {
  CLI::App* command = app.add_subcommand(name, what);
  command->footer(std::string("Example:\n  ") + example);
  return command;
}

// The command that was asked for, ready to run. The parser itself does not outlive this: a server
// would carry its memory about for ever.
std::function<int()> read_command_line(int argc, char** argv) {
  CLI::App app("Tidegate: one gateway between LLM clients and LLM providers");
  app.require_subcommand(1);
  app.set_version_flag("--version", kVersion);
  app.footer(
      "Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 could not run.\n"
      "`tidegate COMMAND --help` explains a command.");

  ServeOptions serve_options;
  CLI::App* serve_command = add(app, "serve", "Run the gateway", "tidegate serve -c tidegate.yaml");
  serve_command->add_option("-c,--config", serve_options.config, kConfigHelp);
  serve_command->add_option("--listen", serve_options.listen, "Overrides `listen` of the config");
  serve_command->add_option("--admin", serve_options.admin, "Overrides `admin` of the config");

  CheckOptions check_options;
  CLI::App* check_command = add(app, "check", "Validate a configuration: all problems at once",
                                "tidegate check -c tidegate.yaml");
  check_command->add_option("-c,--config", check_options.config, kConfigHelp);
  check_command->add_flag("--json", check_options.json, "Print JSON");

  InitOptions init_options;
  CLI::App* init_command =
      add(app, "init", "Write a commented configuration to start from", "tidegate init .");
  init_command->add_option("folder", init_options.folder,
                           "Where to write it; the current one without it");

  RouteOptions route_options;
  CLI::App* route_command =
      add(app, "route", "Explain where a request would go, without sending it",
          "tidegate route --file examples/requests/critical_planning.json");
  route_command->add_option("-c,--config", route_options.config, kConfigHelp);
  route_command->add_option("-f,--file", route_options.request,
                            "File with the body of a chat request; - for standard input");
  route_command->add_option("--task", route_options.task, "As the header x-tidegate-task");
  route_command->add_option("--role", route_options.role, "As the header x-tidegate-role");
  route_command->add_option("--route", route_options.route, "As the header x-tidegate-route");
  route_command->add_flag("--json", route_options.json, "Print JSON");

  CostOptions cost_options;
  CLI::App* cost_command =
      add(app, "cost", "Show what was spent",
          "tidegate cost --by role,model --since 24h\n"
          "  tidegate cost --by day --time-zone Europe/Berlin --since 2026-11-01 --csv\n"
          "  tidegate cost --by task --key key_7f3k9m2qxd --top 20\n"
          "  tidegate cost --prices corrected.yaml   # what it would have cost at other prices");
  cost_command->add_option("-c,--config", cost_options.config, kConfigHelp);
  cost_command->add_option("--ledger", cost_options.ledger,
                           "SQLite file or postgresql://...; otherwise the config's");
  cost_command->add_option("--by", cost_options.by,
                           "model (as without it), provider, route, role, key, tenant, client, "
                           "task, day or hour; or two of them, as in role,model");
  cost_command->add_option("--since", cost_options.since,
                           "2026-11-01, 2026-11-01T12:00:00Z, or 24h for that long ago; included");
  cost_command->add_option("--until", cost_options.until, "Likewise, not included");
  cost_command->add_option("--time-zone", cost_options.time_zone,
                           "Of days, hours and dates: UTC (as without it), Europe/Berlin, +08:00");
  for (const char* group :
       {"model", "provider", "route", "role", "key", "tenant", "client", "task"}) {
    cost_command
        ->add_option_function<std::vector<std::string>>(
            std::string("--") + group,
            [&filters = cost_options.filters, group](const std::vector<std::string>& names) {
              for (const std::string& name : names) filters.emplace_back(group, name);
            },
            std::string("Only what has this ") + group +
                "; repeat it for several, \"(none)\" for those without")
        ->allow_extra_args(false);
  }
  cost_command->add_flag("--tasks", cost_options.tasks,
                         "Count tasks, too, and what one that succeeded costs");
  cost_command->add_option("--top", cost_options.top, "Most rows to show");
  cost_command->add_option("--prices", cost_options.prices,
                           "Catalogue (form of data/catalog.yaml) with prices to compare with");
  const auto cost_json = cost_command->add_flag("--json", cost_options.json, "Print JSON");
  cost_command->add_flag("--csv", cost_options.csv, "Print CSV")->excludes(cost_json);

  BudgetsOptions budgets_options;
  CLI::App* budgets_command =
      add(app, "budgets", "Show what is left of the budgets, and when they run out",
          "tidegate budgets -c tidegate.yaml");
  budgets_command->add_option("-c,--config", budgets_options.config, kConfigHelp);
  budgets_command->add_flag("--json", budgets_options.json, "Print JSON");

  CompareOptions compare_options;
  CLI::App* compare_command =
      add(*cost_command, "compare", "Price a workload over all models of the catalogue",
          "tidegate cost compare --requests 1M --prompt 500 --completion 200 --cached 60%\n"
          "  tidegate cost compare --since 2026-11-01   # what the ledger holds");
  compare_command->add_option("-c,--config", compare_options.config, kConfigHelp);
  compare_command->add_option("--ledger", compare_options.ledger, "As for cost");
  compare_command->add_option("--requests", compare_options.requests,
                              "How many like requests: 250k, 1M; without it those of the ledger");
  compare_command->add_option("--prompt", compare_options.prompt,
                              "Prompt tokens of each: 500, 12k");
  compare_command->add_option("--completion", compare_options.completion,
                              "Tokens of each answer, reasoning included");
  compare_command->add_option("--cached", compare_options.cached,
                              "Share of the prompt that comes from the cache: 60%");
  compare_command->add_option("--since", compare_options.since, "As for cost; of the ledger");
  compare_command->add_option("--until", compare_options.until, "Likewise");
  compare_command->add_option("--time-zone", compare_options.time_zone, "Of dates");
  const auto compare_json = compare_command->add_flag("--json", compare_options.json, "Print JSON");
  compare_command->add_flag("--csv", compare_options.csv, "Print CSV")->excludes(compare_json);

  ImportOptions import_options;
  CLI::App* ledger_command =
      add(app, "ledger", "Take care of the ledger", "tidegate ledger import old.db.journal");
  ledger_command->require_subcommand(1);
  CLI::App* import_command =
      add(*ledger_command, "import",
          "Take the records of journals and of other gateways' ledgers into ours; twice is once",
          "tidegate ledger import old.db old.db.journal");
  import_command->add_option("-c,--config", import_options.config, kConfigHelp);
  import_command->add_option(
      "--ledger", import_options.ledger,
      "Where to: an SQLite file or postgresql://...; otherwise the config's");
  import_command->add_option("files", import_options.files, "Journals and SQLite files")
      ->required();
  import_command->add_flag("--json", import_options.json, "Print JSON, a line for each file");

  KeysOptions keys_options;
  CLI::App* keys_command = add(app, "keys", "Make, list, revoke and rotate virtual keys",
                               "tidegate keys create ci --tenant search --expires 90d");
  keys_command->require_subcommand(1);
  const auto add_keys = [&](const char* name, const char* what, const char* example) {
    CLI::App* command = add(*keys_command, name, what, example);
    command->add_option("-c,--config", keys_options.config, kConfigHelp);
    command->add_flag("--json", keys_options.json, "Print JSON");
    return command;
  };
  CLI::App* create_command = add_keys("create", "Make a key; it is shown this once",
                                      "tidegate keys create ci --route short_task_batch");
  create_command->add_option("name", keys_options.key, "A name that no other key in use has")
      ->required();
  create_command->add_option("--tenant", keys_options.tenant, "Whose it is, for reports");
  create_command
      ->add_option("--model", keys_options.models,
                   "A model that it may use; repeat it for several, any without it")
      ->allow_extra_args(false);
  create_command->add_option("--route", keys_options.routes, "Likewise, a route")
      ->allow_extra_args(false);
  create_command->add_option("--expires", keys_options.expires, "30d, or 2026-12-01");
  create_command->add_option("--requests-per-second", keys_options.limits.requests_per_second,
                             "Its own limit, beside those of the config");
  create_command->add_option("--requests-per-minute", keys_options.limits.requests_per_minute,
                             "Likewise");
  create_command->add_option("--tokens-per-minute", keys_options.limits.tokens_per_minute,
                             "Likewise");
  create_command->add_option("--tokens-per-day", keys_options.limits.tokens_per_day, "Likewise");
  create_command->add_option("--max-concurrent", keys_options.limits.max_concurrent, "Likewise");
  create_command->add_option("--burst", keys_options.limits.burst,
                             "What may come at once, in parts of what its limits allow in their "
                             "second, minute or day");
  create_command
      ->add_option("--budget", keys_options.budgets,
                   "USD and day, week, month or total: 50/month; may be repeated")
      ->allow_extra_args(false);
  create_command->add_option("--label", keys_options.labels, "NAME=VALUE, for your own use")
      ->allow_extra_args(false);
  CLI::App* list_command =
      add_keys("list", "Show what is known of all keys", "tidegate keys list --json");
  CLI::App* revoke_command =
      add_keys("revoke", "Refuse a key from now on, for ever", "tidegate keys revoke ci");
  revoke_command->add_option("key", keys_options.key, "Its id or name")->required();
  CLI::App* rotate_command = add_keys("rotate", "Give a key a new secret; it is shown this once",
                                      "tidegate keys rotate ci --grace 24h");
  rotate_command->add_option("key", keys_options.key, "Its id or name")->required();
  rotate_command->add_option("--grace", keys_options.grace,
                             "How long the secret until now stays good; not at all without it");

  Chosen workflow_verb;
  add_workflow(app, workflow_verb);

  SimulateOptions simulate_options;
  CLI::App* simulate_command = add(app, "simulate", "Run the provider simulator on its own",
                                   "tidegate simulate --listen 127.0.0.1:8090");
  simulate_command->add_option("--listen", simulate_options.listen,
                               "HOST:PORT, 127.0.0.1:8090 without it; port 0: any");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error) == 0 ? kDone : kWrongUsage;
    return [code] { return code; };
  }
  if (*serve_command) return [=] { return serve(serve_options); };
  if (*check_command) return [=] { return check(check_options); };
  if (*init_command) return [=] { return init(init_options); };
  if (*route_command) return [=] { return route(route_options); };
  if (*compare_command) return [=] { return compare_costs(compare_options); };
  if (*import_command) return [=] { return import_ledgers(import_options); };
  if (*cost_command) return [=] { return cost(cost_options); };
  if (*budgets_command) return [=] { return budgets(budgets_options); };
  if (*create_command) return [=] { return create_key(keys_options); };
  if (*list_command) return [=] { return list_keys(keys_options); };
  if (*revoke_command) return [=] { return revoke_key(keys_options); };
  if (*rotate_command) return [=] { return rotate_key(keys_options); };
  if (workflow_verb) return workflow_verb;
  return [=] { return simulate(simulate_options); };
}

}  // namespace

int main(int argc, char** argv) { return read_command_line(argc, argv)(); }
