#include "gateway/gateway.h"

#include <fmt/format.h>

#include <algorithm>
#include <latch>
#include <memory>
#include <thread>

namespace tidegate::gateway {
namespace {

// As documented for tidegate_breaker_state: the worse, the higher.
double severity(routing::BreakerState state) {
  switch (state) {
    case routing::BreakerState::closed:
      return 0;
    case routing::BreakerState::half_open:
      return 1;
    case routing::BreakerState::open:
      break;
  }
  return 2;
}

// Nobody's money and nobody's keys are left to whoever reaches an address.
Result<void> check_listeners(const Address& listen, const Address& admin,
                             const config::Config& config, const SharedState& shared) {
  if (!admin.is_loopback() && config.admin_token.empty()) {
    return fail(
        ErrorCode::invalid,
        fmt::format("admin: {} is not loopback and has no token, so whoever reaches it could "
                    "make keys; set admin_token, or listen on 127.0.0.1",
                    admin.text()),
        "admin");
  }
  if (!listen.is_loopback() && shared.auth == config::Auth::automatic && !shared.keys->any()) {
    return fail(ErrorCode::invalid,
                fmt::format("listen: {} is not loopback and there is no key, so whoever reaches it "
                            "could spend your money; run `tidegate keys create NAME` first, set "
                            "auth: keys, or allow it with auth: open",
                            listen.text()),
                "listen");
  }
  return {};
}

std::size_t worker_count(const config::Config& config) {
  if (config.workers > 0) return static_cast<std::size_t>(config.workers);
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

Gateway::Gateway(Loop& main, const Clock& clock, SharedState& shared, telemetry::Log& log,
                 std::shared_ptr<const Snapshot> snapshot)
    : main_(main),
      shared_(shared),
      log_(log),
      resolver_(clock),
      snapshot_(snapshot),
      news_(shared, snapshot_, clock) {
  std::vector<WorkerState*> states;
  for (std::size_t i = 0; i < worker_count(snapshot->config); ++i) {
    workers_.push_back(
        std::make_unique<Worker>(clock, fmt::format("worker-{}", i), snapshot->config.io_uring));
    states_.push_back(
        std::make_unique<WorkerState>(workers_.back()->loop(), resolver_, shared_, log_));
    states_.back()->use(snapshot);
    states.push_back(states_.back().get());
  }
  api_ = std::make_unique<Api>(std::move(states));
  admin_ = std::make_unique<Admin>(shared_, snapshot_, [this] { return !draining_.load(); });
}

Gateway::~Gateway() {
  // Connections end on their workers' loops, which must still run; then the rest is ours alone.
  // The admin's first: a scrape asks the client's server.
  admin_server_.reset();
  client_server_.reset();
  for (const auto& worker : workers_) worker->stop_and_join();
  // Gives back what is leased, and tells us nothing any more.
  if (shared_.sharing != nullptr) shared_.sharing->stop();
  for (const auto& state : states_) state->flush_log();
}

Result<http::ServerOptions> Gateway::server_options() const {
  const config::Config& config = snapshot_.load()->config;
  http::ServerOptions options;
  options.head = {config.http.head_bytes, config.http.headers};
  options.body_bytes = config.http.body_bytes;
  options.connections = config.http.connections;
  options.client_head = config.timeouts.client_head;
  options.client_body = config.timeouts.client_body;
  options.client_idle = config.timeouts.client_idle;
  options.client_write = config.timeouts.client_write;
  if (config.tls) {
    auto tls = tls::ServerContext::create(config.tls->certificate, config.tls->key);
    if (!tls) return std::unexpected(tls.error());
    options.tls = std::move(*tls);
  }
  return options;
}

Result<void> Gateway::start() {
  const std::shared_ptr<const Snapshot> snapshot = snapshot_.load();
  const Result<Address> listen = Address::parse_listen(snapshot->config.listen);
  if (!listen) return std::unexpected(listen.error());
  const Result<Address> admin = Address::parse_listen(snapshot->config.admin);
  if (!admin) return std::unexpected(admin.error());
  if (auto safe = check_listeners(*listen, *admin, snapshot->config, shared_); !safe) return safe;
  Result<http::ServerOptions> options = server_options();
  if (!options) return std::unexpected(options.error());

  std::vector<Worker*> workers;
  for (const auto& worker : workers_) workers.push_back(worker.get());
  http::ServerOptions admin_options = *options;
  admin_options.tls = nullptr;
  client_server_ = std::make_unique<http::Server>(std::move(*options), *api_, workers);
  admin_server_ = std::make_unique<http::Server>(std::move(admin_options), *admin_, workers);
  add_sampled_metrics();
  const Result<Address> client_bound = client_server_->start(main_, *listen);
  if (!client_bound) return std::unexpected(client_bound.error());
  const Result<Address> admin_bound = admin_server_->start(main_, *admin);
  if (!admin_bound) return std::unexpected(admin_bound.error());
  client_address_ = *client_bound;
  admin_address_ = *admin_bound;
  for (const auto& worker : workers_) worker->start();
  if (shared_.sharing != nullptr) {
    shared_.sharing->bulletin().listen(
        [this](std::string_view kind, std::string_view text) { news_.hear(kind, text); });
    shared_.sharing->start();
  }
  return {};
}

void Gateway::use(std::shared_ptr<const Snapshot> snapshot) {
  snapshot_.store(snapshot);
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->loop().post([state = states_[i].get(), snapshot] { state->use(snapshot); });
  }
}

void Gateway::pass_turn() {
  const auto turns = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(workers_.size()));
  for (const auto& worker : workers_) worker->loop().post([turns] { turns->count_down(); });
  turns->wait();
}

Duration Gateway::drain() {
  draining_ = true;
  client_server_->drain();
  return snapshot_.load()->config.timeouts.drain;
}

void Gateway::count_reload(bool done) {
  (done ? reloads_done_ : reloads_failed_).fetch_add(1, std::memory_order_relaxed);
}

bool Gateway::drained() const { return client_server_->open() == 0; }

void Gateway::abort() { client_server_->abort(); }

void Gateway::add_sampled_metrics() {
  using telemetry::Samples;
  namespace metric = telemetry::metric;
  const auto sampled = [&](const telemetry::MetricInfo& info, auto read) {
    shared_.registry.sampled(info.kind, info.name, info.help, std::move(read));
  };
  sampled(metric::kConnections, [this](Samples& out) { out.add({}, client_server_->open()); });
  sampled(metric::kAccepted,
          [this](Samples& out) { out.add({}, static_cast<double>(client_server_->accepted())); });
  sampled(metric::kKeys, [this](Samples& out) {
    const auto table = shared_.keys->table();
    const WallTime now{std::chrono::system_clock::now().time_since_epoch()};
    using limits::KeyState;
    for (const KeyState state : {KeyState::active, KeyState::expired, KeyState::revoked}) {
      out.add({{"state", std::string(name(state))}}, static_cast<double>(table->count(state, now)));
    }
  });
  sampled(metric::kLedgerQueue, [this](Samples& out) {
    out.add({}, static_cast<double>(shared_.ledger->stats().queued));
  });
  sampled(metric::kLedgerJournalBytes, [this](Samples& out) {
    out.add({}, static_cast<double>(shared_.ledger->stats().journal_bytes));
  });
  sampled(metric::kLedgerLost,
          [this](Samples& out) { out.add({}, static_cast<double>(shared_.ledger->stats().lost)); });
  sampled(metric::kLogLost,
          [this](Samples& out) { out.add({}, static_cast<double>(log_.lost_bytes())); });
  sampled(metric::kBreaker, [this](Samples& out) {
    const std::shared_ptr<const Snapshot> snapshot = snapshot_.load();
    const auto& pairs = snapshot->table.breakers;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      out.add({{"provider", snapshot->config.providers[pairs[i].provider].name},
               {"model", pairs[i].model->id}},
              severity(snapshot->breakers[i]->state()));
    }
  });
  sampled(metric::kLimitWaiting, [this](Samples& out) {
    const std::shared_ptr<const Snapshot> snapshot = snapshot_.load();
    if (snapshot->limits == nullptr) return;
    for (const auto& rule : snapshot->limits->rules()) {
      out.add({{"scope", std::string(config::name(rule->limit.scope))}, {"name", rule->limit.name}},
              static_cast<double>(rule->cells.waiting()));
    }
  });
  sampled(metric::kAdaptive, [this](Samples& out) {
    const std::shared_ptr<const Snapshot> snapshot = snapshot_.load();
    for (const auto& [target, runtime] : snapshot->targets) {
      if (runtime.adaptive == nullptr) continue;
      const std::optional<std::int64_t> limit = runtime.adaptive->limit();
      if (!limit) continue;
      out.add({{"provider", target->model->provider}, {"model", target->model->id}},
              static_cast<double>(*limit));
    }
  });
  add_budget_metrics();
  sampled(metric::kReloads, [this](Samples& out) {
    out.add({{"result", "done"}}, static_cast<double>(reloads_done_.load()));
    out.add({{"result", "failed"}}, static_cast<double>(reloads_failed_.load()));
  });
  if (const sharing::Sharing* sharing = shared_.sharing.get(); sharing != nullptr) {
    sampled(metric::kRedisConnected,
            [sharing](Samples& out) { out.add({}, sharing->connected() ? 1 : 0); });
    sampled(metric::kRedisRoundTrips,
            [sharing](Samples& out) { out.add({}, static_cast<double>(sharing->link().rounds)); });
    sampled(metric::kRedisFailures, [sharing](Samples& out) {
      out.add({}, static_cast<double>(sharing->link().failures));
    });
    sampled(metric::kGateways, [sharing](Samples& out) { out.add({}, sharing->gateways()); });
    sampled(metric::kLeases,
            [sharing](Samples& out) { out.add({}, static_cast<double>(sharing->open_leases())); });
  }
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  sampled(metric::kStarted, [now](Samples& out) { out.add({}, now); });
}

}  // namespace tidegate::gateway
