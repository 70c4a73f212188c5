#include "telemetry/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>

namespace tidegate::telemetry {
namespace {

// Prometheus allows ':' in metric names too, but keeps it for recording rules.
bool is_name(std::string_view text) {
  const auto is_first = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !text.empty() && is_first(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_first(c) || (c >= '0' && c <= '9'); });
}

void require_name(std::string_view text) {
  if (!is_name(text)) {
    throw std::invalid_argument(fmt::format("'{}' is not a metric or label name", text));
  }
}

// HELP escapes backslash and newline; a label value also the quote.
void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

// `route="a",model="b"`, without braces, so that a histogram can add its `le`.
std::string render(const Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    require_name(name);
    if (!out.empty()) {
      out += ',';
    }
    out += name;
    out += "=\"";
    append_escaped(out, value, true);
    out += '"';
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }
  return fmt::format("{}", value);
}

std::string_view name(Kind kind) {
  switch (kind) {
    case Kind::counter:
      return "counter";
    case Kind::gauge:
      return "gauge";
    case Kind::histogram:
      return "histogram";
  }
  return "untyped";
}

void append_sample(std::string& out, std::string_view name, std::string_view labels,
                   std::string_view value) {
  out += name;
  if (!labels.empty()) {
    fmt::format_to(std::back_inserter(out), "{{{}}}", labels);
  }
  fmt::format_to(std::back_inserter(out), " {}\n", value);
}

}  // namespace

Cells::~Cells() {
  for (auto& chunk : chunks_) {
    delete chunk.load(std::memory_order_relaxed);
  }
}

std::array<Cells::Cell, Cells::kChunk>* Cells::add_chunk(std::size_t index) {
  auto* chunk = new std::array<Cell, kChunk>{};
  chunks_[index].store(chunk, std::memory_order_release);
  return chunk;
}

std::uint64_t Cells::read(std::uint32_t index) const {
  const auto* chunk = chunks_[index / kChunk].load(std::memory_order_acquire);
  return chunk == nullptr ? 0 : (*chunk)[index % kChunk].load(std::memory_order_relaxed);
}

void Samples::add(const Labels& labels, double value) { values_[render(labels)] = value; }

CounterId Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  return {series(family(Kind::counter, name, help), labels, 1)};
}

LevelId Registry::level(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  return {series(family(Kind::gauge, name, help), labels, 1)};
}

HistogramId Registry::histogram(std::string_view name, std::string_view help,
                                std::span<const double> bounds, const Labels& labels) {
  const bool ascending =
      std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<>{}) == bounds.end();
  if (bounds.empty() || bounds.size() > kMaxBounds || !ascending) {
    throw std::invalid_argument(fmt::format("{}: 1 to {} ascending bounds", name, kMaxBounds));
  }
  const std::lock_guard lock(mutex_);
  Family& target = family(Kind::histogram, name, help);
  if (target.bounds.empty()) {
    target.bounds.assign(bounds.begin(), bounds.end());
  }
  const std::size_t size = target.bounds.size();
  return {series(target, labels, size + 2), static_cast<std::uint32_t>(size), target.bounds.data()};
}

void Registry::sampled(Kind kind, std::string_view name, std::string_view help,
                       std::function<void(Samples&)> read) {
  const std::lock_guard lock(mutex_);
  family(kind, name, help).read = std::move(read);
}

Cells& Registry::make_cells() {
  const std::lock_guard lock(mutex_);
  return *workers_.emplace_back(std::make_unique<Cells>());
}

Registry::Family& Registry::family(Kind kind, std::string_view name, std::string_view help) {
  const auto found = families_.find(name);
  if (found == families_.end()) {
    require_name(name);
    Family& added = families_[std::string(name)];
    added.kind = kind;
    added.help = help;
    return added;
  }
  if (found->second.kind != kind) {
    throw std::invalid_argument(fmt::format("metric {} has two kinds", name));
  }
  return found->second;
}

std::uint32_t Registry::series(Family& family, const Labels& labels, std::size_t cells) {
  const auto [entry, added] = family.series.try_emplace(render(labels), next_cell_);
  if (added) {
    if (next_cell_ + cells > Cells::kChunk * Cells::kChunks) {
      family.series.erase(entry);
      throw std::invalid_argument("too many metric series");
    }
    next_cell_ += static_cast<std::uint32_t>(cells);
  }
  return entry->second;
}

std::uint64_t Registry::sum(std::uint32_t cell) const {
  std::uint64_t total = 0;
  for (const auto& worker : workers_) {
    total += worker->read(cell);
  }
  return total;
}

void Registry::write_histogram(std::string& out, const std::string& name, const Family& family,
                               const std::string& labels, std::uint32_t first) const {
  const std::string separator = labels.empty() ? "" : ",";
  const auto size = static_cast<std::uint32_t>(family.bounds.size());
  std::uint64_t count = 0;
  for (std::uint32_t i = 0; i <= size; ++i) {
    count += sum(first + i);
    const std::string bound = i < size ? number(family.bounds[i]) : "+Inf";
    append_sample(out, name + "_bucket", fmt::format("{}{}le=\"{}\"", labels, separator, bound),
                  fmt::format("{}", count));
  }
  double total = 0;
  for (const auto& worker : workers_) {
    total += std::bit_cast<double>(worker->read(first + size + 1));
  }
  append_sample(out, name + "_sum", labels, number(total));
  append_sample(out, name + "_count", labels, fmt::format("{}", count));
}

std::string Registry::prometheus() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    out += "# HELP " + name + ' ';
    append_escaped(out, family.help, false);
    fmt::format_to(std::back_inserter(out), "\n# TYPE {} {}\n", name, telemetry::name(family.kind));
    for (const auto& [labels, first] : family.series) {
      switch (family.kind) {
        case Kind::counter:
          append_sample(out, name, labels, fmt::format("{}", sum(first)));
          break;
        case Kind::gauge:
          append_sample(out, name, labels,
                        fmt::format("{}", static_cast<std::int64_t>(sum(first))));
          break;
        case Kind::histogram:
          write_histogram(out, name, family, labels, first);
          break;
      }
    }
    if (family.read) {
      Samples samples;
      family.read(samples);
      for (const auto& [labels, value] : samples.values_) {
        append_sample(out, name, labels, number(value));
      }
    }
  }
  return out;
}

}  // namespace tidegate::telemetry
