#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/start_memory.h"
#include "budgets/restore.h"
#include "cli/commands.h"
#include "cli/greeting.h"
#include "cli/load_config.h"
#include "cli/served_workflows.h"
#include "cli/signals.h"
#include "gateway/authenticate.h"
#include "gateway/gateway.h"
#include "gateway/usage_page.h"
#include "ledger/ledger_address.h"
#include "loop/task_group.h"
#include "sharing/spending_id.h"
#include "simulator/running.h"

namespace tidegate::cli {
namespace {

// Freed request buffers of up to a few MiB stay with the process: giving their pages back and
// faulting them in again would cost a 2 MiB request more than reading it.
void tune_allocator() {
  ::mallopt(M_MMAP_THRESHOLD, 8 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

// Each stream needs two descriptors, and the usual soft limit is 1,024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

telemetry::LogOptions log_options(const config::Log& log) {
  telemetry::LogOptions options;
  options.path = log.file;
  options.format =
      log.format == config::LogFormat::json ? telemetry::Format::json : telemetry::Format::text;
  switch (log.level) {
    case config::LogLevel::error:
      options.level = telemetry::Level::error;
      break;
    case config::LogLevel::warn:
      options.level = telemetry::Level::warning;
      break;
    case config::LogLevel::info:
      options.level = telemetry::Level::info;
      break;
    case config::LogLevel::debug:
      options.level = telemetry::Level::debug;
      break;
  }
  return options;
}

// The server of one process: reloads, drains and stops.
class Serving {
 public:
  Serving(const ServeOptions& options, std::unique_ptr<telemetry::Log> log)
      : options_(options), log_(std::move(log)), main_(clock_) {}

  // Applies what the command line and the simulator override.
  bool adapt(config::Config& config);
  bool start(config::Config config);
  int run();

 private:
  void on_signal(int signal);
  void reload(std::string_view cause);
  void look_at_file();
  Task<void> drain();
  bool open_stores(const config::Config& config);
  Result<void> count_spending(const gateway::Snapshot& snapshot);
  bool share(const config::State& state);

  const ServeOptions options_;
  SystemClock clock_;
  std::unique_ptr<telemetry::Log> log_;
  Loop main_;
  TaskGroup tasks_;
  gateway::SharedState shared_;
  std::unique_ptr<simulator::Running> simulator_;
  std::unique_ptr<gateway::UsagePage> usage_;
  std::unique_ptr<ServedWorkflows> workflows_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::string file_;  // the config's; empty: none
  budgets::LedgerFiles ledger_files_;
  int terminations_ = 0;
  std::filesystem::file_time_type file_time_{};
  Timer file_timer_{[](void* self) { static_cast<Serving*>(self)->look_at_file(); }, this};
};

bool Serving::adapt(config::Config& config) {
  if (!options_.listen.empty()) config.listen = options_.listen;
  if (!options_.admin.empty()) config.admin = options_.admin;
  if (!config.simulated) return true;
  if (simulator_ == nullptr) {
    auto running = simulator::run({.require_key = false}, *Address::parse_listen("127.0.0.1:0"));
    if (!running) {
      fmt::print(stderr, "cannot start the built-in simulator: {}\n", running.error().message);
      return false;
    }
    simulator_ = std::move(*running);
  }
  for (config::Provider& provider : config.providers) {
    provider.base_url =
        fmt::format("http://127.0.0.1:{}/sim/{}", simulator_->port(), provider.name);
  }
  return true;
}

bool Serving::open_stores(const config::Config& config) {
  if (auto good = ledger::check_ledger(ledger_of(config)); !good) {
    fmt::print(stderr, "cannot use the ledger: {}\n", good.error().message);
    return false;
  }
  ledger::Options options;
  options.path = config.state.ledger;
  options.keep = config.state.retention;
  options.journal_path = config.state.journal;
  auto ledger = ledger::Ledger::open(std::move(options));
  if (!ledger) {
    fmt::print(stderr, "cannot open the ledger: {}\n", ledger.error().message);
    return false;
  }
  shared_.ledger = std::move(*ledger);
  ledger_files_ = {config.state.ledger, config.state.journal};
  shared_.reasoning = std::make_unique<translation::ReasoningMemory>(
      translation::MemoryOptions{.path = config.state.base() + ".reasoning"}, clock_);
  auto responses =
      translation::ResponseStore::open({.path = config.state.base() + ".responses"}, clock_);
  if (!responses) {
    fmt::print(stderr, "cannot open what is kept of responses: {}\n", responses.error().message);
    return false;
  }
  shared_.responses = std::move(*responses);
  shared_.alerts = std::make_unique<budgets::Alerts>(
      budgets::AlertOptions{.path = config.state.base() + ".alerts", .ca_file = {}}, clock_, *log_);
  auto keys = limits::KeyRing::open({config.state.keys, config.key_secret.reveal()});
  if (!keys) {
    fmt::print(stderr, "cannot open the keys: {}\n", keys.error().message);
    return false;
  }
  shared_.keys = std::move(*keys);
  shared_.own_limits = std::make_unique<limits::OwnLimits>(clock_);
  shared_.auth = config.auth;
  auto credential = gateway::make_internal_credential();
  if (!credential) {
    fmt::print(stderr, "cannot make a credential: {}\n", credential.error().message);
    return false;
  }
  shared_.internal_credential = std::move(*credential);
  return !config.state.limits || share(config.state);
}

// A server that is away is no reason not to serve: it is said, and tried again.
bool Serving::share(const config::State& state) {
  const config::RedisAddress& address = *state.limits;
  redis::Server server{.host = address.host,
                       .port = address.port,
                       .user = address.user.reveal(),
                       .password = address.password.reveal(),
                       .database = address.database};
  if (address.secure) {
    auto context = tls::ClientContext::create(state.redis_ca_file);
    if (!context) {
      fmt::print(stderr, "state.redis_ca_file: {}\n", context.error().message);
      return false;
    }
    server.tls = std::move(*context);
  }
  sharing::Spending spending{.id = {}, .one_ledger = !state.ledger.starts_with("sqlite:")};
  if (!spending.one_ledger) {
    auto id = sharing::spending_id(state.base() + ".gateway");
    if (!id) {
      fmt::print(stderr, "cannot share budgets: {}\n", id.error().message);
      return false;
    }
    spending.id = std::move(*id);
  }
  shared_.sharing = std::make_unique<sharing::Sharing>(
      clock_,
      sharing::SharingOptions{std::move(server), state.redis_prefix, state.gateways,
                              std::move(spending)},
      *log_);
  shared_.reasoning->listen(
      [this](const std::string& key, const std::string& cargo, WallTime until) {
        shared_.sharing->archive().keep(key, cargo, until);
      });
  return true;
}

// Budgets that are new begin with what the ledger has of them.
Result<void> Serving::count_spending(const gateway::Snapshot& snapshot) {
  shared_.alerts->use(snapshot.config.budgets);
  if (!snapshot.budgets->is_restored()) {
    if (gateway_ != nullptr) gateway_->pass_turn();  // budgets/succession.h
    shared_.ledger->flush();
  }
  auto counted =
      budgets::restore(*snapshot.budgets, ledger_files_, *shared_.keys->table(), clock_.wall());
  if (!counted) {
    counted.error().message =
        fmt::format("cannot count what the budgets have spent: {}", counted.error().message);
  }
  return counted;
}

bool Serving::start(config::Config config) {
  file_ = config.file;
  if (!adapt(config) || !open_stores(config)) return false;
  std::vector<config::Problem> problems;
  auto snapshot = gateway::Snapshot::build(std::move(config), shared_, problems);
  print_problems(problems);
  if (snapshot == nullptr) return false;
  if (const auto counted = count_spending(*snapshot); !counted) {
    fmt::print(stderr, "{}\n", counted.error().message);
    return false;
  }
  gateway_ = std::make_unique<gateway::Gateway>(main_, clock_, shared_, *log_, snapshot);
  usage_ = std::make_unique<gateway::UsagePage>(ledger_of(snapshot->config));
  gateway_->admin().mount("/api/usage", "what was spent; docs/reports.md", *usage_);
  workflows_ = std::make_unique<ServedWorkflows>(clock_, snapshot, *log_);
  gateway_->admin().mount("/api/workflows", "runs of workflows; docs/workflow-api.md",
                          workflows_->pages());
  const Result<void> started = gateway_->start();
  if (!started) {
    fmt::print(stderr, "{}\n", started.error().message);
    return false;
  }
  const bool asks = shared_.auth == config::Auth::keys ||
                    (shared_.auth == config::Auth::automatic && shared_.keys->any());
  greet({snapshot->config, gateway_->client_address(), gateway_->admin_address(), asks});
  if (!asks && !gateway_->client_address().is_loopback()) {
    log_->event(telemetry::Level::warning, "open_to_all",
                {{"listen", gateway_->client_address().text()}, {"auth", "open"}});
  }
  log_->event(telemetry::Level::info, "started",
              {{"listen", gateway_->client_address().text()},
               {"admin", gateway_->admin_address().text()},
               {"simulated", snapshot->config.simulated}});
  const Result<void> going_on =
      workflows_->open({gateway_->client_address(), shared_.internal_credential});
  if (!going_on) {
    fmt::print(stderr, "cannot open the journal of workflows: {}\n", going_on.error().message);
  }
  return going_on.has_value();
}

int Serving::run() {
  Signals signals([this](int signal) { main_.post([this, signal] { on_signal(signal); }); });
  if (!file_.empty()) look_at_file();
  give_back_start_memory();
  main_.run();
  workflows_->close();
  gateway_.reset();
  workflows_.reset();
  shared_.alerts.reset();
  shared_.keys.reset();
  shared_.responses.reset();
  shared_.reasoning.reset();
  shared_.ledger.reset();
  log_->event(telemetry::Level::info, "stopped");
  return kDone;
}

void Serving::on_signal(int signal) {
  if (signal == SIGHUP) {
    const Result<void> reopened = log_->reopen();
    if (!reopened) {
      log_->event(telemetry::Level::error, "log_reopen_failed",
                  {{"error", reopened.error().message}});
    }
    reload("SIGHUP");
    return;
  }
  if (++terminations_ == 1) {
    tasks_.spawn(drain());
  } else {
    gateway_->abort();
  }
}

Task<void> Serving::drain() {
  workflows_->close();  // their requests would be refused from now on; they go on at the next start
  const Duration patience = gateway_->drain();
  log_->event(telemetry::Level::info, "draining");
  const TimePoint deadline = main_.now() + patience;
  while (!gateway_->drained()) {
    if (main_.now() >= deadline) gateway_->abort();
    co_await main_.sleep_until(main_.now() + 20ms);
  }
  main_.stop();
}

// The configuration in force stays when the new one has a problem.
void Serving::reload(std::string_view cause) {
  if (file_.empty()) return;
  config::Loaded loaded = config::load_file(file_);
  std::vector<config::Problem> problems = std::move(loaded.problems);
  std::shared_ptr<const gateway::Snapshot> snapshot;
  const auto before = shared_.budgets;
  if (loaded.ok() && adapt(loaded.config)) {
    snapshot = gateway::Snapshot::build(std::move(loaded.config), shared_, problems);
  }
  if (snapshot != nullptr) {
    before->follow(snapshot->budgets);
    if (const auto counted = count_spending(*snapshot); !counted) {
      problems.push_back({{file_, 0, 0}, counted.error().message});
      snapshot = nullptr;
      before->follow(nullptr);
      shared_.budgets = before;  // what is half counted must not be counted on
    }
  }
  for (const config::Problem& problem : problems) {
    const std::string text = config::format(problem);
    log_->event(problem.warning ? telemetry::Level::warning : telemetry::Level::error,
                "config_problem", {{"problem", text}});
  }
  const bool done = snapshot != nullptr;
  gateway_->count_reload(done);
  if (done) gateway_->use(std::move(snapshot));
  log_->event(done ? telemetry::Level::info : telemetry::Level::error,
              done ? "config_reloaded" : "config_reload_refused",
              {{"cause", cause}, {"file", file_}});
}

// Editors replace files, so that one may be away for a moment.
void Serving::look_at_file() {
  std::error_code error;
  const auto now = std::filesystem::last_write_time(file_, error);
  if (!error && now != file_time_) {
    const bool first = file_time_ == std::filesystem::file_time_type{};
    file_time_ = now;
    if (!first) reload("file changed");
  }
  main_.arm(file_timer_, main_.now() + 500ms);
}

}  // namespace

int serve(const ServeOptions& options) {
  raise_descriptor_limit();
  Signals::block();
  config::Loaded loaded = load_config(options.config);
  if (print_problems(loaded.problems)) return kCouldNotRun;
  const SystemClock clock;
  auto log = telemetry::Log::open(log_options(loaded.config.log), clock);
  if (!log) {
    fmt::print(stderr, "{}\n", log.error().message);
    return kCouldNotRun;
  }
  Serving serving(options, std::move(*log));
  // Only now: the table of sticky tasks shall have pages of its own, which come when it fills.
  tune_allocator();
  if (!serving.start(std::move(loaded.config))) return kCouldNotRun;
  ::malloc_trim(0);  // reading the catalogue left a heap full of holes
  return serving.run();
}

}  // namespace tidegate::cli
