#include "engine/workflow_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "engine/command.h"
#include "engine/html_report.h"
#include "engine/run_json.h"
#include "engine/run_picture.h"
#include "engine/workflow_draft.h"
#include "json/writer.h"

namespace tidegate::engine {
namespace {

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::size_t kEventsAtOnce = 500;
constexpr Duration kCommandLook = 50ms;

int status_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid:
      return 400;
    case ErrorCode::forbidden:
      return 403;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::too_large:
      return 413;
    case ErrorCode::unavailable:
    case ErrorCode::timeout:
      return 503;
    default:
      return 500;
  }
}

// As the journal has it: who needs whom is in the files that were kept. Null: they cannot be read.
std::shared_ptr<const workflow::Workflow> workflow_of(RunArchive::Access access, RunId run) {
  const Result<std::string> spec = access.reader.spec(run);
  if (!spec) return nullptr;
  auto files = workflow::unpack(*spec);
  if (!files || files->empty()) return nullptr;
  const std::string path = files->front().path;
  return workflow::load(path, workflow::KeptFiles(std::move(*files)), {}).workflow;
}

Result<RunPicture> picture_of(RunArchive::Access access, const std::string& name) {
  const Result<StoredRun> run = access.reader.find_run(name);
  if (!run) return std::unexpected(run.error());
  return read_picture(access.store, run->id, workflow_of(access, run->id).get());
}

// The run to go on with. Who sends inputs for a fork may make this machine ask models, no more.
Result<RunId> run_to_go_on_with(RunArchive::Access access, const std::string& name, bool sets) {
  const Result<StoredRun> run = access.reader.find_run(name);
  if (!run) return std::unexpected(run.error());
  if (!sets) return run->id;
  const auto workflow = workflow_of(access, run->id);
  if (workflow == nullptr) return fail(ErrorCode::invalid, "the workflow of this run is not good");
  const std::string reach = reach_beyond_models(*workflow);
  if (reach.empty()) return run->id;
  return fail(ErrorCode::forbidden,
              fmt::format("{}: the inputs of a workflow that starts programs or uses variables of "
                          "the environment cannot be sent; use `tidegate workflow fork`",
                          reach),
              "set");
}

struct Batch {
  bool run_ended = false;
  std::vector<std::string> lines;  // of a stream of events
  std::int64_t last = 0;
};

Result<Batch> events_behind(RunArchive::Access access, RunId run, std::int64_t after) {
  Batch out;
  out.last = after;
  // The state first: what happens between the two is then in the events.
  const Result<StoredRun> stored = access.reader.run(run);
  if (!stored) return std::unexpected(stored.error());
  out.run_ended = !is_live(stored->state);
  const auto events = access.reader.events(run, after, kEventsAtOnce);
  if (!events) return std::unexpected(events.error());
  for (const StoredEvent& event : *events) {
    std::string task;
    if (event.task) {
      const std::array<store::Value, 2> values{run.value, std::int64_t{*event.task}};
      const Result<void> found =
          access.store.query("SELECT id, item_key FROM task WHERE run = $1 AND task = $2", values,
                             [&](const store::Row& row) {
                               task = row.text(0);
                               if (!row.is_null(1)) task += fmt::format("[{}]", row.text(1));
                             });
      if (!found) return std::unexpected(found.error());
    }
    out.lines.push_back(fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.seq, event.kind,
                                    event_json(event, task)));
    out.last = event.seq;
  }
  return out;
}

struct Ordered {
  std::int64_t id = 0;
};

Result<Ordered> order(RunArchive::Access access, const std::string& name, Command command,
                      WallTime now) {
  const Result<StoredRun> run = access.reader.find_run(name);
  if (!run) return std::unexpected(run.error());
  if (!is_live(run->state)) {
    return fail(ErrorCode::invalid,
                fmt::format("run {} has ended: {}", run->id.text(), name_of(run->state)));
  }
  command.run = run->id;
  const Result<std::int64_t> id = give_command(access.store, command, now);
  if (!id) return std::unexpected(id.error());
  return Ordered{*id};
}

// {"task": "gate", "by": "ana", "reason": "..."}, all of them optional; nothing is nothing.
Result<Command> read_command(std::string_view body, const std::string& verb) {
  Command out;
  out.verb = verb;
  if (!trim(body).empty()) {
    const Result<workflow::Value> value = workflow::Value::parse(body);
    if (!value) return std::unexpected(value.error());
    if (!value->is_map()) return fail(ErrorCode::invalid, "expected an object");
    for (const workflow::Member& member : value->members()) {
      const bool is_known = member.name == "task" || member.name == "by" || member.name == "reason";
      if (!is_known || !member.value.is_string()) {
        return fail(ErrorCode::invalid,
                    fmt::format("\"{}\": expected the texts task, by and reason", member.name));
      }
    }
    out.task = value->find("task").text();
    out.argument = value->find(verb == "cancel" ? "reason" : "by").text();
  }
  if (verb != "cancel" && out.task.empty()) {
    return fail(ErrorCode::invalid, "task: expected the id of the task that waits");
  }
  return out;
}

// Counts a stream for as long as it lives.
class Place {
 public:
  Place(std::atomic<std::size_t>& taken, std::size_t most)
      : taken_(taken), fits_(taken.fetch_add(1) < most) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { taken_.fetch_sub(1); }
  [[nodiscard]] bool fits() const { return fits_; }

 private:
  std::atomic<std::size_t>& taken_;
  bool fits_;
};

}  // namespace

std::string WorkflowApi::error_body(int status, std::string_view problem) {
  std::string out;
  json::Writer json(out);
  json.begin_object().key("error").begin_object();
  json.member("status", status).member("message", problem).end_object().end_object();
  return out;
}

WorkflowApi::Reply WorkflowApi::refused(int status, std::string_view problem) {
  return {status, error_body(status, problem)};
}

WorkflowApi::Reply WorkflowApi::refused(const Error& error) {
  return refused(status_of(error), error.message);
}

Task<void> WorkflowApi::serve(http::Exchange& exchange) {
  std::string path(exchange.head().path().substr(kPath.size()));
  if (path.ends_with("/events") && exchange.head().method == "GET") {
    co_await stream(exchange, path.substr(1, path.size() - std::string_view("//events").size()));
    co_return;
  }
  const Reply reply = co_await answer(exchange, std::move(path));
  std::string headers = fmt::format("Content-Type: {}\r\n", reply.type);
  if (reply.status == 405) headers += "Allow: GET, POST\r\n";
  co_await exchange.respond(reply.status, headers, reply.body);
}

Task<WorkflowApi::Reply> WorkflowApi::answer(http::Exchange& exchange, std::string path) {
  const std::string_view method = exchange.head().method;
  const bool is_get = method == "GET" || method == "HEAD";
  if (!is_get && method != "POST") co_return refused(405, "GET and POST are answered here");
  if (path.empty() || path == "/") {
    Task<Reply> reply = is_get ? list(exchange) : start(exchange);
    co_return co_await reply;
  }
  const std::size_t slash = path.find('/', 1);
  const std::string run = path.substr(1, slash == path.npos ? path.npos : slash - 1);
  const std::string verb = slash == path.npos ? std::string() : path.substr(slash + 1);
  if (is_get && (verb.empty() || verb == "report.html")) {
    co_return co_await report(exchange, run, !verb.empty());
  }
  if (!is_get && (verb == "resume" || verb == "fork")) {
    co_return co_await go_on(exchange, run, verb == "fork");
  }
  if (!is_get && (verb == "cancel" || verb == "approve" || verb == "reject")) {
    co_return co_await command(exchange, run, verb);
  }
  co_return refused(404,
                    "there is no such page; see GET /api/workflows, and below it RUN, "
                    "RUN/report.html, RUN/events, and POST RUN/resume, RUN/fork, RUN/cancel, "
                    "RUN/approve, RUN/reject");
}

Task<WorkflowApi::Reply> WorkflowApi::list(http::Exchange& exchange) {
  const std::size_t most = options_.listed_runs;
  auto asking = archive_.ask<std::vector<StoredRun>>(
      exchange.loop(), [most](RunArchive::Access access) { return access.reader.runs(most); });
  const Result<std::vector<StoredRun>> runs = co_await asking;
  if (!runs) co_return refused(runs.error());
  co_return Reply{200, runs_json(*runs)};
}

Task<WorkflowApi::Reply> WorkflowApi::start(http::Exchange& exchange) {
  if (starter_ == nullptr) co_return refused(503, "no runs are begun here");
  std::expected<WorkflowDraft, DraftProblems> draft = read_workflow_draft(
      exchange.head().headers.find("content-type"), exchange.body(), starter_->surroundings());
  if (!draft) {
    std::string out;
    json::Writer json(out);
    json.begin_object().key("error").begin_object().member("status", 400);
    json.member("message", draft.error().message).key("problems").begin_array();
    for (const config::Problem& problem : draft.error().problems) {
      json.begin_object().member("line", problem.at.line).member("column", problem.at.column);
      json.member("message", problem.message).end_object();
    }
    json.end_array().end_object().end_object();
    co_return Reply{400, std::move(out)};
  }
  Task<Result<RunId>> starting = starter_->start(exchange.loop(), std::move(draft->workflow),
                                                 std::move(draft->inputs), draft->budget);
  const Result<RunId> run = co_await starting;
  if (!run) co_return refused(run.error());
  std::string out;
  json::Writer json(out);
  json.begin_object().member("run", run->text()).end_object();
  co_return Reply{201, std::move(out)};
}

Task<WorkflowApi::Reply> WorkflowApi::report(http::Exchange& exchange, std::string run,
                                             bool as_page) {
  auto asking = archive_.ask<RunPicture>(
      exchange.loop(), [run](RunArchive::Access access) { return picture_of(access, run); });
  const Result<RunPicture> picture = co_await asking;
  if (!picture) co_return refused(picture.error());
  if (as_page) co_return Reply{200, html_report(*picture, exchange.received()), kHtml};
  co_return Reply{200, picture_json(*picture)};
}

Task<WorkflowApi::Reply> WorkflowApi::go_on(http::Exchange& exchange, std::string run,
                                            bool as_fork) {
  if (starter_ == nullptr) co_return refused(503, "no runs are begun here");
  Result<GoOn> read = read_go_on(exchange.body(), as_fork);
  if (!read) co_return refused(read.error());
  const bool sets = !read->set.empty();
  auto finding = archive_.ask<RunId>(exchange.loop(), [run, sets](RunArchive::Access access) {
    return run_to_go_on_with(access, run, sets);
  });
  const Result<RunId> found = co_await finding;
  if (!found) co_return refused(found.error());
  Task<Result<RunId>> going = as_fork
                                  ? starter_->fork(exchange.loop(), {.source = *found,
                                                                     .from = std::move(read->from),
                                                                     .set = std::move(read->set),
                                                                     .budget = read->budget})
                                  : starter_->resume(exchange.loop(), *found, read->budget);
  const Result<RunId> gone = co_await going;
  if (!gone) co_return refused(gone.error());
  std::string out;
  json::Writer json(out);
  json.begin_object().member("run", gone->text()).end_object();
  co_return Reply{as_fork ? 201 : 200, std::move(out)};
}

Task<WorkflowApi::Reply> WorkflowApi::command(http::Exchange& exchange, std::string run,
                                              std::string verb) {
  Result<Command> read = read_command(exchange.body(), verb);
  if (!read) co_return refused(read.error());
  Loop& loop = exchange.loop();
  const WallTime now = exchange.received();
  auto ordering =
      archive_.ask<Ordered>(loop, [run, command = *read, now](RunArchive::Access access) {
        return order(access, run, command, now);
      });
  const Result<Ordered> ordered = co_await ordering;
  if (!ordered) co_return refused(ordered.error());
  // Who owns the run, this process or another, looks for commands several times a second.
  const TimePoint deadline = loop.now() + options_.answer_within;
  const std::int64_t id = ordered->id;
  for (;;) {
    auto looking = archive_.ask<std::string>(
        loop, [id](RunArchive::Access access) { return answer_of(access.store, id); });
    const Result<std::string> answered = co_await looking;
    if (!answered) co_return refused(answered.error());
    const bool is_late = loop.now() >= deadline;
    if (!answered->empty() || is_late) {
      std::string out;
      json::Writer json(out);
      json.begin_object().member("command", id).member("done", !answered->empty());
      if (!answered->empty()) json.member("answer", *answered);
      json.end_object();
      co_return Reply{answered->empty() ? 202 : 200, std::move(out)};
    }
    const Wake wake = co_await exchange.client().until_gone(loop.now() + kCommandLook);
    if (wake == Wake::gone) co_return refused(503, "the client left");
  }
}

Task<void> WorkflowApi::stream(http::Exchange& exchange, std::string name) {
  const std::string_view after = exchange.head().headers.find("last-event-id");
  std::int64_t last = static_cast<std::int64_t>(parse_u64(after).value_or(0) & INT64_MAX);
  const bool goes_on = !after.empty();
  Loop& loop = exchange.loop();
  constexpr std::string_view kJson = "Content-Type: application/json\r\n";
  Place place(streams_, options_.event_streams);
  if (!place.fits()) {
    const std::string body = error_body(503, "too many streams of events are open");
    co_await exchange.respond(503, kJson, body);
    co_return;
  }
  auto finding = archive_.ask<StoredRun>(
      loop, [name](RunArchive::Access access) { return access.reader.find_run(name); });
  const Result<StoredRun> run = co_await finding;
  if (!run) {
    const Reply reply = refused(run.error());
    co_await exchange.respond(reply.status, kJson, reply.body);
    co_return;
  }
  bool begun = false;
  TimePoint spoke = loop.now();
  for (;;) {
    auto looking = archive_.ask<Batch>(loop, [id = run->id, last](RunArchive::Access access) {
      return events_behind(access, id, last);
    });
    const Result<Batch> batch = co_await looking;
    // A stream that ends without its last chunk is taken up again by the client.
    if (!batch) co_return;
    if (!begun && goes_on && batch->run_ended && batch->lines.empty()) {
      co_await exchange.respond(204, "", "");  // an EventSource then asks no more
      co_return;
    }
    if (!begun) {
      exchange.begin(200,
                     "Content-Type: text/event-stream\r\nCache-Control: no-store\r\n"
                     "X-Accel-Buffering: no\r\n");
      begun = true;
      spoke = loop.now() - options_.keep_alive;  // the head leaves with the first bytes
    }
    bool sent = true;
    for (const std::string& line : batch->lines) sent = exchange.write(line) && sent;
    const bool is_quiet = loop.now() - spoke >= options_.keep_alive;
    if (batch->lines.empty() && is_quiet) sent = exchange.write(":\n\n");
    if (!batch->lines.empty() || is_quiet) spoke = loop.now();
    if (!sent) sent = co_await exchange.flush();
    if (!sent) co_return;
    last = batch->last;
    if (!batch->lines.empty()) continue;
    if (batch->run_ended) {
      co_await exchange.finish();
      co_return;
    }
    const Wake wake = co_await exchange.client().until_gone(loop.now() + options_.look_every);
    if (wake == Wake::gone || (stopping_ && stopping_())) co_return;
  }
}

}  // namespace tidegate::engine
