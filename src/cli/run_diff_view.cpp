#include "cli/run_diff_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "engine/html_text.h"
#include "json/writer.h"

namespace tidegate::cli {
namespace {

using engine::DiffSide;
using engine::DiffTotals;
using engine::RunDiff;
using engine::TaskDiff;

std::string outcome(const DiffSide& side) {
  std::string text(name_of(side.state));
  if (side.reused) text += " (reused)";
  return text;
}

std::string indented(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    out += "    ";
    out += text.substr(0, end + 1);
    text.remove_prefix(end + 1);
  }
  return out;
}

void add_task(std::string& out, const TaskDiff& task) {
  out += fmt::format("\n{}\n", task.name);
  const auto line = [&](std::string_view name, const std::string& left, const std::string& right) {
    if (left != right) out += fmt::format("  {:<10}{} -> {}\n", name, left, right);
  };
  const DiffSide& left = *task.left;
  const DiffSide& right = *task.right;
  line("outcome", outcome(left), outcome(right));
  line("error", left.error.empty() ? "none" : left.error,
       right.error.empty() ? "none" : right.error);
  line("model", left.model.empty() ? "none" : left.model,
       right.model.empty() ? "none" : right.model);
  line("requests", std::to_string(left.attempts), std::to_string(right.attempts));
  line("tokens", fmt::format("{} in, {} out", left.prompt, left.completion),
       fmt::format("{} in, {} out", right.prompt, right.completion));
  line("cost", format_usd(left.cost), format_usd(right.cost));
  line("time", engine::short_time(left.took), engine::short_time(right.took));
  if (!task.output.empty()) out += "  output\n" + indented(task.output);
}

void write_side(json::Writer& json, std::string_view name, const std::optional<DiffSide>& side) {
  json.key(name);
  if (!side) {
    json.raw("null");
    return;
  }
  json.begin_object().member("state", name_of(side->state));
  if (!side->error.empty()) json.member("error", side->error);
  if (side->reused) json.member("reused_from", side->reused->text());
  json.member("model", side->model).member("attempts", side->attempts);
  json.member("prompt_tokens", side->prompt).member("cached_tokens", side->cached);
  json.member("completion_tokens", side->completion);
  json.member("cost_nano_usd", side->cost.value);
  json.member("took_ms", std::chrono::duration_cast<std::chrono::milliseconds>(side->took).count());
  json.end_object();
}

void write_run(json::Writer& json, std::string_view name, const engine::StoredRun& run,
               const DiffTotals& totals) {
  json.key(name).begin_object().member("run", run.id.text()).member("name", run.name);
  json.member("state", name_of(run.state)).member("created", format_rfc3339(run.created));
  json.member("tasks", totals.tasks).member("succeeded", totals.succeeded);
  json.member("failed", totals.failed).member("reused", totals.reused);
  json.member("attempts", totals.attempts).member("prompt_tokens", totals.prompt);
  json.member("cached_tokens", totals.cached).member("completion_tokens", totals.completion);
  json.member("cost_nano_usd", totals.cost.value);
  json.member("took_ms",
              std::chrono::duration_cast<std::chrono::milliseconds>(totals.took).count());
  json.end_object();
}

}  // namespace

std::string diff_text(const RunDiff& diff) {
  const DiffTotals& left = diff.left_totals;
  const DiffTotals& right = diff.right_totals;
  std::string out;
  const auto row = [&](std::string_view name, const std::string& a, const std::string& b) {
    out += fmt::format("{:<12}{:<28}{}\n", name, a, b);
  };
  row("run", diff.left.id.text(), diff.right.id.text());
  row("workflow", diff.left.name, diff.right.name);
  if (diff.left.spec_hash != diff.right.spec_hash) {
    row("file", diff.left.spec_hash.substr(0, 12), diff.right.spec_hash.substr(0, 12));
  }
  row("state", std::string(name_of(diff.left.state)), std::string(name_of(diff.right.state)));
  row("tasks", fmt::format("{} of {} good, {} reused", left.succeeded, left.tasks, left.reused),
      fmt::format("{} of {} good, {} reused", right.succeeded, right.tasks, right.reused));
  row("requests", std::to_string(left.attempts), std::to_string(right.attempts));
  row("tokens", fmt::format("{} in, {} out", left.prompt, left.completion),
      fmt::format("{} in, {} out", right.prompt, right.completion));
  row("cached", std::to_string(left.cached), std::to_string(right.cached));
  row("cost", format_usd(left.cost), format_usd(right.cost));
  row("time", engine::short_time(left.took), engine::short_time(right.took));
  if (!diff.inputs.empty()) out += "\ninputs\n";
  for (const engine::InputDiff& input : diff.inputs) {
    out += fmt::format("  {}\n", input.name) +
           indented(engine::first_difference(input.left, input.right));
  }
  std::size_t same = 0;
  std::size_t taken_over = 0;
  std::string only_left, only_right;
  for (const TaskDiff& task : diff.tasks) {
    if (!task.right) {
      only_left += fmt::format("  {}: {}\n", task.name, outcome(*task.left));
    } else if (!task.left) {
      only_right += fmt::format("  {}: {}\n", task.name, outcome(*task.right));
    } else if (task.taken_over()) {
      ++taken_over;
    } else if (task.differs()) {
      add_task(out, task);
    } else {
      ++same;
    }
  }
  if (!only_left.empty()) out += fmt::format("\nonly in {}\n{}", diff.left.id.text(), only_left);
  if (!only_right.empty()) out += fmt::format("\nonly in {}\n{}", diff.right.id.text(), only_right);
  if (taken_over != 0) {
    out += fmt::format("\n{} tasks and items have in one of the two the result of an earlier run\n",
                       taken_over);
  }
  out += fmt::format("\n{} tasks and items are the same in all but their times\n", same);
  return out;
}

std::string diff_json(const RunDiff& diff) {
  std::string out;
  json::Writer json(out);
  json.begin_object();
  write_run(json, "left", diff.left, diff.left_totals);
  write_run(json, "right", diff.right, diff.right_totals);
  json.member("same_file", diff.left.spec_hash == diff.right.spec_hash);
  json.key("inputs").begin_array();
  for (const engine::InputDiff& input : diff.inputs) {
    json.begin_object().member("name", input.name).key("left").raw(input.left);
    json.key("right").raw(input.right).end_object();
  }
  json.end_array().key("tasks").begin_array();
  for (const TaskDiff& task : diff.tasks) {
    json.begin_object().member("task", task.name).member("differs", task.differs());
    write_side(json, "left", task.left);
    write_side(json, "right", task.right);
    json.member("outcome_differs", task.outcome_differs());
    json.member("output_differs", task.output_differs());
    if (!task.output.empty()) json.member("output", task.output);
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

}  // namespace tidegate::cli
