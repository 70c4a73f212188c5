// A plan for people and for programs.
#include <fmt/format.h>

#include "base/text.h"
#include "json/writer.h"
#include "workflow/plan.h"

namespace tidegate::workflow {
namespace {

double usd(NanoDollars amount) { return static_cast<double>(amount.value) / 1e9; }

// "1h 20m", "45s": what a plan knows no better.
std::string roughly(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (seconds < 7200) return fmt::format("{}m", (seconds + 30) / 60);
  return fmt::format("{}h {}m", seconds / 3600, seconds % 3600 / 60);
}

std::string line(std::string_view role, std::string_view model, const PlanRow& row) {
  return fmt::format(
      "{:<22.22} {:<24.24} {:>7} {:>8} {:>12} {:>10} {:>10.4f} {:>10.4f} {:>10.4f} {:>10.4f} "
      "{:>10.4f}\n",
      role, model, row.tasks, row.requests.expected, row.prompt.expected, row.completion.expected,
      usd(row.cost.min), usd(row.cost.expected), usd(row.cost.max), usd(row.off_peak),
      usd(row.peak));
}

template <class Amount, class Show>
void write(json::Writer& json, std::string_view name, const Range<Amount>& range, Show&& show) {
  json.key(name).begin_object();
  json.key("min");
  show(range.min);
  json.key("expected");
  show(range.expected);
  json.key("max");
  show(range.max);
  json.end_object();
}

void write(json::Writer& json, const PlanRow& row) {
  const auto number = [&](std::int64_t count) { json.value(count); };
  const auto money = [&](NanoDollars amount) { json.value(amount.value); };
  json.member("tasks", row.tasks);
  write(json, "requests", row.requests, number);
  write(json, "prompt_tokens", row.prompt, number);
  json.member("cached_tokens", row.cached);
  write(json, "completion_tokens", row.completion, number);
  write(json, "cost_nano_usd", row.cost, money);
  json.member("off_peak_cost_nano_usd", row.off_peak.value);
  json.member("peak_cost_nano_usd", row.peak.value);
}

}  // namespace

std::string to_text(const Plan& plan) {
  std::string out =
      fmt::format("{:<22} {:<24} {:>7} {:>8} {:>12} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}\n",
                  "role", "model", "tasks", "requests", "prompt tok", "answer tok", "min USD",
                  "expected", "max USD", "off-peak", "peak");
  for (const PlanRow& row : plan.rows) {
    out += line(row.role.empty() ? "(none)" : row.role, row.model, row);
  }
  out += line("total", "", plan.total);
  out += fmt::format("\ncached          about {} of {} prompt tokens\n", plan.total.cached,
                     plan.total.prompt.expected);
  out += fmt::format(
      "critical path   {}, about {}\n",
      [&] {
        constexpr std::size_t kShown = 12;
        std::string path;
        for (std::size_t i = 0; i < plan.critical_path.size() && i < kShown; ++i) {
          path += (i > 0 ? " -> " : "") + plan.critical_path[i];
        }
        if (plan.critical_path.size() > kShown) {
          path += fmt::format(" -> ... ({} more)", plan.critical_path.size() - kShown);
        }
        return path;
      }(),
      roughly(plan.critical_time));
  out += fmt::format("start           {}\nend, expected   {}\n", format_minute(plan.start),
                     format_minute(plan.end));
  if (plan.deadline) {
    out += fmt::format("deadline        {}{}\n", format_minute(*plan.deadline),
                       plan.end > *plan.deadline ? ", which is too early" : "");
  }
  for (const Hold& hold : plan.holds) {
    out += fmt::format("held            {} tasks of {} ({}{}) until {}{}\n", hold.tasks, hold.model,
                       hold.first, hold.tasks > 1 ? ", ..." : "", format_minute(hold.until),
                       hold.released ? ", when the deadline releases them at peak prices"
                                     : ", when cheap hours begin");
  }
  if (plan.budget) {
    const bool small = *plan.budget < plan.total.cost.expected;
    out +=
        fmt::format("budget          {:.4f} USD{}\n", usd(*plan.budget),
                    small ? ", which is less than expected"
                    : *plan.budget < plan.total.cost.max
                        ? ", which is less than the most that it can cost; the run stays within it"
                        : "");
  }
  for (const std::string& note : plan.notes) out += fmt::format("note            {}\n", note);
  return out;
}

std::string to_json(const Plan& plan) {
  std::string out;
  json::Writer json(out);
  json.begin_object().key("rows").begin_array();
  for (const PlanRow& row : plan.rows) {
    json.begin_object().member("role", row.role).member("model", row.model);
    write(json, row);
    json.end_object();
  }
  json.end_array().key("total").begin_object();
  write(json, plan.total);
  json.end_object().key("critical_path").begin_array();
  for (const std::string& id : plan.critical_path) json.value(id);
  json.end_array();
  json.member("critical_seconds",
              std::chrono::duration_cast<std::chrono::seconds>(plan.critical_time).count());
  json.member("start", format_rfc3339(plan.start)).member("end", format_rfc3339(plan.end));
  if (plan.deadline) json.member("deadline", format_rfc3339(*plan.deadline));
  if (plan.budget) json.member("budget_nano_usd", plan.budget->value);
  json.key("holds").begin_array();
  for (const Hold& hold : plan.holds) {
    json.begin_object().member("first", hold.first).member("tasks", hold.tasks);
    json.member("model", hold.model).member("until", format_rfc3339(hold.until));
    json.member("released_by_deadline", hold.released).end_object();
  }
  json.end_array().key("notes").begin_array();
  for (const std::string& note : plan.notes) json.value(note);
  json.end_array().end_object();
  return out;
}

}  // namespace tidegate::workflow
