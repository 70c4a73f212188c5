#include "cli/workflow_parts.h"

#include <cstdlib>

namespace tidegate::cli {
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
                             engine::GatewayModels::Options access)
    : loop_(loop),
      snapshot_(std::move(snapshot)),
      around_(surroundings_of(*snapshot_)),
      resolver_(clock),
      pricing_(pricing_of(snapshot_)),
      models_(loop, clock, std::move(access)),
      tools_(loop, resolver_, variable),
      turns_(loop, tools_) {}

Result<void> WorkflowParts::open(std::string journal_path) {
  auto engine = engine::Engine::open(
      {.journal_path = std::move(journal_path), .secrets = secrets_of(snapshot_->config)}, loop_,
      models_, pricing_, &turns_, [this](std::string spec) { return reload(spec); });
  if (!engine) return std::unexpected(std::move(engine.error()));
  engine_ = std::move(*engine);
  return {};
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

WorkflowService::WorkflowService(const Clock& clock,
                                 std::shared_ptr<const gateway::Snapshot> snapshot,
                                 engine::GatewayModels::Options access, std::string journal_path)
    : clock_(clock),
      snapshot_(std::move(snapshot)),
      access_(std::move(access)),
      journal_path_(std::move(journal_path)),
      worker_(clock, "workflow") {}

Result<void> WorkflowService::start() {
  // Before its thread runs, so that there is nothing to wait for.
  parts_ = std::make_unique<WorkflowParts>(worker_.loop(), clock_, snapshot_, access_);
  if (auto opened = parts_->open(journal_path_); !opened) return opened;
  worker_.start();
  started_ = true;
  post([](WorkflowParts& parts) { (void)parts.engine().resume_all({}); });
  return {};
}

void WorkflowService::post(std::move_only_function<void(WorkflowParts&)> work) {
  worker_.loop().post([this, work = std::move(work)]() mutable { work(*parts_); });
}

void WorkflowService::take(Step step, Told told) {
  post([this, step = std::move(step), told = std::move(told)](WorkflowParts& parts) mutable {
    steps_.spawn(take_durably(parts, std::move(step), std::move(told)));
  });
}

Task<void> WorkflowService::take_durably(WorkflowParts& parts, Step step, Told told) {
  const Result<engine::RunId> taken = step(parts.engine());
  if (!taken) {
    told.set_value(std::unexpected(taken.error()));
    co_return;
  }
  const Result<void> durable = co_await parts.engine().journal().durable();
  if (durable) {
    told.set_value(*taken);
  } else {
    told.set_value(std::unexpected(durable.error()));
  }
}

Task<void> WorkflowService::close(WorkflowService& service) {
  Loop& loop = service.worker_.loop();
  while (!service.steps_.empty()) co_await loop.sleep_until(loop.now() + 10ms);
  co_await service.parts_->close();
  service.parts_.reset();
}

WorkflowService::~WorkflowService() {
  if (!started_) return;
  std::promise<void> closed;
  const auto then_tell = [](WorkflowService& service, std::promise<void>& told) -> Task<void> {
    co_await close(service);
    told.set_value();
  };
  worker_.loop().post([&] { closing_.spawn(then_tell(*this, closed)); });
  closed.get_future().wait();
  worker_.stop_and_join();
}

}  // namespace tidegate::cli
