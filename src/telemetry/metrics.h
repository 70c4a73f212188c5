// Counters, levels and histograms of one process, and their Prometheus text.
// Used by the gateway: a Registry hands out ids when a config is loaded, a worker counts into its
// own Cells. Registry: any thread. Cells: written by one worker, never shared with another writer.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidegate::telemetry {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Ids are positions in Cells: small values to keep in a config snapshot and copy freely.
struct CounterId {
  std::uint32_t cell = 0;
};
struct LevelId {  // goes up and down: open connections, requests in flight
  std::uint32_t cell = 0;
};
struct HistogramId {
  std::uint32_t cell = 0;         // one cell per bucket, the last is +Inf, then the sum
  std::uint32_t bounds_size = 0;  // at most kMaxBounds
  const double* bounds = nullptr;
};

inline constexpr std::size_t kMaxBounds = 20;

// The numbers of one worker. Budget: 2 ns an add, 10 ns an observe (metrics_bench.cpp), so no lock
// and no locked instruction: there is one writer, and a scrape may read a value that is a moment
// old.
class Cells {
 public:
  Cells() = default;
  ~Cells();
  Cells(const Cells&) = delete;
  Cells& operator=(const Cells&) = delete;

  void add(CounterId id, std::uint64_t n = 1) { bump(cell(id.cell), n); }
  // A level may rise in one worker and fall in another; the sum over the workers is what counts.
  void add(LevelId id, std::int64_t n) { bump(cell(id.cell), static_cast<std::uint64_t>(n)); }
  // NaN is not counted: it would make the sum useless for ever.
  void observe(const HistogramId& id, double value);

  [[nodiscard]] std::uint64_t read(std::uint32_t index) const;

 private:
  using Cell = std::atomic<std::uint64_t>;
  static constexpr std::size_t kChunk = 1024;
  static constexpr std::size_t kChunks = 1024;  // a million cells; a histogram needs about 20
  friend class Registry;

  static void bump(Cell& cell, std::uint64_t n) {
    cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  Cell& cell(std::uint32_t index) {
    std::array<Cell, kChunk>* chunk = chunks_[index / kChunk].load(std::memory_order_relaxed);
    if (chunk == nullptr) [[unlikely]] {
      chunk = add_chunk(index / kChunk);
    }
    return (*chunk)[index % kChunk];
  }
  std::array<Cell, kChunk>* add_chunk(std::size_t index);

  // Chunks never move, so that a scrape can read while the worker adds more.
  std::array<std::atomic<std::array<Cell, kChunk>*>, kChunks> chunks_{};
};

enum class Kind : std::uint8_t { counter, gauge, histogram };

// Takes the values of a metric that somebody else keeps.
class Samples {
 public:
  void add(const Labels& labels, double value);

 private:
  friend class Registry;
  std::map<std::string, double> values_;
};

// Metric and label names are ours and are checked: a wrong one, or one name with two kinds, throws
// std::invalid_argument. Label values may be any text. Asking twice for the same metric and labels
// gives the same id, so a config reload goes on counting where the old one stood.
class Registry {
 public:
  CounterId counter(std::string_view name, std::string_view help, const Labels& labels = {});
  LevelId level(std::string_view name, std::string_view help, const Labels& labels = {});
  // bounds: ascending, 1 to kMaxBounds, without +Inf; the first caller's bounds hold.
  HistogramId histogram(std::string_view name, std::string_view help,
                        std::span<const double> bounds, const Labels& labels = {});
  // A metric read at scrape time, on the scraping thread. A second call replaces the first. `read`
  // must not call this registry, and what it captures must live as long as the registry does.
  void sampled(Kind kind, std::string_view name, std::string_view help,
               std::function<void(Samples&)> read);

  // The cells of a new worker; owned here, kept when the worker ends (a counter never falls).
  Cells& make_cells();

  // The exposition format 0.0.4, families and series in alphabetical order.
  [[nodiscard]] std::string prometheus() const;
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Family {
    Kind kind = Kind::counter;
    std::string help;
    std::vector<double> bounds;
    std::map<std::string, std::uint32_t> series;  // rendered labels -> first cell
    std::function<void(Samples&)> read;
  };
  Family& family(Kind kind, std::string_view name, std::string_view help);
  std::uint32_t series(Family& family, const Labels& labels, std::size_t cells);
  void write_histogram(std::string& out, const std::string& name, const Family& family,
                       const std::string& labels, std::uint32_t first) const;
  [[nodiscard]] std::uint64_t sum(std::uint32_t cell) const;

  // Taken when a config is loaded and at a scrape, never while a request is served.
  mutable std::mutex mutex_;
  std::map<std::string, Family, std::less<>> families_;
  std::vector<std::unique_ptr<Cells>> workers_;
  std::uint32_t next_cell_ = 0;
};

inline void Cells::observe(const HistogramId& id, double value) {
  if (value != value) [[unlikely]] {
    return;
  }
  // How many bounds are below the value, by halving the range without a branch to mispredict.
  const double* below = id.bounds;
  for (std::uint32_t left = id.bounds_size; left > 0;) {
    const std::uint32_t half = (left + 1) / 2;
    below += value > below[half - 1] ? half : 0;
    left -= half;
  }
  bump(cell(id.cell + static_cast<std::uint32_t>(below - id.bounds)), 1);
  Cell& sum = cell(id.cell + id.bounds_size + 1);
  sum.store(std::bit_cast<std::uint64_t>(
                std::bit_cast<double>(sum.load(std::memory_order_relaxed)) + value),
            std::memory_order_relaxed);
}

}  // namespace tidegate::telemetry
