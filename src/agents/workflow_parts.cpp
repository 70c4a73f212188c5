#include "agents/workflow_parts.h"

#include <cstdlib>

#include "engine/journal_place.h"

namespace tidegate::agents {
namespace {

std::optional<std::string> variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

// What the configuration keeps from people must not come out by what a model or a tool says.
std::vector<std::string> secrets_of(const config::Config& config) {
  std::vector<std::string> secrets;
  for (const config::Provider& provider : config.providers) {
    secrets.emplace_back(provider.api_key.reveal());
  }
  secrets.emplace_back(config.admin_token.reveal());
  secrets.emplace_back(config.key_secret.reveal());
  return secrets;
}

mcp::Limits limits_of_servers(const config::Workflows& limits) {
  mcp::Limits servers;
  servers.message_bytes = limits.tool_message;
  servers.tools = limits.server_tools;
  servers.total = limits.tool_total;
  return servers;
}

engine::TurnLimits limits_of_turns(const config::Workflows& limits) {
  return {.tool_output_bytes = limits.tool_output,
          .calls_per_turn = static_cast<std::size_t>(limits.tool_calls),
          .parallel_calls = static_cast<std::size_t>(limits.parallel_tool_calls)};
}

}  // namespace

engine::Pricing pricing_of(std::shared_ptr<const gateway::Snapshot> snapshot) {
  std::shared_ptr<const catalog::Catalog> catalog(snapshot, &snapshot->catalog);
  return {std::move(catalog), [snapshot](std::string_view name) {
            std::vector<std::string> ids;
            const auto add = [&](const routing::Route& route) {
              for (const routing::Target& target : route.targets) ids.push_back(target.model->id);
            };
            constexpr std::string_view kRoute = "route:";
            if (name == "auto") {
              for (const routing::Route& route : snapshot->table.routes) add(route);
            } else if (name.starts_with(kRoute)) {
              const auto* route = snapshot->table.find(name.substr(kRoute.size()));
              if (route != nullptr) add(*route);
            } else if (const catalog::Model* model = snapshot->catalog.find(name)) {
              const auto found = snapshot->table.models.find(model->id);
              if (found != snapshot->table.models.end()) add(found->second);
            }
            return ids;
          }};
}

workflow::Surroundings surroundings_of(const gateway::Snapshot& snapshot) {
  workflow::Surroundings around{&snapshot.catalog, {}};
  for (const routing::Route& route : snapshot.table.routes) around.routes.push_back(route.name);
  return around;
}

WorkflowParts::WorkflowParts(Loop& loop, const Clock& clock,
                             std::shared_ptr<const gateway::Snapshot> snapshot,
                             std::unique_ptr<engine::Models> models)
    : loop_(loop),
      snapshot_(std::move(snapshot)),
      around_(surroundings_of(*snapshot_)),
      resolver_(clock),
      pricing_(pricing_of(snapshot_)),
      models_(std::move(models)),
      tools_(loop, resolver_, variable, limits_of_servers(snapshot_->config.workflows)),
      turns_(loop, tools_, limits_of_turns(snapshot_->config.workflows)) {}

Result<void> WorkflowParts::open(const config::State& state, Requests requests) {
  const config::Workflows& limits = snapshot_->config.workflows;
  auto engine = engine::Engine::open(
      {.journal = state.workflows,
       .lease = state.workflow_lease,
       .secrets = secrets_of(snapshot_->config),
       .give = requests == Requests::shared && engine::is_shared_journal(state.workflows),
       .keep = static_cast<std::size_t>(limits.keep),
       .orphans = static_cast<std::uint32_t>(limits.orphans)},
      loop_, *models_, pricing_, &turns_, [this](std::string spec) { return reload(spec); });
  if (!engine) return std::unexpected(std::move(engine.error()));
  engine_ = std::move(*engine);
  return {};
}

std::unique_ptr<engine::Helping> WorkflowParts::helping() {
  const engine::EngineOptions& options = engine_->options();
  const int help = snapshot_->config.workflows.help;
  if (!options.give || help == 0) return nullptr;
  return std::make_unique<engine::Helping>(
      loop_, [place = options.journal] { return engine::open_journal_store(place); }, *models_,
      engine::Helping::Options{.name = options.owner,
                               .lease = options.lease,
                               .most = static_cast<std::size_t>(help),
                               .secrets = options.secrets});
}

Result<std::shared_ptr<const workflow::Workflow>> WorkflowParts::reload(
    const std::string& spec) const {
  auto files = workflow::unpack(spec);
  if (!files) return std::unexpected(std::move(files.error()));
  if (files->empty()) return fail(ErrorCode::invalid, "the journal has no files of this run");
  const std::string first = files->front().path;
  workflow::Loaded loaded = workflow::load(first, workflow::KeptFiles(std::move(*files)), around_);
  if (loaded.ok()) return loaded.workflow;
  return fail(ErrorCode::invalid, "the workflow of this run is not good any more: " +
                                      config::format(loaded.problems.front()));
}

Task<void> WorkflowParts::close() {
  engine_->abandon();
  while (!engine_->idle()) co_await loop_.sleep_until(loop_.now() + 10ms);
  co_await tools_.close();
}

}  // namespace tidegate::agents
