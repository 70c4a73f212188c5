// `tidegate workflow list`, `report`, `diff` and `export`: what the journal knows.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/load_config.h"
#include "cli/run_diff_view.h"
#include "cli/run_report.h"
#include "cli/workflow_commands.h"
#include "engine/html_report.h"
#include "engine/journal_place.h"
#include "engine/run_picture.h"
#include "json/writer.h"
#include "workflow/load.h"

namespace tidegate::cli {
namespace {

constexpr std::size_t kMostRuns = 100;
constexpr std::size_t kEventsAtATime = 1000;

void write_usage(json::Writer& json, const Usage& usage) {
  json.member("prompt", usage.prompt).member("cached", usage.cached);
  json.member("cache_write", usage.cache_write).member("completion", usage.completion);
  json.member("reasoning", usage.reasoning);
}

std::string attempt_line(const engine::StoredAttempt& attempt, const engine::StoredTask& task) {
  std::string line;
  json::Writer json(line);
  json.begin_object().member("kind", "attempt").member("task", task.id);
  if (!task.item_key.empty()) json.member("item", task.item_key);
  json.member("number", attempt.number).member("purpose", attempt.purpose);
  json.member("state", name_of(attempt.state)).member("asked_model", attempt.asked_model);
  json.member("model", attempt.model).member("provider", attempt.provider);
  json.member("request_id", attempt.request_id).member("sent", format_rfc3339(attempt.sent));
  if (attempt.first_byte) json.member("first_byte", format_rfc3339(*attempt.first_byte));
  if (attempt.done) json.member("done", format_rfc3339(*attempt.done));
  write_usage(json, attempt.usage);
  json.member("price_epoch", attempt.price_epoch).member("peak", attempt.peak);
  json.member("reserved_nano_usd", attempt.reserved.value)
      .member("cost_nano_usd", attempt.cost.value);
  json.member("cost_kind", attempt.cost_kind).member("error_class", attempt.error_class);
  json.member("error", attempt.error).end_object();
  return line;
}

bool write_page(const std::string& path, const engine::RunPicture& picture) {
  std::ofstream out(path, std::ios::binary);
  out << engine::html_report(picture, SystemClock{}.wall());
  if (!out.flush()) {
    fmt::print(stderr, "cannot write {}\n", path);
    return false;
  }
  fmt::print("wrote {}\n", path);
  return true;
}

}  // namespace

std::string workflow_journal(const std::string& config) {
  const config::Loaded loaded = load_config(config);
  if (print_problems(loaded.problems)) return {};
  return loaded.config.state.workflows;
}

std::optional<FoundRun> find_run(const std::string& config, const std::string& run) {
  std::string path = workflow_journal(config);
  if (path.empty()) return std::nullopt;
  auto reader = engine::JournalReader::open(path);
  if (!reader) {
    fmt::print(stderr, "there are no runs: {}\n", reader.error().message);
    return std::nullopt;
  }
  auto found = reader->find_run(run);
  if (!found) {
    fmt::print(stderr, "{}\n", found.error().message);
    return std::nullopt;
  }
  return FoundRun{std::move(path), std::move(*reader), std::move(*found)};
}

int list_runs(const ShowRunOptions& options) {
  const std::string path = workflow_journal(options.config);
  if (path.empty()) return kCouldNotRun;
  auto reader = engine::JournalReader::open(path);
  Result<std::vector<engine::StoredRun>> runs = std::vector<engine::StoredRun>{};
  if (reader) {
    runs = reader->runs(kMostRuns);
  } else if (reader.error().code != ErrorCode::not_found) {
    runs = std::unexpected(reader.error());
  }
  if (!runs) {
    fmt::print(stderr, "{}\n", runs.error().message);
    return kCouldNotRun;
  }
  std::string out;
  json::Writer json(out);
  if (options.json) {
    json.begin_array();
  } else {
    out = fmt::format("{:<16}{:<18}{:<26}{}\n", "RUN", "STATE", "BEGAN", "NAME");
  }
  for (const engine::StoredRun& run : *runs) {
    if (!options.json) {
      out += fmt::format("{:<16}{:<18}{:<26}{}{}\n", run.id.text(), name_of(run.state),
                         format_rfc3339(run.created), run.name,
                         run.key.starts_with("sub:") ? " (within another)" : "");
      continue;
    }
    json.begin_object().member("run", run.id.text()).member("state", name_of(run.state));
    json.member("name", run.name).member("created", format_rfc3339(run.created));
    json.member("reason", run.reason).end_object();
  }
  if (options.json) {
    json.end_array();
    out += '\n';
  }
  fmt::print("{}", out);
  return kDone;
}

int report_run(const ShowRunOptions& options) {
  auto found = find_run(options.config, options.run);
  if (!found) return kCouldNotRun;
  auto store = engine::open_journal_to_read(found->journal);
  if (!store) {
    fmt::print(stderr, "{}\n", store.error().message);
    return kCouldNotRun;
  }
  std::shared_ptr<const workflow::Workflow> workflow;
  if (auto spec = found->reader.spec(found->run.id)) {
    if (auto files = workflow::unpack(*spec); files && !files->empty()) {
      const std::string first = files->front().path;
      workflow = workflow::load(first, workflow::KeptFiles(std::move(*files)), {}).workflow;
    }
  }
  auto picture = engine::read_picture(**store, found->run.id, workflow.get());
  if (!picture) {
    fmt::print(stderr, "{}\n", picture.error().message);
    return kCouldNotRun;
  }
  if (!options.html.empty()) {
    if (!write_page(options.html, *picture)) return kCouldNotRun;
  } else {
    fmt::print("{}", options.json ? report_json(*picture) + "\n" : report_text(*picture));
  }
  return picture->state == engine::RunState::succeeded ? kDone : kNo;
}

int diff_runs(const ShowRunOptions& options) {
  auto left = find_run(options.config, options.run);
  if (!left) return kCouldNotRun;
  const auto right = left->reader.find_run(options.other);
  if (!right) {
    fmt::print(stderr, "{}\n", right.error().message);
    return kCouldNotRun;
  }
  const auto diff = engine::read_diff(left->reader, left->run, *right);
  if (!diff) {
    fmt::print(stderr, "{}\n", diff.error().message);
    return kCouldNotRun;
  }
  fmt::print("{}", options.json ? diff_json(*diff) + "\n" : diff_text(*diff));
  return kDone;
}

// One JSON object a line: the run, its tasks, their attempts, what happened.
int export_run(const ShowRunOptions& options) {
  auto found = find_run(options.config, options.run);
  if (!found) return kCouldNotRun;
  engine::JournalReader& reader = found->reader;
  const engine::StoredRun& run = found->run;
  const auto complain = [](const Error& error) {
    fmt::print(stderr, "{}\n", error.message);
    return kCouldNotRun;
  };
  std::string line;
  json::Writer json(line);
  json.begin_object().member("kind", "run").member("run", run.id.text()).member("name", run.name);
  json.member("state", name_of(run.state)).member("reason", run.reason);
  json.member("spec_hash", run.spec_hash).member("created", format_rfc3339(run.created));
  const auto inputs = reader.inputs(run.id);
  const auto outputs = reader.outputs(run.id);
  if (!inputs) return complain(inputs.error());
  if (!outputs) return complain(outputs.error());
  json.key("inputs").raw(*inputs).key("outputs").raw(*outputs).end_object();
  fmt::print("{}\n", line);
  const auto tasks = reader.tasks(run.id);
  if (!tasks) return complain(tasks.error());
  for (const engine::StoredTask& task : *tasks) {
    line.clear();
    json::Writer each(line);
    each.begin_object().member("kind", "task").member("task", task.id);
    if (task.parent) each.member("item", task.item_key);
    each.member("role", task.role).member("state", name_of(task.state));
    each.member("attempts", task.attempts).member("cost_nano_usd", task.cost.value);
    if (task.reused && has_ended(task.state)) {
      each.member("reused_from", task.reused->run.text());
    }
    if (task.started) each.member("started", format_rfc3339(*task.started));
    if (task.ended) each.member("ended", format_rfc3339(*task.ended));
    if (!task.error.empty()) each.member("error", task.error);
    if (task.output != 0) {
      const auto content = reader.content(task.output);
      if (!content) return complain(content.error());
      each.member("output", **content);
    }
    each.end_object();
    fmt::print("{}\n", line);
  }
  const auto attempts = reader.attempts(run.id, [&](const engine::StoredAttempt& attempt) {
    fmt::print("{}\n", attempt_line(attempt, (*tasks)[attempt.task]));
  });
  if (!attempts) return complain(attempts.error());
  std::int64_t last = 0;
  for (;;) {
    const auto events = reader.events(run.id, last, kEventsAtATime);
    if (!events) return complain(events.error());
    for (const engine::StoredEvent& event : *events) {
      line.clear();
      json::Writer each(line);
      each.begin_object().member("kind", "event").member("seq", event.seq);
      each.member("at", format_rfc3339(event.at)).member("event", event.kind);
      if (event.task) each.member("task", (*tasks)[*event.task].id);
      each.key("body").raw(event.body).end_object();
      fmt::print("{}\n", line);
      last = event.seq;
    }
    if (events->size() < kEventsAtATime) return kDone;
  }
}

}  // namespace tidegate::cli
