// For tests: pictures of runs, small and large.
#pragma once

#include <algorithm>
#include <string>

#include "engine/run_picture.h"

namespace tidegate::engine {

// A nightly audit: a fan-out of 14 files, a merge, an approval, a failure and what hangs on it.
inline RunPicture sample_picture() {
  const WallTime begin{1'790'000'000s};
  const auto after = [&](Duration time) { return std::optional(begin + time); };
  RunPicture picture;
  picture.run = RunId::make(begin);
  picture.name = "nightly-repo-audit";
  picture.state = RunState::partial;
  picture.reason = "1 task failed: tickets";
  picture.created = begin;
  picture.changed = *after(14min + 3s);
  picture.ended = after(14min + 3s);
  picture.budget = NanoDollars{25'000'000'000};
  picture.outputs =
      R"({"report":{"critical":2,"findings":["a","b"]},"page":"All is well.\n<b>No</b>"})";
  const auto totals = [](std::uint64_t attempts, Tokens prompt, Tokens cached, Tokens completion,
                         std::int64_t micro_usd) {
    AttemptTotals out;
    out.attempts = attempts;
    out.usage = {.prompt = prompt, .cached = cached, .completion = completion};
    out.cost = {micro_usd * 1000};
    out.peak_cost = {micro_usd * 400};
    out.saved_by_cache = {micro_usd * 310};
    out.saved_by_window = {micro_usd * 520};
    return out;
  };
  const auto add = [&](std::string id, std::string role, TaskState state,
                       std::vector<std::uint32_t> needs, AttemptTotals total,
                       std::optional<WallTime> from, std::optional<WallTime> to) {
    PictureTask& task = picture.tasks.emplace_back();
    task.id = std::move(id);
    task.role = std::move(role);
    task.state = state;
    task.needs = std::move(needs);
    task.totals = total;
    task.started = from;
    task.ended = to;
    if (from && to && total.attempts == 1) task.spans = {{*from, *to, AttemptState::done}};
    picture.totals.add(total);
  };
  using enum TaskState;
  add("read_repository", "data_analyst", succeeded, {}, totals(1, 231'042, 0, 6'100, 41'200),
      after(1s), after(74s));
  add("scan", "security_auditor", succeeded, {0}, totals(16, 3'410'000, 3'020'000, 61'000, 402'000),
      after(75s), after(330s));
  picture.tasks.back().items = {.total = 14, .succeeded = 13, .failed = 1};
  picture.tasks.back().error =
      "the answer is not as the schema says: at /0/line: expected an integer";
  add("performance_review_of_hot_paths", "performance", succeeded, {0},
      totals(2, 240'000, 231'000, 9'000, 38'000), after(75s), after(290s));
  picture.tasks.back().spans = {{*after(75s), *after(110s), AttemptState::failed},
                                {*after(140s), *after(290s), AttemptState::done}};
  add("merge", "data_analyst", succeeded, {1, 2}, totals(1, 80'100, 12'000, 4'200, 22'000),
      after(331s), after(382s));
  add("gate", "", approved, {3}, {}, after(382s), after(700s));
  add("tickets", "incident_response", failed, {3, 4}, totals(1, 12'000, 9'000, 800, 3'100),
      after(701s), after(722s));
  picture.tasks.back().error =
      "the outcome of a call of jira.create_issue with side effects is unknown";
  picture.tasks.back().spans[0].state = AttemptState::failed;
  add("deep_dive", "", skipped, {5}, {}, std::nullopt, std::nullopt);
  add("summary", "documentation", succeeded, {3, 5, 6}, totals(1, 21'000, 18'000, 1'900, 6'000),
      after(723s), after(843s));
  add("notes", "documentation", succeeded, {0}, totals(1, 231'000, 229'000, 2'100, 9'000),
      after(76s), after(131s));
  picture.costs = {
      {"security_auditor", "deepseek-v4-pro", picture.tasks[1].totals},
      {"data_analyst", "deepseek-v4-flash", totals(2, 311'142, 12'000, 10'300, 63'200)},
      {"performance", "gpt-5.5", picture.tasks[2].totals},
      {"documentation", "deepseek-v4-flash", totals(2, 252'000, 247'000, 4'000, 15'000)},
      {"incident_response", "deepseek-v4-flash", picture.tasks[5].totals}};
  picture.retries = {{"invalid_output", 2}, {"rate_limit", 1}};
  picture.totals.failed = 3;
  picture.totals.orphaned = 1;
  picture.totals.orphaned_cost = {12'000'000};
  return picture;
}

// `layers` of `width` tasks, each of which needs up to three of the layer before.
inline RunPicture large_picture(std::uint32_t layers, std::uint32_t width) {
  const WallTime begin{1'790'000'000s};
  constexpr std::string_view kRoles[] = {"code_generator", "testing", "security_auditor",
                                         "documentation", "data_analyst"};
  RunPicture picture;
  picture.name = "large";
  picture.created = begin;
  picture.changed = begin + 1h;
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    for (std::uint32_t at = 0; at < width; ++at) {
      PictureTask& task = picture.tasks.emplace_back();
      task.id = "task_" + std::to_string(layer) + "_" + std::to_string(at);
      task.role = kRoles[(at + layer) % std::size(kRoles)];
      task.state = layer * 2 < layers ? TaskState::succeeded : TaskState::waiting;
      if (task.state == TaskState::succeeded) {
        task.started = begin + layer * Duration{10s} + at % 7 * Duration{1s};
        task.ended = *task.started + Duration{8s} + at % 5 * Duration{1s};
        task.totals.attempts = 1;
        task.totals.cost = {std::int64_t{at} * 1000};
        picture.totals.add(task.totals);
      }
      for (std::uint32_t need = 0; layer > 0 && need < 3; ++need) {
        const std::uint32_t other = (layer - 1) * width + (at * 3 + need * need) % width;
        if (std::ranges::find(task.needs, other) == task.needs.end()) task.needs.push_back(other);
      }
    }
  }
  return picture;
}

}  // namespace tidegate::engine
