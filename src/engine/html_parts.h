// The parts of the page about a run: its graph, its plan of times. Inline SVG with classes of the
// page's style. Pure functions, any thread.
#pragma once

#include <string>
#include <vector>

#include "engine/run_picture.h"

namespace tidegate::engine {

// Tasks as the graph shows them: each by itself, or where there are many those of one depth and
// role as one.
struct GraphNode {
  std::string title, subtitle;
  std::string link;  // of a row in the table of tasks; empty: none
  TaskState state = TaskState::waiting;
  double done = 0;  // share of what has ended, for a fan-out or a group; 1 for a task that has
  bool is_many = false;
  std::vector<std::uint32_t> needs;
};
[[nodiscard]] std::vector<GraphNode> graph_nodes(const RunPicture& picture);

[[nodiscard]] std::string graph_svg(const std::vector<GraphNode>& nodes);
// A row for each task that has begun, the first to begin first; of more than `rows`, one for each
// role.
[[nodiscard]] std::string times_svg(const RunPicture& picture, std::size_t rows);

// The class of a state in the style.
[[nodiscard]] std::string_view style_of(TaskState state);
[[nodiscard]] std::string_view style_of(RunState state);

}  // namespace tidegate::engine
