#include "gateway/model_list.h"

#include <algorithm>

#include "gateway/pipeline.h"
#include "gateway/surface_of.h"
#include "http/percent.h"
#include "json/writer.h"

namespace tidegate::gateway {
namespace {

constexpr std::string_view kJson = "Content-Type: application/json\r\n";
// Neither API has a word for an unknown date of release but the epoch.
constexpr std::string_view kEpoch = "1970-01-01T00:00:00Z";

struct Offered {
  std::string id;
  std::string_view owner;
};

std::vector<Offered> offered(const Snapshot& snapshot, const Caller& caller) {
  std::vector<Offered> all = {{"auto", "tidegate"}};
  const auto may_use = [&](const routing::Route& route) {
    return routing::allows(caller.permit(), snapshot.table, route);
  };
  for (const routing::Route& route : snapshot.table.routes) {
    if (may_use(route)) all.emplace_back("route:" + route.name, "tidegate");
  }
  for (const catalog::Model& model : snapshot.catalog.models()) {
    const auto route = snapshot.table.models.find(model.id);
    if (route == snapshot.table.models.end() || !may_use(route->second)) continue;
    all.emplace_back(model.id, model.provider);
    for (const std::string& alias : model.aliases) all.emplace_back(alias, model.provider);
  }
  return all;
}

void write(json::Writer& json, const Offered& model, protocol::Surface surface) {
  json.begin_object().member("id", model.id);
  if (surface == protocol::Surface::messages) {
    json.member("type", "model").member("display_name", model.id).member("created_at", kEpoch);
  } else {
    json.member("object", "model").member("created", 0).member("owned_by", model.owner);
  }
  json.end_object();
}

}  // namespace

Task<void> list_models(http::Exchange& exchange, WorkerState& worker, Caller caller) {
  const protocol::Surface surface = surface_of(exchange.head());
  const std::vector<Offered> models = offered(*worker.snapshot, caller);
  std::string body;
  json::Writer json(body);
  json.begin_object();
  if (surface == protocol::Surface::messages) {
    json.member("first_id", models.front().id).member("last_id", models.back().id);
    json.member("has_more", false);
  } else {
    json.member("object", "list");
  }
  json.key("data").begin_array();
  for (const Offered& model : models) write(json, model, surface);
  json.end_array().end_object();
  co_await exchange.respond(200, kJson, body);
}

Task<void> get_model(http::Exchange& exchange, WorkerState& worker, Caller caller) {
  const protocol::Surface surface = surface_of(exchange.head());
  const std::string id =
      http::percent_decoded(exchange.head().path().substr(sizeof "/v1/models/" - 1));
  const std::vector<Offered> models = offered(*worker.snapshot, caller);
  const auto found = std::ranges::find(models, id, &Offered::id);
  if (found == models.end()) {
    std::vector<std::string> names;
    for (const Offered& model : models) names.push_back(model.id);
    Error error = routing::unknown_name("model", id, names, "model");
    co_await answer_error(exchange, worker, surface, std::move(error), {});
    co_return;
  }
  std::string body;
  json::Writer json(body);
  write(json, *found, surface);
  co_await exchange.respond(200, kJson, body);
}

}  // namespace tidegate::gateway
