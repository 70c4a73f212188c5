// The commands of the program: one function and one file each. main.cpp reads the command line.
// Each returns the process's exit code.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tidegate/rate_limits.h"

namespace tidegate::cli {

enum ExitCode { kDone = 0, kNo = 1, kWrongUsage = 2, kCouldNotRun = 3 };

struct ServeOptions {
  std::string config;         // empty: ./tidegate.yaml if it is there, else the embedded default
  std::string listen, admin;  // override the config; empty: as configured
};
int serve(const ServeOptions& options);

struct CheckOptions {
  std::string config;
  bool json = false;
};
int check(const CheckOptions& options);

struct InitOptions {
  std::string folder = ".";
};
int init(const InitOptions& options);

struct RouteOptions {
  std::string config;
  std::string request = "-";  // file with the request's body; "-": standard input
  std::string task, role, route;
  bool json = false;
};
int route(const RouteOptions& options);

struct CostOptions {
  std::string config;
  std::string ledger;  // SQLite file; empty: the config's
  std::string by = "model";
  std::string since, until, time_zone, top;
  std::vector<std::pair<std::string, std::string>> filters;  // group and name
  std::string prices;  // a catalogue; empty: the recorded costs alone
  bool tasks = false, json = false, csv = false;
};
int cost(const CostOptions& options);

struct BudgetsOptions {
  std::string config;
  bool json = false;
};
int budgets(const BudgetsOptions& options);

struct CompareOptions {
  std::string config;
  std::string ledger;  // as in CostOptions
  // A workload of so many like requests; empty: the ledger's.
  std::string requests;
  std::string prompt = "0", completion = "0", cached = "0%";  // tokens, and a share of the prompt
  std::string since, until, time_zone;
  bool json = false, csv = false;
};
int compare_costs(const CompareOptions& options);

struct ImportOptions {
  std::string config;
  std::string ledger;  // what to import into; empty: the config's
  std::vector<std::string> files;
  bool json = false;
};
int import_ledgers(const ImportOptions& options);

struct KeysOptions {
  std::string config;
  std::string key;  // its name; to revoke and rotate also its id
  std::string tenant, expires;
  std::string grace = "0s";  // of the secret that is replaced
  std::vector<std::string> models, routes, labels, budgets;
  RateLimits limits;
  bool json = false;
};
int create_key(const KeysOptions& options);
int list_keys(const KeysOptions& options);
int revoke_key(const KeysOptions& options);
int rotate_key(const KeysOptions& options);

struct SimulateOptions {
  std::string listen = "127.0.0.1:8090";
};
int simulate(const SimulateOptions& options);

}  // namespace tidegate::cli
