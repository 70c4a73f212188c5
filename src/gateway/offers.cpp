#include "gateway/offers.h"

#include <fmt/format.h>

#include "config/dialects.h"

namespace tidegate::gateway {
namespace {

std::string dialects_that_offer(protocol::Surface surface) {
  std::string names;
  for (const config::DialectTraits& traits : config::dialects()) {
    if (!protocol::dialect(traits.dialect).offers(surface)) continue;
    if (!names.empty()) names += ", ";
    names += traits.name;
  }
  return names;
}

}  // namespace

Result<void> check_names_model(protocol::Surface surface, std::string_view model,
                               std::string_view route) {
  const bool routed = model.empty() || model == "auto" || model.starts_with("route:");
  if (!routed && route.empty()) return {};
  const std::string field = route.empty() ? "model" : "x-tidegate-route";
  return fail(
      ErrorCode::invalid,
      fmt::format("{} must {} for {}, where nothing is routed: send the name of a model or an "
                  "alias as model; GET /v1/models lists them",
                  field, route.empty() ? "name a model" : "not be given", client_path(surface)),
      field);
}

Result<void> keep_offers(const Snapshot& snapshot, protocol::Surface surface,
                         routing::Decision& decision) {
  const routing::Target& asked = decision.route->targets.front();
  const auto offers = [&](const routing::Target& target) {
    return snapshot.providers[target.provider].dialect->offers(surface);
  };
  if (!offers(asked)) {
    return fail(ErrorCode::invalid,
                fmt::format("{} is served by the provider {}, which has no {}; name a model of a "
                            "provider with one of the dialects {}",
                            asked.model->id, asked.model->provider, name(surface),
                            dialects_that_offer(surface)),
                "model");
  }
  std::uint8_t kept = 0;
  for (std::uint8_t i = 0; i < decision.count; ++i) {
    if (offers(*decision.list[i])) decision.list[kept++] = decision.list[i];
  }
  decision.count = kept;
  return {};
}

}  // namespace tidegate::gateway
