#include "gateway/admin.h"

#include <fmt/format.h>

#include "json/writer.h"

namespace tidegate::gateway {
namespace {

constexpr std::string_view kText = "Content-Type: text/plain; charset=utf-8\r\n";
constexpr std::string_view kJson = "Content-Type: application/json\r\n";
constexpr std::string_view kIndex =
    "Tidegate admin listener\n"
    "  /healthz  the process is alive\n"
    "  /readyz   it takes requests; 503 while it stops\n"
    "  /metrics  Prometheus text\n";

}  // namespace

Task<void> Admin::serve(http::Exchange& exchange) {
  const std::string_view path = exchange.head().path();
  const std::string_view method = exchange.head().method;
  if (method != "GET" && method != "HEAD") {
    const std::string body = error_body(405, "the admin listener answers GET");
    co_await exchange.respond(405, "Content-Type: application/json\r\nAllow: GET, HEAD\r\n", body);
  } else if (path == "/metrics") {
    const std::string headers =
        fmt::format("Content-Type: {}\r\n", telemetry::Registry::kContentType);
    const std::string body = shared_.registry.prometheus();
    co_await exchange.respond(200, headers, body);
  } else if (path == "/healthz") {
    co_await exchange.respond(200, kText, "ok\n");
  } else if (path == "/readyz") {
    const bool ready = ready_();
    const std::string body = readiness(ready);
    co_await exchange.respond(ready ? 200 : 503, kJson, body);
  } else if (path == "/") {
    co_await exchange.respond(200, kText, kIndex);
  } else {
    const std::string body = error_body(404, "there is no such page; see /");
    co_await exchange.respond(404, kJson, body);
  }
}

// A ledger store that is away does not make us unready: records wait in the journal.
std::string Admin::readiness(bool ready) const {
  const ledger::Stats stats = shared_.ledger->stats();
  std::string out;
  json::Writer json(out);
  json.begin_object().member("ready", ready).key("ledger").begin_object();
  json.member("store_available", stats.store_available);
  json.member("queued", stats.queued)
      .member("journal_bytes", stats.journal_bytes)
      .member("lost", stats.lost);
  if (!stats.last_error.empty()) json.member("last_error", stats.last_error);
  json.end_object().end_object();
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
