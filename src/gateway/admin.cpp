#include "gateway/admin.h"

#include <fmt/format.h>

#include "budgets/report.h"
#include "budgets/restore.h"
#include "gateway/admin_keys.h"
#include "json/writer.h"

namespace tidegate::gateway {
namespace {

constexpr std::string_view kText = "Content-Type: text/plain; charset=utf-8\r\n";
constexpr std::string_view kJson = "Content-Type: application/json\r\n";
constexpr std::string_view kKeysPath = "/api/keys";
constexpr std::string_view kBudgetsPath = "/api/budgets";
constexpr std::string_view kIndex =
    "Tidegate admin listener\n"
    "  /healthz   the process is alive\n"
    "  /readyz    it takes requests; 503 while it stops\n"
    "  /metrics   Prometheus text\n"
    "  /api/keys  virtual keys\n"
    "  /api/budgets  what is left of the budgets\n";

std::string_view name(config::Auth auth) {
  switch (auth) {
    case config::Auth::automatic:
      return "auto";
    case config::Auth::keys:
      return "keys";
    case config::Auth::open:
      break;
  }
  return "open";
}

}  // namespace

Admin::Admin(SharedState& shared, const std::atomic<std::shared_ptr<const Snapshot>>& snapshot,
             std::function<bool()> ready)
    : shared_(shared),
      snapshot_(snapshot),
      ready_(std::move(ready)),
      guard_(snapshot.load()->config.admin_token) {}

void Admin::mount(std::string path, std::string about, http::Handler& pages) {
  mounts_.push_back({std::move(path), std::move(about), &pages});
}

http::Handler* Admin::mounted_at(std::string_view path) const {
  for (const Mount& mount : mounts_) {
    const bool is_there = path.starts_with(mount.path) &&
                          (path.size() == mount.path.size() || path[mount.path.size()] == '/');
    if (is_there) return mount.pages;
  }
  return nullptr;
}

std::string Admin::index() const {
  std::string out(kIndex);
  for (const Mount& mount : mounts_) out += fmt::format("  {}  {}\n", mount.path, mount.about);
  return out;
}

Task<void> Admin::serve(http::Exchange& exchange) {
  const std::string_view path = exchange.head().path();
  const std::string_view method = exchange.head().method;
  const bool api = path == kKeysPath || path.starts_with("/api/keys/");
  http::Handler* mounted = mounted_at(path);
  if (api || mounted != nullptr || path == "/metrics" || path == kBudgetsPath) {
    const Result<void> allowed = guard_.check(exchange.head());
    if (!allowed) {
      const bool token = allowed.error().code == ErrorCode::unauthorized;
      return refuse(exchange, token ? 401 : 403, allowed.error().message,
                    token ? "WWW-Authenticate: Bearer\r\n" : "");
    }
  }
  if (mounted != nullptr) return mounted->serve(exchange);
  if (api) return serve_keys(exchange);
  if (method != "GET" && method != "HEAD") {
    return refuse(exchange, 405, "only GET is answered here", "Allow: GET, HEAD\r\n");
  }
  if (path == "/metrics") return serve_metrics(exchange);
  if (path == kBudgetsPath) return serve_budgets(exchange);
  return serve_page(exchange);
}

Task<void> Admin::serve_page(http::Exchange& exchange) {
  const std::string_view path = exchange.head().path();
  if (path == "/healthz") {
    co_await exchange.respond(200, kText, "ok\n");
  } else if (path == "/readyz") {
    const bool ready = ready_();
    const std::string body = readiness(ready);
    co_await exchange.respond(ready ? 200 : 503, kJson, body);
  } else if (path == "/") {
    const std::string body = index();
    co_await exchange.respond(200, kText, body);
  } else {
    co_await refuse(exchange, 404, "there is no such page; see /");
  }
}

Task<void> Admin::serve_metrics(http::Exchange& exchange) {
  const std::string headers =
      fmt::format("Content-Type: {}\r\n", telemetry::Registry::kContentType);
  const std::string body = shared_.registry.prometheus();
  co_await exchange.respond(200, headers, body);
}

Task<void> Admin::serve_keys(http::Exchange& exchange) {
  const std::shared_ptr<const Snapshot> snapshot = snapshot_.load();
  const AdminAnswer answer = co_await answer_keys(exchange, *shared_.keys, *snapshot);
  if (answer.error.empty()) {
    co_await exchange.respond(answer.status, kJson, answer.body);
  } else {
    co_await refuse(exchange, answer.status, answer.error);
  }
}

Task<void> Admin::serve_budgets(http::Exchange& exchange) {
  const std::shared_ptr<const Snapshot> snapshot = snapshot_.load();
  const std::shared_ptr<const limits::KeyTable> keys = shared_.keys->table();
  const std::string body =
      budgets::to_json(snapshot->budgets->standings(exchange.received(), budgets::caps_of(*keys)));
  co_await exchange.respond(200, kJson, body);
}

Task<void> Admin::refuse(http::Exchange& exchange, int status, std::string problem,
                         std::string headers) {
  const std::string body = error_body(status, problem);
  headers += kJson;
  co_await exchange.respond(status, headers, body);
}

// A store that is away does not make us unready: records wait in the journal, and the keys that
// were read last stay in force.
std::string Admin::readiness(bool ready) const {
  const ledger::Stats stats = shared_.ledger->stats();
  const limits::KeyRingState keys = shared_.keys->state();
  std::string out;
  json::Writer json(out);
  json.begin_object().member("ready", ready).key("ledger").begin_object();
  json.member("store_available", stats.store_available);
  json.member("queued", stats.queued)
      .member("journal_bytes", stats.journal_bytes)
      .member("lost", stats.lost);
  if (!stats.last_error.empty()) json.member("last_error", stats.last_error);
  json.end_object().key("keys").begin_object().member("auth", name(shared_.auth));
  const bool asked = shared_.auth == config::Auth::keys ||
                     (shared_.auth == config::Auth::automatic && shared_.keys->any());
  json.member("required", asked).member("store_available", keys.store_available);
  if (!keys.last_error.empty()) json.member("last_error", keys.last_error);
  json.end_object();
  if (shared_.sharing != nullptr) {
    const sharing::Link::State link = shared_.sharing->link();
    json.key("shared_limits").begin_object().member("available", link.connected);
    json.member("gateways", shared_.sharing->gateways());
    if (!link.problem.empty()) json.member("last_error", link.problem);
    json.end_object();
  }
  json.end_object();
  out += '\n';
  return out;
}

std::string Admin::error_body(int status, std::string_view problem) {
  std::string out;
  json::Writer json(out);
  json.begin_object().key("error").begin_object();
  json.member("status", status).member("message", problem).end_object().end_object();
  return out;
}

}  // namespace tidegate::gateway
