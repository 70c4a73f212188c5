// What one workload would cost with every model of a catalogue, at peak hours and off. Requests of
// like size are summed up first, so that it does not matter how many they are.
// Plain values, one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "catalog/catalog.h"

namespace tidegate::catalog {

class Workload {
 public:
  // Sizes matter where a model of the catalogue has a dearer price or a limit.
  explicit Workload(const Catalog& catalog);
  // `count` requests that used `each`.
  void add(const Usage& each, std::int64_t count = 1);
  [[nodiscard]] std::int64_t requests() const { return requests_; }
  [[nodiscard]] const Usage& usage() const { return usage_; }

  // Requests between the same two sizes of all.
  struct Class {
    Usage sum;
    std::int64_t requests = 0;
    Tokens prompt = 0, whole = 0;  // of the largest: prompt; prompt and answer
  };
  [[nodiscard]] std::vector<Class> classes() const;

 private:
  std::vector<Tokens> prompts_, wholes_;  // sizes that matter, ascending
  std::map<std::pair<std::size_t, std::size_t>, Class> classes_;
  std::int64_t requests_ = 0;
  Usage usage_;
};

struct Compared {
  const Model* model = nullptr;
  std::optional<NanoDollars> off_peak, peak;  // absent: a price is unknown
  bool has_peak = false;
  bool cache_as_input = false;  // no price of the cache is known, so its tokens count as fresh ones
  std::int64_t too_large = 0;   // requests that do not fit its context
};

// Cheapest first, off-peak; those of unknown price last, by name. `at`: whose prices.
[[nodiscard]] std::vector<Compared> compare(const Catalog& catalog, const Workload& workload,
                                            WallTime at);

}  // namespace tidegate::catalog
