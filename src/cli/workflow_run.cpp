// `tidegate workflow run`, `resume` and `fork`.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "agents/workflow_parts.h"
#include "cli/commands.h"
#include "cli/embedded_gateway.h"
#include "cli/load_config.h"
#include "cli/run_view.h"
#include "cli/signals.h"
#include "cli/workflow_commands.h"
#include "cli/workflow_load.h"
#include "json/writer.h"
#include "workflow/load.h"

namespace tidegate::cli {
namespace {

using engine::RunState;

// What runs are worked on with, for as long as the command takes.
class Workshop {
 public:
  // False, with the reason printed, if there cannot be one.
  bool open(const std::string& config_file) {
    config::Loaded loaded = load_config(config_file);
    if (print_problems(loaded.problems)) return false;
    gateway_ = EmbeddedGateway::start(std::move(loaded.config), loop_, clock_);
    if (gateway_ == nullptr) return false;
    parts_.emplace(loop_, clock_, gateway_->snapshot(),
                   std::make_unique<engine::GatewayModels>(loop_, clock_, gateway_->access()));
    if (auto opened = parts_->open(gateway_->snapshot()->config.state,
                                   agents::WorkflowParts::Requests::shared);
        !opened) {
      fmt::print(stderr, "cannot open the journal of workflows: {}\n", opened.error().message);
      return false;
    }
    return true;
  }

  // Until stop(). SIGINT and SIGTERM leave the run as it is.
  void work() {
    const Signals signals([this](int) { loop_.post([this] { engine().abandon(); }); });
    loop_.run();
  }
  void stop() { group_.spawn(close()); }

  [[nodiscard]] workflow::Loaded load(const std::string& file) const {
    return workflow::load(file, workflow::DiskFiles(), parts_->around());
  }
  Loop& loop() { return loop_; }
  engine::Engine& engine() { return parts_->engine(); }

 private:
  Task<void> close() {
    co_await parts_->close();
    loop_.stop();
  }

  SystemClock clock_;
  Loop loop_{clock_};
  TaskGroup group_;
  std::unique_ptr<EmbeddedGateway> gateway_;
  std::optional<agents::WorkflowParts> parts_;
};

bool read_budget(const std::string& text, std::optional<NanoDollars>& budget) {
  if (text.empty()) return true;
  char* end = nullptr;
  const double usd = std::strtod(text.c_str(), &end);
  if (*end != '\0' || !(usd >= 0) || usd > 1e9) {
    fmt::print(stderr, "--budget {}: expected dollars, such as 2.50\n", text);
    return false;
  }
  budget = NanoDollars{static_cast<std::int64_t>(std::llround(usd * 1e9))};
  return true;
}

std::string how_to_go_on(engine::RunId run, RunState state) {
  std::string text = fmt::format("tidegate workflow resume {}", run.text());
  if (state == RunState::paused_budget) text += " --budget USD";
  return text;
}

int print_end(engine::RunId run, const engine::RunEnd& end, const std::string& progress,
              bool json) {
  const bool lost = end.lost.has_value();
  const bool left = lost && end.lost->code == ErrorCode::canceled;
  if (json) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object().member("run", run.text()).member("state", name_of(end.state));
    writer.member("reason", end.reason).member("spent_nano_usd", end.spent.value);
    writer.key("outputs").raw(end.outputs.json());
    if (lost) writer.member("error", end.lost->message);
    writer.end_object();
    fmt::print("{}\n", out);
  } else {
    if (!end.outputs.is_null()) {
      for (const workflow::Member& output : end.outputs.members()) {
        std::string text;
        output.value.append_text(text);
        fmt::print("{}:\n{}\n\n", output.name, text);
      }
    }
    std::fflush(stdout);
    fmt::print(stderr, "run {}: {}{}{}\n", run.text(), lost ? "left" : name_of(end.state),
               end.reason.empty() ? "" : ": ", end.reason);
    if (!progress.empty()) fmt::print(stderr, "{}\n", progress);
    if (engine::is_live(end.state)) {
      fmt::print(stderr, "go on with: {}\n", how_to_go_on(run, end.state));
    } else {
      fmt::print(stderr, "more: tidegate workflow report {}\n", run.text());
    }
  }
  if (lost) return left ? kNo : kCouldNotRun;
  return end.state == RunState::succeeded ? kDone : kNo;
}

}  // namespace

int run_workflow(const RunWorkflowOptions& options) {
  Signals::block();
  Workshop shop;
  if (!shop.open(options.config)) return kCouldNotRun;
  const workflow::Loaded loaded = shop.load(options.file);
  if (print_problems(loaded.problems)) return kWrongUsage;
  engine::NewRun run{.workflow = loaded.workflow, .approve_all = options.yes};
  std::vector<std::string> inputs = options.inputs;
  workflow::Map secrets;
  engine::add_secret_inputs(*loaded.workflow, secrets);
  for (const workflow::Member& secret : secrets) {
    const std::string prefix = secret.name + "=";
    const bool given = std::ranges::any_of(
        options.inputs, [&](const std::string& text) { return text.starts_with(prefix); });
    if (!given) inputs.push_back(prefix + std::string(secret.value.text()));
  }
  auto bound = read_inputs(*loaded.workflow, inputs);
  if (!bound) fmt::print(stderr, "{}\n", bound.error().message);
  if (!bound || !read_budget(options.budget, run.budget)) return kWrongUsage;
  run.inputs = std::move(*bound);

  int code = kCouldNotRun;
  std::optional<engine::RunId> twin;
  RunView view(shop.loop(), RunView::suited(options.json));
  auto begun =
      shop.engine().begin(std::move(run), &view, [&](engine::RunId id, const engine::RunEnd& end) {
        view.follow(nullptr);
        twin = end.twin;
        if (!twin) code = print_end(id, end, {}, options.json);
        shop.stop();
      });
  if (!begun) {
    fmt::print(stderr, "{}\n", begun.error().message);
    return kCouldNotRun;
  }
  const auto report_other = [&](engine::RunId other) {
    fmt::print(stderr, "run {} has the same idempotency key; it is not begun again\n",
               other.text());
    return report_run({options.config, other.text(), options.json});
  };
  if (begun->existed) return report_other(begun->id);
  if (!options.json) fmt::print(stderr, "run {}: {}\n", begun->id.text(), loaded.workflow->name);
  view.follow(shop.engine().find(begun->id));
  shop.work();
  return twin ? report_other(*twin) : code;
}

int resume_workflow(const RunWorkflowOptions& options) {
  Signals::block();
  std::optional<NanoDollars> budget;
  if (!read_budget(options.budget, budget)) return kWrongUsage;
  auto found = find_run(options.config, options.run);
  if (!found) return kCouldNotRun;
  Workshop shop;
  if (!shop.open(options.config)) return kCouldNotRun;
  int code = kCouldNotRun;
  RunView view(shop.loop(), RunView::suited(options.json));
  const engine::RunId id = found->run.id;
  auto resumed = shop.engine().resume(id, {.budget = budget,
                                           .watcher = &view,
                                           .on_end =
                                               [&](engine::RunId run, const engine::RunEnd& end) {
                                                 view.follow(nullptr);
                                                 code = print_end(run, end, {}, options.json);
                                                 shop.stop();
                                               },
                                           .approve_all = options.yes});
  if (!resumed) {
    fmt::print(stderr, "{}\n", resumed.error().message);
    return resumed.error().code == ErrorCode::invalid ? kWrongUsage : kCouldNotRun;
  }
  view.follow(shop.engine().find(id));
  shop.work();
  return code;
}

int fork_workflow(const ForkRunOptions& options) {
  Signals::block();
  const RunWorkflowOptions& how = options.how;
  engine::ForkRun fork{.from = options.from, .approve_all = how.yes};
  if (!read_budget(how.budget, fork.budget)) return kWrongUsage;
  auto found = find_run(how.config, how.run);
  if (!found) return kCouldNotRun;
  fork.source = found->run.id;
  Workshop shop;
  if (!shop.open(how.config)) return kCouldNotRun;
  const auto workflow = shop.engine().workflow_of(fork.source);
  if (!workflow) {
    fmt::print(stderr, "{}\n", workflow.error().message);
    return kCouldNotRun;
  }
  auto set = read_given(**workflow, "--set", how.inputs);
  if (!set) {
    fmt::print(stderr, "{}\n", set.error().message);
    return kWrongUsage;
  }
  fork.set = std::move(*set);
  int code = kCouldNotRun;
  RunView view(shop.loop(), RunView::suited(how.json));
  const auto begun =
      shop.engine().fork(std::move(fork), &view, [&](engine::RunId id, const engine::RunEnd& end) {
        view.follow(nullptr);
        code = print_end(id, end, {}, how.json);
        shop.stop();
      });
  if (!begun) {
    fmt::print(stderr, "{}\n", begun.error().message);
    const bool wrong =
        begun.error().code == ErrorCode::invalid || begun.error().code == ErrorCode::not_found;
    return wrong ? kWrongUsage : kCouldNotRun;
  }
  if (!how.json) {
    fmt::print(stderr, "run {}: {}, forked from {} at {}\n", begun->text(), (*workflow)->name,
               found->run.id.text(), options.from);
  }
  view.follow(shop.engine().find(*begun));
  shop.work();
  return code;
}

}  // namespace tidegate::cli
