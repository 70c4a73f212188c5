#include "engine/run_json.h"

#include "base/money.h"
#include "base/time.h"
#include "json/writer.h"
#include "workflow/value.h"

namespace tidegate::engine {
namespace {

void write_time(json::Writer& json, std::string_view name, const std::optional<WallTime>& at) {
  if (at) json.member(name, format_rfc3339(*at));
}

void write_totals(json::Writer& json, const AttemptTotals& totals) {
  json.member("attempts", totals.attempts).member("failed_attempts", totals.failed);
  json.member("orphaned_attempts", totals.orphaned);
  json.key("tokens").begin_object().member("prompt", totals.usage.prompt);
  json.member("cached", totals.usage.cached).member("completion", totals.usage.completion);
  json.member("reasoning", totals.usage.reasoning).end_object();
  json.member("cost_nano_usd", totals.cost.value);
  json.member("peak_cost_nano_usd", totals.peak_cost.value);
  json.member("orphaned_cost_nano_usd", totals.orphaned_cost.value);
  json.member("saved_by_cache_nano_usd", totals.saved_by_cache.value);
  json.member("saved_by_window_nano_usd", totals.saved_by_window.value);
}

void write_task(json::Writer& json, const RunPicture& picture, const PictureTask& task) {
  json.begin_object().member("id", task.id);
  if (!task.role.empty()) json.member("role", task.role);
  json.member("state", name_of(task.state));
  if (!task.error.empty()) json.member("error", task.error);
  json.key("needs").begin_array();
  for (const std::uint32_t need : task.needs) json.value(picture.tasks[need].id);
  json.end_array();
  if (task.items.total > 0) {
    json.key("items").begin_object().member("total", task.items.total);
    json.member("succeeded", task.items.succeeded).member("failed", task.items.failed);
    json.member("running", task.items.running).end_object();
  }
  if (task.reused.tasks > 0) {
    json.member("reused", task.reused.tasks);
    json.member("reused_cost_nano_usd", task.reused.cost.value);
  }
  write_time(json, "started", task.started);
  write_time(json, "ended", task.ended);
  write_totals(json, task.totals);
  json.end_object();
}

}  // namespace

std::string runs_json(const std::vector<StoredRun>& runs) {
  std::string out;
  json::Writer json(out);
  json.begin_object().key("runs").begin_array();
  for (const StoredRun& run : runs) {
    json.begin_object().member("run", run.id.text()).member("name", run.name);
    json.member("state", name_of(run.state));
    if (!run.reason.empty()) json.member("reason", run.reason);
    json.member("created", format_rfc3339(run.created));
    write_time(json, "ended", run.ended);
    if (run.budget) json.member("budget_nano_usd", run.budget->value);
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

std::string picture_json(const RunPicture& picture) {
  std::string out;
  json::Writer json(out);
  json.begin_object().member("run", picture.run.text()).member("name", picture.name);
  json.member("state", name_of(picture.state));
  if (!picture.reason.empty()) json.member("reason", picture.reason);
  json.member("created", format_rfc3339(picture.created));
  write_time(json, "ended", picture.ended);
  if (picture.budget) json.member("budget_nano_usd", picture.budget->value);
  if (picture.forked_from) {
    json.member("forked_from", picture.forked_from->text());
    json.member("reused", picture.reused.tasks);
    json.member("reused_cost_nano_usd", picture.reused.cost.value);
  }
  json.member("succeeded", picture.succeeded()).member("failed", picture.failed());
  write_totals(json, picture.totals);
  json.key("retries").begin_object();
  for (const ErrorCount& error : picture.retries) json.member(error.error_class, error.count);
  json.end_object().key("costs").begin_array();
  for (const RoleCost& cost : picture.costs) {
    json.begin_object().member("role", cost.role).member("model", cost.model);
    write_totals(json, cost.totals);
    json.end_object();
  }
  json.end_array().key("tasks").begin_array();
  for (const PictureTask& task : picture.tasks) write_task(json, picture, task);
  json.end_array().key("outputs");
  const Result<workflow::Value> outputs = workflow::Value::parse(picture.outputs);
  json.raw(outputs ? outputs->json() : "null").end_object();
  return out;
}

std::string event_json(const StoredEvent& event, std::string_view task_id) {
  std::string out;
  json::Writer json(out);
  json.begin_object().member("seq", event.seq).member("at", format_rfc3339(event.at));
  json.member("kind", event.kind);
  if (!task_id.empty()) json.member("task", task_id);
  if (!event.body.empty()) json.key("body").raw(event.body);
  json.end_object();
  return out;
}

}  // namespace tidegate::engine
