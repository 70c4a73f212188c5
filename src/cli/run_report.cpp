#include "cli/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "engine/html_text.h"
#include "json/writer.h"

namespace tidegate::cli {
namespace {

using engine::AttemptTotals;
using engine::PictureTask;
using engine::RunPicture;

constexpr std::size_t kDearest = 10;

Duration wall_time(const RunPicture& picture) {
  return picture.ended.value_or(picture.changed) - picture.created;
}

// The longest chain of what tasks took: the run could not have been faster.
Duration critical_time(const RunPicture& picture) {
  std::vector<Duration> until(picture.tasks.size());
  Duration longest{};
  std::vector<char> known(picture.tasks.size());
  // Tasks may stand in any order in the file, so a chain is followed back with a stack of its own.
  for (std::uint32_t start = 0; start < picture.tasks.size(); ++start) {
    std::vector<std::uint32_t> stack{start};
    while (!stack.empty()) {
      const std::uint32_t at = stack.back();
      const PictureTask& task = picture.tasks[at];
      Duration before{};
      bool ready = true;
      for (const std::uint32_t need : task.needs) {
        if (known[need] == 0) {
          stack.push_back(need);
          ready = false;
        }
        before = std::max(before, until[need]);
      }
      if (!ready) continue;
      stack.pop_back();
      known[at] = 1;
      until[at] = before;
      if (task.started && task.ended) until[at] += *task.ended - *task.started;
      longest = std::max(longest, until[at]);
    }
  }
  return longest;
}

std::vector<const PictureTask*> dearest(const RunPicture& picture) {
  std::vector<const PictureTask*> tasks;
  for (const PictureTask& task : picture.tasks) {
    if (task.totals.cost.value != 0) tasks.push_back(&task);
  }
  std::ranges::stable_sort(tasks, std::ranges::greater(),
                           [](const PictureTask* task) { return task->totals.cost.value; });
  if (tasks.size() > kDearest) tasks.resize(kDearest);
  return tasks;
}

double rate(std::uint64_t succeeded, std::uint64_t failed) {
  const std::uint64_t all = succeeded + failed;
  return all == 0 ? 0 : static_cast<double>(succeeded) / static_cast<double>(all);
}

void write_totals(json::Writer& json, const AttemptTotals& totals) {
  json.member("attempts", totals.attempts).member("failed", totals.failed);
  json.member("orphaned", totals.orphaned).member("prompt_tokens", totals.usage.prompt);
  json.member("cached_tokens", totals.usage.cached);
  json.member("completion_tokens", totals.usage.completion);
  json.member("cost_nano_usd", totals.cost.value)
      .member("peak_cost_nano_usd", totals.peak_cost.value);
  json.member("off_peak_cost_nano_usd", totals.cost.value - totals.peak_cost.value);
  json.member("orphaned_cost_nano_usd", totals.orphaned_cost.value);
  json.member("saved_by_cache_nano_usd", totals.saved_by_cache.value);
  json.member("saved_by_window_nano_usd", totals.saved_by_window.value);
}

}  // namespace

std::string report_text(const RunPicture& picture) {
  const AttemptTotals& totals = picture.totals;
  std::string out = fmt::format("run {}  {}\n", picture.run.text(), picture.name);
  const auto line = [&](std::string_view name, const std::string& value) {
    out += fmt::format("  {:<18}{}\n", name, value);
  };
  line("state",
       std::string(name_of(picture.state)) + (picture.reason.empty() ? "" : ": " + picture.reason));
  if (picture.forked_from) {
    line("forked from",
         fmt::format("{}: {} results taken over, {} were paid there", picture.forked_from->text(),
                     picture.reused.tasks, format_usd(picture.reused.cost)));
  }
  line("time", fmt::format("{}, critical path {}", engine::short_time(wall_time(picture)),
                           engine::short_time(critical_time(picture))));
  line("succeeded", fmt::format("{} of {} ({:.1f} %)", picture.succeeded(),
                                picture.succeeded() + picture.failed(),
                                100 * rate(picture.succeeded(), picture.failed())));
  line("spent", format_usd(totals.cost) +
                    (picture.budget ? " of " + format_usd(*picture.budget) + ", " +
                                          format_usd(*picture.budget - totals.cost) + " left"
                                    : ""));
  line("requests", fmt::format("{}, {} failed, {} orphaned ({})", totals.attempts, totals.failed,
                               totals.orphaned, format_usd(totals.orphaned_cost)));
  line("saved", fmt::format("{} by cache, {} by window", format_usd(totals.saved_by_cache),
                            format_usd(totals.saved_by_window)));
  if (!picture.costs.empty()) {
    out += fmt::format("\n{:<22}{:<22}{:>8}{:>12}{:>12}{:>12}{:>14}{:>14}\n", "ROLE", "MODEL",
                       "REQUESTS", "HIT", "MISS", "OUT", "PEAK", "OFF-PEAK");
    for (const engine::RoleCost& cost : picture.costs) {
      const Usage& usage = cost.totals.usage;
      out += fmt::format("{:<22}{:<22}{:>8}{:>12}{:>12}{:>12}{:>14}{:>14}\n",
                         cost.role.empty() ? "-" : cost.role, cost.model.empty() ? "-" : cost.model,
                         cost.totals.attempts, usage.cached, usage.prompt - usage.cached,
                         usage.completion, format_usd(cost.totals.peak_cost),
                         format_usd(cost.totals.cost - cost.totals.peak_cost));
    }
  }
  if (const auto tasks = dearest(picture); !tasks.empty()) {
    out += "\nthe dearest tasks\n";
    for (const PictureTask* const task : tasks) {
      out += fmt::format("  {:<14}{:<12}{}\n", format_usd(task->totals.cost), name_of(task->state),
                         task->id);
    }
  }
  if (!picture.retries.empty()) {
    out += "\nfailed requests by class\n";
    for (const engine::ErrorCount& count : picture.retries) {
      out += fmt::format("  {:>8}  {}\n", count.count, count.error_class);
    }
  }
  bool first = true;
  for (const PictureTask& task : picture.tasks) {
    if (task.error.empty() || task.state != engine::TaskState::failed) continue;
    if (first) out += "\nfailed tasks\n";
    first = false;
    out += fmt::format("  {}: {}\n", task.id, task.error);
  }
  return out;
}

std::string report_json(const RunPicture& picture) {
  std::string out;
  json::Writer json(out);
  const auto milliseconds = [](Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  };
  json.begin_object().member("run", picture.run.text()).member("name", picture.name);
  json.member("state", name_of(picture.state)).member("reason", picture.reason);
  json.member("wall_ms", milliseconds(wall_time(picture)));
  json.member("critical_path_ms", milliseconds(critical_time(picture)));
  json.member("succeeded", picture.succeeded()).member("failed", picture.failed());
  json.member("success_rate", rate(picture.succeeded(), picture.failed()));
  if (picture.forked_from) {
    json.member("forked_from", picture.forked_from->text());
    json.member("reused_tasks", picture.reused.tasks);
    json.member("reused_cost_nano_usd", picture.reused.cost.value);
  }
  if (picture.budget) {
    json.member("budget_nano_usd", picture.budget->value);
    json.member("budget_left_nano_usd", picture.budget->value - picture.totals.cost.value);
  }
  json.key("totals").begin_object();
  write_totals(json, picture.totals);
  json.end_object().key("costs").begin_array();
  for (const engine::RoleCost& cost : picture.costs) {
    json.begin_object().member("role", cost.role).member("model", cost.model);
    write_totals(json, cost.totals);
    json.end_object();
  }
  json.end_array().key("retries").begin_object();
  for (const engine::ErrorCount& count : picture.retries) {
    json.member(count.error_class, count.count);
  }
  json.end_object().key("dearest").begin_array();
  for (const PictureTask* const task : dearest(picture)) {
    json.begin_object().member("task", task->id).member("state", name_of(task->state));
    json.member("cost_nano_usd", task->totals.cost.value).end_object();
  }
  json.end_array().key("outputs").raw(picture.outputs.empty() ? "null" : picture.outputs);
  json.end_object();
  return out;
}

}  // namespace tidegate::cli
