#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "engine/html_parts.h"
#include "engine/html_text.h"

namespace tidegate::engine {
namespace {

constexpr double kNames = 190;  // width of the column of names
constexpr double kBars = 860;
constexpr double kRow = 24;
constexpr double kTop = 26;

// The distance of the marks on the axis: at most eight of them.
Duration mark_distance(Duration whole) {
  constexpr std::array<Duration, 24> kDistances = {
      Duration{1ms},   Duration{5ms},   Duration{20ms},  Duration{50ms},  Duration{100ms},
      Duration{250ms}, Duration{500ms}, Duration{1s},    Duration{2s},    Duration{5s},
      Duration{10s},   Duration{15s},   Duration{30s},   Duration{1min},  Duration{2min},
      Duration{5min},  Duration{10min}, Duration{15min}, Duration{30min}, Duration{1h},
      Duration{2h},    Duration{4h},    Duration{8h},    Duration{24h}};
  for (const Duration distance : kDistances) {
    if (whole / distance < 8) return distance;
  }
  return whole / 7;
}

std::string_view style_of(AttemptState state) {
  switch (state) {
    case AttemptState::done:
      return "good";
    case AttemptState::failed:
      return "bad";
    case AttemptState::orphaned:
      return "held";
    case AttemptState::sent:
      break;
  }
  return "busy";
}

struct Line {
  const PictureTask* task;
  std::string link;
};

// Of more tasks than there is room for: all of a role as one, with their number.
std::vector<PictureTask> by_role(const RunPicture& picture, WallTime end) {
  std::vector<PictureTask> roles;
  for (const PictureTask& task : picture.tasks) {
    if (!task.started) continue;
    const std::string_view name = task.role.empty() ? "no role" : std::string_view(task.role);
    auto role = std::ranges::find(roles, name, &PictureTask::id);
    if (role == roles.end()) {
      PictureTask& added = roles.emplace_back();
      added.id = name;
      added.state = TaskState::succeeded;
      added.started = task.started;
      added.ended = task.ended;
      role = roles.end() - 1;
    }
    ++role->items.total;
    role->started = std::min(role->started, task.started);
    role->ended = std::max(role->ended, std::optional(task.ended.value_or(end)));
    if (task.state == TaskState::failed || role->state == TaskState::succeeded) {
      role->state = task.state;
    }
  }
  return roles;
}

class Times {
 public:
  Times(WallTime begin, WallTime end)
      : begin_(begin), whole_(std::max<Duration>(end - begin, 1ms)), end_(end) {}

  void axis(std::string& out, double height) const {
    const Duration distance = mark_distance(whole_);
    for (Duration at{}; at <= whole_; at += distance) {
      const double x = x_of(begin_ + at);
      fmt::format_to(std::back_inserter(out),
                     "<path class=\"rule\" d=\"M{0:.1f} {1}V{2:.1f}\"/><text class=\"small\" "
                     "x=\"{0:.1f}\" y=\"14\" text-anchor=\"{4}\">{3}</text>",
                     x, kTop - 6, height, at == Duration{} ? "0" : short_time(at),
                     at == Duration{} ? "start" : "middle");
    }
  }

  void row(std::string& out, const PictureTask& task, const std::string& link, double y) const {
    const auto to = std::back_inserter(out);
    if (!link.empty()) fmt::format_to(to, "<a href=\"{}\">", link);
    fmt::format_to(to, "<text class=\"name\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>{}",
                   kNames - 12, y + 15, escaped_short(task.id, 20), link.empty() ? "" : "</a>");
    const WallTime ended = task.ended.value_or(end_);
    const bool is_many = task.items.total > 0;
    std::string what = fmt::format("{}, {}", name_of(task.state),
                                   short_time(std::max(Duration{}, ended - *task.started)));
    if (is_many) {
      what += fmt::format(", {} items", with_commas(static_cast<std::int64_t>(task.items.total)));
    }
    // Light: from its first beginning to its end, waits between attempts included.
    fmt::format_to(to, "<g class=\"{}\"><title>{}: {}</title>", engine::style_of(task.state),
                   escaped_short(task.id, 200), what);
    bar(out, is_many || task.spans.empty() ? "fan" : "wait", *task.started, ended, y);
    out += "</g>";
    for (const Span& span : task.spans) {
      fmt::format_to(to, "<g class=\"{}\"><title>{}: attempt {}, {}</title>", style_of(span.state),
                     escaped_short(task.id, 200), name_of(span.state),
                     short_time(std::max(Duration{}, span.end - span.begin)));
      bar(out, "mark", span.begin, span.end, y);
      out += "</g>";
    }
    if (is_many) {
      const bool fits_behind = x_of(ended) < kNames + kBars - 90;
      fmt::format_to(to, "<text class=\"small\" x=\"{:.1f}\" y=\"{:.1f}\"{}>\u00d7 {}</text>",
                     fits_behind ? x_of(ended) + 6 : x_of(*task.started) - 6, y + 15,
                     fits_behind ? "" : " text-anchor=\"end\"",
                     with_commas(static_cast<std::int64_t>(task.items.total)));
    }
  }

 private:
  [[nodiscard]] double x_of(WallTime at) const {
    const double share =
        static_cast<double>((at - begin_).count()) / static_cast<double>(whole_.count());
    return kNames + std::clamp(share, 0.0, 1.0) * kBars;
  }
  void bar(std::string& out, std::string_view style, WallTime begin, WallTime end, double y) const {
    const double x = x_of(begin);
    fmt::format_to(std::back_inserter(out),
                   "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"14\" "
                   "rx=\"3\"/>",
                   style, x, y + 4, std::max(2.0, x_of(end) - x));
  }

  WallTime begin_;
  Duration whole_;
  WallTime end_;
};

}  // namespace

std::string times_svg(const RunPicture& picture, std::size_t rows) {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < picture.tasks.size(); ++i) {
    if (picture.tasks[i].started) lines.push_back({&picture.tasks[i], fmt::format("#t{}", i)});
  }
  if (lines.empty()) return {};
  WallTime end = picture.ended.value_or(picture.changed);
  for (const Line& line : lines) {
    end = std::max(end, line.task->ended.value_or(end));
    for (const Span& span : line.task->spans) end = std::max(end, span.end);
  }
  std::vector<PictureTask> roles;
  if (lines.size() > rows) {
    roles = by_role(picture, end);
    lines.clear();
    for (const PictureTask& role : roles) lines.push_back({&role, {}});
  }
  std::ranges::stable_sort(lines, {}, [](const Line& line) { return *line.task->started; });
  const WallTime begin = std::min(picture.created, *lines.front().task->started);
  const double height = kTop + kRow * static_cast<double>(lines.size()) + 4;
  std::string out = fmt::format(
      "<svg class=\"times\" role=\"img\" aria-label=\"When tasks ran\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" style=\"min-width:640px\">",
      kNames + kBars + 30, height);
  const Times times(begin, end);
  times.axis(out, height);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    times.row(out, *lines[i].task, lines[i].link, kTop + kRow * static_cast<double>(i));
  }
  out += "</svg>";
  return out;
}

}  // namespace tidegate::engine
