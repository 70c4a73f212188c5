// WorkflowApi: runs of workflows over HTTP, on the admin listener and behind its guard:
//   GET  /api/workflows                    the latest runs
//   POST /api/workflows                    begins one from a file's content
//   GET  /api/workflows/RUN                its report
//   GET  /api/workflows/RUN/report.html    the page about it
//   GET  /api/workflows/RUN/events         what happens; Last-Event-ID goes on with it
//   POST /api/workflows/RUN/resume         goes on with one that paused or was left
//   POST /api/workflows/RUN/fork           begins one with the results of one that has ended
//   POST /api/workflows/RUN/cancel         the run, or one task and what depends on it
//   POST /api/workflows/RUN/approve        what waits for a person
//   POST /api/workflows/RUN/reject
// One for all workers.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/run_archive.h"
#include "http/exchange.h"
#include "loop/task.h"
#include "workflow/definition.h"
#include "workflow/load.h"

namespace tidegate::engine {

// Begins runs and goes on with them: the engine of this process, wherever it lives.
class RunStarter {
 public:
  virtual ~RunStarter() = default;
  // What workflows may name of their surroundings.
  [[nodiscard]] virtual workflow::Surroundings surroundings() const = 0;
  // `inputs` are as bind_inputs() gave them. Called from any loop, and resumes on `loop`.
  virtual Task<Result<RunId>> start(Loop& loop, std::shared_ptr<const workflow::Workflow> workflow,
                                    workflow::Map inputs, std::optional<NanoDollars> budget) = 0;
  // As Engine::fork() and Engine::resume(); called and resumed likewise.
  virtual Task<Result<RunId>> fork(Loop& loop, ForkRun fork) = 0;
  virtual Task<Result<RunId>> resume(Loop& loop, RunId run, std::optional<NanoDollars> budget) = 0;
};

struct WorkflowApiOptions {
  std::size_t event_streams = 256;  // at the same time, over all runs
  std::size_t listed_runs = 100;
  Duration look_every = 200ms;  // for new events
  Duration keep_alive = 15s;    // a comment, where nothing happens for so long
  Duration answer_within = 5s;  // a command's; later it is carried out all the same
};

class WorkflowApi final : public http::Handler {
 public:
  static constexpr std::string_view kPath = "/api/workflows";

  // `starter`: null: nothing begins here. `stopping`: true once streams must end.
  WorkflowApi(RunArchive& archive, RunStarter* starter, std::function<bool()> stopping,
              WorkflowApiOptions options = {})
      : archive_(archive), starter_(starter), stopping_(std::move(stopping)), options_(options) {}

  Task<void> serve(http::Exchange& exchange) override;
  std::string error_body(int status, std::string_view problem) override;

 private:
  struct Reply {
    int status = 200;
    std::string body;
    std::string_view type = "application/json";
  };

  Task<Reply> answer(http::Exchange& exchange, std::string path);
  Task<Reply> list(http::Exchange& exchange);
  Task<Reply> start(http::Exchange& exchange);
  Task<Reply> report(http::Exchange& exchange, std::string run, bool as_page);
  Task<Reply> go_on(http::Exchange& exchange, std::string run, bool as_fork);
  Task<Reply> command(http::Exchange& exchange, std::string run, std::string verb);
  Task<void> stream(http::Exchange& exchange, std::string run);
  [[nodiscard]] Reply refused(int status, std::string_view problem);
  [[nodiscard]] Reply refused(const Error& error);

  RunArchive& archive_;
  RunStarter* starter_;
  const std::function<bool()> stopping_;
  const WorkflowApiOptions options_;
  std::atomic<std::size_t> streams_{0};
};

}  // namespace tidegate::engine
