#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "engine/graph_layout.h"
#include "engine/html_parts.h"
#include "engine/html_text.h"

namespace tidegate::engine {
namespace {

constexpr std::size_t kMostNodes = 150;
constexpr std::uint32_t kMostColumns = 24;
constexpr std::size_t kTitle = 18;  // characters that a box has room for
constexpr std::size_t kSubtitle = 26;
constexpr double kMargin = 8;
constexpr double kSmallest = 0.62;  // of its size, where the page is narrow; then it scrolls

// Of several: the one that a reader wants to know of first.
int urgency(TaskState state) {
  switch (state) {
    case TaskState::failed:
    case TaskState::rejected:
      return 6;
    case TaskState::awaiting:
      return 5;
    case TaskState::running:
    case TaskState::expanded:
      return 4;
    case TaskState::delayed:
      return 3;
    case TaskState::waiting:
      return 2;
    case TaskState::cancelled:
      return 1;
    default:
      return 0;
  }
}

GraphNode node_of(const PictureTask& task, std::size_t index) {
  GraphNode node;
  node.title = task.id;
  node.subtitle = task.role.empty() ? std::string(name_of(task.state)) : task.role;
  node.link = fmt::format("#t{}", index);
  node.state = task.state;
  node.done = has_ended(task.state) ? 1 : 0;
  node.needs = task.needs;
  if (task.items.total > 0) {
    const std::uint64_t ended = task.items.succeeded + task.items.failed + task.items.other_ended;
    node.is_many = true;
    node.done = static_cast<double>(ended) / static_cast<double>(task.items.total);
    node.subtitle = fmt::format("{} of {} items", short_count(static_cast<std::int64_t>(ended)),
                                short_count(static_cast<std::int64_t>(task.items.total)));
    if (task.items.failed > 0 && task.state != TaskState::failed) {
      node.subtitle += fmt::format(", {} failed", task.items.failed);
    }
  }
  return node;
}

// Tasks of one range of depths, and where that is not too many, one role.
std::vector<GraphNode> grouped(const RunPicture& picture, bool by_role) {
  std::vector<std::vector<std::uint32_t>> needs;
  for (const PictureTask& task : picture.tasks) needs.push_back(task.needs);
  const std::vector<std::uint32_t> depth = depths(needs);
  const std::uint32_t deepest = depth.empty() ? 0 : std::ranges::max(depth);
  const std::uint32_t columns = std::min(deepest + 1, kMostColumns);
  std::map<std::pair<std::uint32_t, std::string>, std::uint32_t> index;
  std::vector<GraphNode> nodes;
  std::vector<std::uint64_t> counts, ended;
  std::vector<std::uint32_t> group_of, column_of;
  for (std::size_t i = 0; i < picture.tasks.size(); ++i) {
    const PictureTask& task = picture.tasks[i];
    const std::uint32_t column = depth[i] * columns / (deepest + 1);
    const auto [at, is_new] = index.try_emplace({column, by_role ? task.role : std::string()},
                                                static_cast<std::uint32_t>(nodes.size()));
    if (is_new) {
      GraphNode& node = nodes.emplace_back();
      node.title = by_role && !task.role.empty() ? task.role : fmt::format("step {}", column + 1);
      node.state = task.state;
      node.is_many = true;
      counts.push_back(0);
      ended.push_back(0);
      column_of.push_back(column);
    }
    GraphNode& node = nodes[at->second];
    if (urgency(task.state) > urgency(node.state)) node.state = task.state;
    ++counts[at->second];
    ended[at->second] += has_ended(task.state) ? 1 : 0;
    group_of.push_back(at->second);
  }
  std::vector<std::set<std::uint32_t>> edges(nodes.size());
  for (std::size_t i = 0; i < picture.tasks.size(); ++i) {
    for (const std::uint32_t need : picture.tasks[i].needs) {
      // Within one column there is no order; what leads backwards there is left out.
      if (column_of[group_of[need]] < column_of[group_of[i]]) {
        edges[group_of[i]].insert(group_of[need]);
      }
    }
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    nodes[i].needs.assign(edges[i].begin(), edges[i].end());
    nodes[i].done = static_cast<double>(ended[i]) / static_cast<double>(counts[i]);
    nodes[i].subtitle =
        fmt::format("{} of {} tasks", with_commas(static_cast<std::int64_t>(ended[i])),
                    with_commas(static_cast<std::int64_t>(counts[i])));
  }
  return nodes;
}

void draw_line(std::string& out, const GraphLine& line) {
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "<path class=\"line\" d=\"M{:.1f} {:.1f}", line.points[0].x + kMargin,
                 line.points[0].y + kMargin);
  for (std::size_t i = 1; i < line.points.size(); ++i) {
    const Point& a = line.points[i - 1];
    const Point& b = line.points[i];
    const double middle = (a.x + b.x) / 2 + kMargin;
    fmt::format_to(to, "C{0:.1f} {1:.1f} {0:.1f} {2:.1f} {3:.1f} {2:.1f}", middle, a.y + kMargin,
                   b.y + kMargin, b.x + kMargin);
  }
  out += "\"/>";
}

void draw_box(std::string& out, const GraphNode& node, const Point& corner,
              const GraphSizes& sizes) {
  const auto to = std::back_inserter(out);
  const double x = corner.x + kMargin;
  const double y = corner.y + kMargin;
  if (!node.link.empty()) fmt::format_to(to, "<a href=\"{}\">", node.link);
  fmt::format_to(to, "<g class=\"box {}\"><title>{}: {}</title>", style_of(node.state),
                 escaped_short(node.title, 200), name_of(node.state));
  if (node.is_many) {
    fmt::format_to(to,
                   "<rect class=\"behind\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" "
                   "rx=\"7\"/>",
                   x + 4, y + 4, sizes.box_width, sizes.box_height);
  }
  fmt::format_to(to,
                 "<rect class=\"card\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" "
                 "rx=\"7\"/>",
                 x, y, sizes.box_width, sizes.box_height);
  fmt::format_to(to,
                 "<rect class=\"mark\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"4\" height=\"{}\" "
                 "rx=\"2\"/>",
                 x + 6, y + 8, sizes.box_height - 16);
  fmt::format_to(to, "<text class=\"name\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", x + 18, y + 20,
                 escaped_short(node.title, kTitle));
  fmt::format_to(to, "<text class=\"small\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", x + 18, y + 35,
                 escaped_short(node.subtitle, kSubtitle));
  if (node.is_many) {
    const double width = sizes.box_width - 26;
    fmt::format_to(to,
                   "<rect class=\"track\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
                   "height=\"2.5\" rx=\"1\"/><rect class=\"mark\" x=\"{:.1f}\" y=\"{:.1f}\" "
                   "width=\"{:.1f}\" height=\"2.5\" rx=\"1\"/>",
                   x + 18, y + 40, width, x + 18, y + 40, width * node.done);
  }
  out += node.link.empty() ? "</g>" : "</g></a>";
}

}  // namespace

std::vector<GraphNode> graph_nodes(const RunPicture& picture) {
  if (picture.tasks.size() > kMostNodes) {
    std::vector<GraphNode> groups = grouped(picture, true);
    if (groups.size() > kMostNodes) groups = grouped(picture, false);
    return groups;
  }
  std::vector<GraphNode> nodes;
  for (std::size_t i = 0; i < picture.tasks.size(); ++i) {
    nodes.push_back(node_of(picture.tasks[i], i));
  }
  return nodes;
}

std::string graph_svg(const std::vector<GraphNode>& nodes) {
  std::vector<std::vector<std::uint32_t>> needs;
  for (const GraphNode& node : nodes) needs.push_back(node.needs);
  const GraphSizes sizes;
  const GraphLayout layout = lay_out(needs, sizes);
  const double width = layout.width + 2 * kMargin + 4;
  const double height = layout.height + 2 * kMargin + 4;
  std::string out = fmt::format(
      "<svg class=\"graph\" role=\"img\" aria-label=\"Graph of the tasks\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" style=\"min-width:{2:.0f}px\">",
      width, height, width * kSmallest);
  for (const GraphLine& line : layout.lines) draw_line(out, line);
  for (std::size_t i = 0; i < nodes.size(); ++i) draw_box(out, nodes[i], layout.boxes[i], sizes);
  out += "</svg>";
  return out;
}

std::string_view style_of(TaskState state) {
  switch (state) {
    case TaskState::succeeded:
    case TaskState::approved:
      return "good";
    case TaskState::failed:
    case TaskState::rejected:
      return "bad";
    case TaskState::running:
    case TaskState::expanded:
      return "busy";
    case TaskState::awaiting:
    case TaskState::delayed:
      return "held";
    case TaskState::waiting:
    case TaskState::skipped:
    case TaskState::cancelled:
      break;
  }
  return "idle";
}

std::string_view style_of(RunState state) {
  switch (state) {
    case RunState::succeeded:
      return "good";
    case RunState::failed:
      return "bad";
    case RunState::running:
      return "busy";
    case RunState::cancelled:
      return "idle";
    case RunState::partial:
    case RunState::paused_budget:
    case RunState::paused_window:
    case RunState::waiting_approval:
      break;
  }
  return "held";
}

}  // namespace tidegate::engine
