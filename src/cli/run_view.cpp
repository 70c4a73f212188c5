#include "cli/run_view.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/money.h"
#include "base/text.h"

namespace tidegate::cli {
namespace {

using engine::Progress;
using engine::TaskState;

constexpr Duration kRedraw = 250ms;
constexpr Duration kLookAgain = 1s;  // at the journal, in a pipe
constexpr const char* kTrouble =
    "the journal takes nothing, so nothing is sent until it does: {}\n";
constexpr std::size_t kMostRows = 15;

bool colours() { return std::getenv("NO_COLOR") == nullptr; }

std::string_view colour_of(TaskState state) {
  if (!colours()) return "";
  switch (state) {
    case TaskState::succeeded:
    case TaskState::approved:
      return "\033[32m";
    case TaskState::failed:
    case TaskState::rejected:
      return "\033[31m";
    case TaskState::running:
    case TaskState::expanded:
      return "\033[36m";
    default:
      return "\033[2m";
  }
}

std::string name_of_unit(const engine::Runner& runner, std::uint32_t task, std::uint32_t item) {
  std::string name = runner.workflow().tasks[task].id;
  if (item != engine::Unit::kWhole) name += "[" + runner.tasks()[task].fan->keys[item] + "]";
  return name;
}

// What is under way comes first, then what failed, then the rest in the order of the file.
int rank(TaskState state) {
  switch (state) {
    case TaskState::running:
    case TaskState::expanded:
    case TaskState::awaiting:
      return 0;
    case TaskState::delayed:
      return 1;
    case TaskState::failed:
    case TaskState::rejected:
      return 2;
    case TaskState::waiting:
      return 3;
    default:
      return 4;
  }
}

}  // namespace

std::string progress_line(const Progress& progress) {
  const std::size_t ended =
      progress.succeeded + progress.failed + progress.skipped + progress.cancelled;
  const std::size_t all =
      ended + progress.waiting + progress.running + progress.delayed + progress.awaiting;
  std::string line = fmt::format("{} of {} tasks", ended, all);
  const auto add = [&](std::size_t count, const char* what) {
    if (count != 0) line += fmt::format(", {} {}", count, what);
  };
  add(progress.running, "running");
  add(progress.delayed, "to be tried again");
  add(progress.awaiting, "waiting for approval");
  add(progress.failed, "failed");
  add(progress.skipped, "skipped");
  add(progress.cancelled, "cancelled");
  line += fmt::format(", {} tokens, {}", progress.prompt + progress.completion,
                      format_usd(progress.spent));
  if (progress.budget) line += " of " + format_usd(*progress.budget);
  if (progress.expected != Duration{}) {
    line += ", about " +
            format_duration(std::chrono::ceil<std::chrono::seconds>(progress.expected)) + " left";
  }
  return line;
}

RunView::RunView(Loop& loop, Mode mode)
    : loop_(loop),
      mode_(mode),
      began_(loop.now()),
      timer_([](void* self) { static_cast<RunView*>(self)->look(); }, this) {}

RunView::Mode RunView::suited(bool json) {
  if (json) return Mode::silent;
  return ::isatty(STDERR_FILENO) == 1 ? Mode::table : Mode::lines;
}

void RunView::follow(const engine::Runner* runner) {
  runner_ = runner;
  if (runner == nullptr) {
    timer_.disarm();
    clear();
  } else if (mode_ != Mode::silent) {
    look();
  }
}

void RunView::look() {
  if (runner_ == nullptr) return;
  if (mode_ == Mode::table) {
    draw();
  } else {
    say_trouble();
  }
  loop_.arm(timer_, loop_.now() + (mode_ == Mode::table ? kRedraw : kLookAgain));
}

// What is over when it is looked at again, such as another's long transaction, is not worth a line.
void RunView::say_trouble() {
  const std::string trouble = runner_->trouble();
  if (!trouble.empty() && had_trouble_ && !said_it_) {
    fmt::print(stderr, kTrouble, trouble);
    said_it_ = true;
  } else if (trouble.empty() && said_it_) {
    fmt::print(stderr, "the journal takes what is written again\n");
    said_it_ = false;
  }
  had_trouble_ = !trouble.empty();
}

void RunView::task_changed(const engine::Runner& runner, std::uint32_t task, std::uint32_t item) {
  if (mode_ != Mode::lines) return;
  const engine::TaskStatus& status = runner.tasks()[task];
  const engine::Work& work = item == engine::Unit::kWhole ? status.own : status.fan->items[item];
  std::string line = fmt::format("{}: {}", name_of_unit(runner, task, item), name_of(work.state));
  if (work.cost.value != 0 && has_ended(work.state)) line += ", " + format_usd(work.cost);
  if (!work.error.empty()) line += ": " + work.error;
  if (work.state == TaskState::awaiting) {
    line += fmt::format(" an approval: tidegate workflow approve {} {}", runner.id().text(),
                        runner.workflow().tasks[task].id);
  }
  fmt::print(stderr, "{}\n", line);
}

void RunView::run_changed(const engine::Runner&, engine::RunState state,
                          const std::string& reason) {
  if (mode_ == Mode::silent || !engine::is_live(state)) return;
  clear();
  fmt::print(stderr, "run: {}{}{}\n", name_of(state), reason.empty() ? "" : ": ", reason);
}

void RunView::clear() {
  if (drawn_ != 0) fmt::print(stderr, "\033[{}A\033[J", drawn_);
  drawn_ = 0;
}

void RunView::draw() {
  clear();
  const auto& tasks = runner_->tasks();
  std::vector<std::uint32_t> order(tasks.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  const std::size_t rows = std::min(kMostRows, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(rows), order.end(),
                    [&](std::uint32_t a, std::uint32_t b) {
                      const int left = rank(tasks[a].own.state);
                      const int right = rank(tasks[b].own.state);
                      return left != right ? left < right : a < b;
                    });
  for (std::size_t i = 0; i < rows; ++i) {
    const engine::TaskStatus& status = tasks[order[i]];
    std::string extra;
    if (status.fan != nullptr && !has_ended(status.own.state)) {
      const auto ended = std::ranges::count_if(
          status.fan->items, [](const engine::Work& item) { return has_ended(item.state); });
      extra = fmt::format("{} of {} items", ended, status.fan->items.size());
    } else if (!status.own.error.empty()) {
      extra = status.own.error.substr(0, 60);
    } else if (status.own.tokens != 0) {
      extra = fmt::format("{} tokens, {}", status.own.tokens, format_usd(status.own.cost));
    }
    fmt::print(stderr, "  {}{:<10}\033[0m {:<28} {}\n", colour_of(status.own.state),
               name_of(status.own.state), runner_->workflow().tasks[order[i]].id.substr(0, 28),
               extra);
  }
  fmt::print(stderr, "{} ({})\n", progress_line(runner_->progress()),
             format_duration(std::chrono::floor<std::chrono::seconds>(loop_.now() - began_)));
  drawn_ = static_cast<int>(rows) + 1;
  if (const std::string trouble = runner_->trouble(); !trouble.empty()) {
    fmt::print(stderr, kTrouble, trouble);
    ++drawn_;
  }
}

}  // namespace tidegate::cli
