#include "engine/graph_layout.h"

#include <algorithm>
#include <numeric>

namespace tidegate::engine {
namespace {

constexpr int kSweeps = 6;

// A box, or the place where a long line crosses a layer.
struct Cell {
  std::uint32_t layer = 0;
  double rank = 0;  // in its layer
  double y = 0;     // of its middle
  bool is_box = false;
  std::vector<std::uint32_t> left, right;
};

class Layering {
 public:
  Layering(std::span<const std::vector<std::uint32_t>> needs, const GraphSizes& sizes)
      : needs_(needs), sizes_(sizes) {}

  GraphLayout make() {
    place_in_layers();
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      order(sweep % 2 == 0);
    }
    place_in_rows();
    return draw();
  }

 private:
  void place_in_layers() {
    const std::vector<std::uint32_t> depth = depths(needs_);
    for (std::size_t i = 0; i < needs_.size(); ++i) {
      cells_.push_back({.layer = depth[i], .is_box = true, .left = {}, .right = {}});
    }
    for (std::uint32_t to = 0; to < needs_.size(); ++to) {
      for (const std::uint32_t from : needs_[to]) {
        std::vector<std::uint32_t> chain{from};
        for (std::uint32_t layer = depth[from] + 1; layer < depth[to]; ++layer) {
          chain.push_back(static_cast<std::uint32_t>(cells_.size()));
          cells_.push_back({.layer = layer, .left = {}, .right = {}});
        }
        chain.push_back(to);
        for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
          cells_[chain[i]].right.push_back(chain[i + 1]);
          cells_[chain[i + 1]].left.push_back(chain[i]);
        }
        chains_.push_back(std::move(chain));
      }
    }
    for (std::uint32_t i = 0; i < cells_.size(); ++i) {
      if (cells_[i].layer >= layers_.size()) layers_.resize(cells_[i].layer + 1);
      cells_[i].rank = static_cast<double>(layers_[cells_[i].layer].size());
      layers_[cells_[i].layer].push_back(i);
    }
  }

  // Each cell goes where the middle of its neighbours in the layer before is.
  void order(bool from_left) {
    for (std::size_t step = 0; step < layers_.size(); ++step) {
      auto& layer = layers_[from_left ? step : layers_.size() - 1 - step];
      std::vector<std::pair<double, std::uint32_t>> wanted;
      for (const std::uint32_t i : layer) {
        const auto& others = from_left ? cells_[i].left : cells_[i].right;
        double sum = 0;
        for (const std::uint32_t other : others) sum += cells_[other].rank;
        wanted.emplace_back(
            others.empty() ? cells_[i].rank : sum / static_cast<double>(others.size()), i);
      }
      std::ranges::stable_sort(wanted, {}, &std::pair<double, std::uint32_t>::first);
      for (std::size_t at = 0; at < layer.size(); ++at) {
        layer[at] = wanted[at].second;
        cells_[layer[at]].rank = static_cast<double>(at);
      }
    }
  }

  [[nodiscard]] double height_of(const Cell& cell) const {
    return cell.is_box ? sizes_.box_height : sizes_.box_height / 4;
  }

  // Cells are drawn to their neighbours on both sides as far as those above and below let them.
  void place_in_rows() {
    for (const auto& layer : layers_) {
      double y = 0;
      for (const std::uint32_t i : layer) {
        cells_[i].y = y + height_of(cells_[i]) / 2;
        y += height_of(cells_[i]) + sizes_.between_rows;
      }
    }
    for (int sweep = 0; sweep < kSweeps * 2; ++sweep) {
      for (const auto& layer : layers_) settle(layer);
    }
  }

  void settle(const std::vector<std::uint32_t>& layer) {
    std::vector<double> wanted;
    for (const std::uint32_t i : layer) {
      double sum = cells_[i].y;
      for (const std::uint32_t other : cells_[i].left) sum += cells_[other].y;
      for (const std::uint32_t other : cells_[i].right) sum += cells_[other].y;
      wanted.push_back(sum /
                       static_cast<double>(1 + cells_[i].left.size() + cells_[i].right.size()));
    }
    // Down from the top, then up from the bottom, and the middle of both: each keeps its distance.
    const auto gap = [&](std::size_t above) {
      return (height_of(cells_[layer[above]]) + height_of(cells_[layer[above + 1]])) / 2 +
             sizes_.between_rows;
    };
    std::vector<double> down = wanted;
    for (std::size_t i = 1; i < layer.size(); ++i) {
      down[i] = std::max(down[i], down[i - 1] + gap(i - 1));
    }
    std::vector<double> up = wanted;
    for (std::size_t i = layer.size(); i-- > 1;) {
      up[i - 1] = std::min(up[i - 1], up[i] - gap(i - 1));
    }
    for (std::size_t i = 0; i < layer.size(); ++i) cells_[layer[i]].y = (down[i] + up[i]) / 2;
  }

  [[nodiscard]] double x_of(std::uint32_t layer) const {
    return static_cast<double>(layer) * (sizes_.box_width + sizes_.between_layers);
  }

  GraphLayout draw() {
    GraphLayout out;
    double top = 0;
    double bottom = 0;
    for (const Cell& cell : cells_) {
      top = std::min(top, cell.y - height_of(cell) / 2);
      bottom = std::max(bottom, cell.y + height_of(cell) / 2);
    }
    for (std::size_t i = 0; i < needs_.size(); ++i) {
      out.boxes.push_back({x_of(cells_[i].layer), cells_[i].y - sizes_.box_height / 2 - top});
    }
    for (const auto& chain : chains_) {
      GraphLine line{chain.front(), chain.back(), {}};
      for (const std::uint32_t i : chain) {
        const double x = x_of(cells_[i].layer);
        const double y = cells_[i].y - top;
        if (i == chain.front()) {
          line.points.push_back({x + sizes_.box_width, y});
        } else if (i == chain.back()) {
          line.points.push_back({x, y});
        } else {
          line.points.push_back({x, y});
          line.points.push_back({x + sizes_.box_width, y});
        }
      }
      out.lines.push_back(std::move(line));
    }
    out.height = bottom - top;
    if (!layers_.empty()) {
      out.width = x_of(static_cast<std::uint32_t>(layers_.size() - 1)) + sizes_.box_width;
    }
    return out;
  }

  std::span<const std::vector<std::uint32_t>> needs_;
  const GraphSizes& sizes_;
  std::vector<Cell> cells_;
  std::vector<std::vector<std::uint32_t>> layers_;
  std::vector<std::vector<std::uint32_t>> chains_;  // of each need, with the cells on its way
};

}  // namespace

std::vector<std::uint32_t> depths(std::span<const std::vector<std::uint32_t>> needs) {
  const std::size_t count = needs.size();
  std::vector<std::uint32_t> unmet(count);
  std::vector<std::vector<std::uint32_t>> dependents(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    unmet[i] = static_cast<std::uint32_t>(needs[i].size());
    for (const std::uint32_t need : needs[i]) dependents[need].push_back(i);
  }
  std::vector<std::uint32_t> ready;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (unmet[i] == 0) ready.push_back(i);
  }
  std::vector<std::uint32_t> out(count, 0);
  while (!ready.empty()) {
    const std::uint32_t task = ready.back();
    ready.pop_back();
    for (const std::uint32_t next : dependents[task]) {
      out[next] = std::max(out[next], out[task] + 1);
      if (--unmet[next] == 0) ready.push_back(next);
    }
  }
  return out;
}

GraphLayout lay_out(std::span<const std::vector<std::uint32_t>> needs, const GraphSizes& sizes) {
  return Layering(needs, sizes).make();
}

}  // namespace tidegate::engine
