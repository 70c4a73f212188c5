#include "cli/embedded_gateway.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>

#include "cli/load_config.h"
#include "gateway/authenticate.h"

namespace tidegate::cli {
namespace {

// Each stream needs a few descriptors, and the usual soft limit is 1,024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

bool complain(const char* what, const Error& error) {
  fmt::print(stderr, "cannot {}: {}\n", what, error.message);
  return false;
}

}  // namespace

std::unique_ptr<EmbeddedGateway> EmbeddedGateway::start(config::Config config, Loop& main,
                                                        const Clock& clock) {
  raise_descriptor_limit();
  std::unique_ptr<EmbeddedGateway> self(new EmbeddedGateway);
  config.listen = config.admin = "127.0.0.1:0";
  config.log.requests = false;
  auto log =
      telemetry::Log::open({.path = config.log.file, .level = telemetry::Level::error}, clock);
  if (!log) return complain("open the log", log.error()), nullptr;
  self->log_ = std::move(*log);
  if (config.simulated) {
    auto running = simulator::run({.require_key = false}, *Address::parse_listen("127.0.0.1:0"));
    if (!running) return complain("start the built-in simulator", running.error()), nullptr;
    self->simulator_ = std::move(*running);
    for (config::Provider& provider : config.providers) {
      provider.base_url =
          fmt::format("http://127.0.0.1:{}/sim/{}", self->simulator_->port(), provider.name);
    }
  }
  if (!self->open_stores(config, clock)) return nullptr;
  std::vector<config::Problem> problems;
  self->snapshot_ = gateway::Snapshot::build(std::move(config), self->shared_, problems);
  print_problems(problems);
  if (self->snapshot_ == nullptr) return nullptr;
  self->shared_.ledger->flush();
  auto counted = budgets::restore(*self->snapshot_->budgets, self->ledger_files_,
                                  *self->shared_.keys->table(), clock.wall());
  if (!counted) return complain("count what the budgets have spent", counted.error()), nullptr;
  self->gateway_ =
      std::make_unique<gateway::Gateway>(main, clock, self->shared_, *self->log_, self->snapshot_);
  if (auto started = self->gateway_->start(); !started) {
    return complain("start the gateway", started.error()), nullptr;
  }
  return self;
}

EmbeddedGateway::~EmbeddedGateway() {
  gateway_.reset();
  shared_.keys.reset();
  shared_.responses.reset();
  shared_.reasoning.reset();
  shared_.ledger.reset();
}

bool EmbeddedGateway::open_stores(const config::Config& config, const Clock& clock) {
  ledger::Options options;
  options.path = config.state.ledger;
  // Not serve's, which may run beside this.
  options.journal_path = config.state.journal + ".workflow";
  auto ledger = ledger::Ledger::open(std::move(options));
  if (!ledger) return complain("open the ledger", ledger.error());
  shared_.ledger = std::move(*ledger);
  ledger_files_ = {config.state.ledger, config.state.journal};
  auto responses =
      translation::ResponseStore::open({.path = config.state.base() + ".responses"}, clock);
  if (!responses) return complain("open what is kept of responses", responses.error());
  shared_.responses = std::move(*responses);
  auto keys = limits::KeyRing::open({config.state.keys, config.key_secret.reveal()});
  if (!keys) return complain("open the keys", keys.error());
  shared_.keys = std::move(*keys);
  shared_.own_limits = std::make_unique<limits::OwnLimits>(clock);
  shared_.auth = config::Auth::keys;
  auto credential = gateway::make_internal_credential();
  if (!credential) return complain("make a credential", credential.error());
  shared_.internal_credential = std::move(*credential);
  return true;
}

engine::GatewayModels::Options EmbeddedGateway::access() const {
  return {.address = gateway_->client_address(), .credential = shared_.internal_credential};
}

}  // namespace tidegate::cli
