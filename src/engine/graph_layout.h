// Where the boxes and lines of a graph of tasks go: layers from left to right by the longest path,
// neighbours near each other, lines around the boxes between. Pure function, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tidegate::engine {

struct Point {
  double x = 0, y = 0;
};

struct GraphSizes {
  double box_width = 176, box_height = 46;
  double between_layers = 56, between_rows = 16;
};

struct GraphLine {
  std::uint32_t from = 0, to = 0;
  std::vector<Point> points;  // the right side of `from`, a point in each layer between, `to`
};

struct GraphLayout {
  std::vector<Point> boxes;  // their upper left corners
  std::vector<GraphLine> lines;
  double width = 0, height = 0;
};

// `needs[i]` are what task i waits for; there is no cycle. For some hundreds of tasks.
[[nodiscard]] GraphLayout lay_out(std::span<const std::vector<std::uint32_t>> needs,
                                  const GraphSizes& sizes);

// By task: how many stand before it on the longest path. For any number of tasks.
[[nodiscard]] std::vector<std::uint32_t> depths(std::span<const std::vector<std::uint32_t>> needs);

}  // namespace tidegate::engine
