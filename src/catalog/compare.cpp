#include "catalog/compare.h"

#include <algorithm>

namespace tidegate::catalog {
namespace {

void add_usage(Usage& sum, const Usage& each, std::int64_t count) {
  sum.prompt += each.prompt * count;
  sum.cached += each.cached * count;
  sum.cache_write += each.cache_write * count;
  sum.completion += each.completion * count;
  sum.reasoning += each.reasoning * count;
}

void keep_once(std::vector<Tokens>& sizes) {
  std::ranges::sort(sizes);
  sizes.erase(std::ranges::unique(sizes).begin(), sizes.end());
}

// Sizes up to and including a limit are one class.
std::size_t class_of(const std::vector<Tokens>& sizes, Tokens size) {
  return static_cast<std::size_t>(std::ranges::lower_bound(sizes, size) - sizes.begin());
}

// Pico-dollars; absent: a price that is needed is unknown.
std::optional<__int128> pico_cost(const Price& price, const Usage& usage, bool& cache_as_input) {
  __int128 pico = 0;
  bool known = true;
  const auto add = [&](Tokens tokens, const std::optional<PicoDollars>& each) {
    if (tokens == 0) return;
    known = known && each.has_value();
    if (each) pico += static_cast<__int128>(tokens) * each->value;
  };
  const auto of_cache = [&](Tokens tokens, const std::optional<PicoDollars>& each) {
    if (tokens != 0 && !each) cache_as_input = true;
    add(tokens, each ? each : price.input);
  };
  add(std::max<Tokens>(0, usage.prompt - usage.cached - usage.cache_write), price.input);
  of_cache(usage.cached, price.cached);
  of_cache(usage.cache_write, price.cache_write);
  add(usage.completion, price.output);
  return known ? std::optional(pico) : std::nullopt;
}

const Tier* tier_of(const Epoch& epoch, Tokens prompt) {
  const Tier* found = nullptr;
  for (const Tier& tier : epoch.tiers) {
    if (found == nullptr || prompt > tier.above) found = &tier;
  }
  return found;
}

void price(Compared& row, const Epoch& epoch, const std::vector<Workload::Class>& classes) {
  std::optional<__int128> off_peak = 0;
  std::optional<__int128> peak = 0;
  const auto add = [](std::optional<__int128>& sum, const std::optional<__int128>& part) {
    if (sum && part) *sum += *part;
    if (!part) sum.reset();
  };
  for (const Workload::Class& one : classes) {
    const Tier* const tier = tier_of(epoch, one.prompt);
    if (tier == nullptr) return;
    add(off_peak, pico_cost(tier->off_peak, one.sum, row.cache_as_input));
    add(peak, pico_cost(tier->peak, one.sum, row.cache_as_input));
  }
  const auto nano = [](const std::optional<__int128>& pico) -> std::optional<NanoDollars> {
    if (!pico) return std::nullopt;
    return NanoDollars{static_cast<std::int64_t>((*pico + 500) / 1000)};
  };
  row.off_peak = nano(off_peak);
  row.peak = nano(peak);
  row.has_peak = epoch.has_peak;
}

}  // namespace

Workload::Workload(const Catalog& catalog) {
  for (const Model& model : catalog.models()) {
    prompts_.push_back(model.max_input);
    wholes_.push_back(model.context);
    for (const Epoch& epoch : model.epochs) {
      for (const Tier& tier : epoch.tiers) prompts_.push_back(tier.above);
    }
  }
  keep_once(prompts_);
  keep_once(wholes_);
}

void Workload::add(const Usage& each, std::int64_t count) {
  const Tokens whole = each.prompt + each.completion;
  Class& one = classes_[{class_of(prompts_, each.prompt), class_of(wholes_, whole)}];
  add_usage(one.sum, each, count);
  one.requests += count;
  one.prompt = std::max(one.prompt, each.prompt);
  one.whole = std::max(one.whole, whole);
  requests_ += count;
  add_usage(usage_, each, count);
}

std::vector<Workload::Class> Workload::classes() const {
  std::vector<Class> all;
  for (const auto& [sizes, one] : classes_) all.push_back(one);
  return all;
}

std::vector<Compared> compare(const Catalog& catalog, const Workload& workload, WallTime at) {
  const auto classes = workload.classes();
  std::vector<Compared> rows;
  for (const Model& model : catalog.models()) {
    Compared& row = rows.emplace_back();
    row.model = &model;
    const Epoch* now = nullptr;
    for (const Epoch& epoch : model.epochs) {
      if (epoch.from <= at) now = &epoch;
    }
    if (now != nullptr) price(row, *now, classes);
    for (const Workload::Class& one : classes) {
      const bool fits = (model.context == 0 || one.whole <= model.context) &&
                        (model.max_input == 0 || one.prompt <= model.max_input);
      if (!fits) row.too_large += one.requests;
    }
  }
  std::ranges::sort(rows, [](const Compared& a, const Compared& b) {
    if (a.off_peak.has_value() != b.off_peak.has_value()) return a.off_peak.has_value();
    if (a.off_peak && *a.off_peak != *b.off_peak) return *a.off_peak < *b.off_peak;
    return a.model->id < b.model->id;
  });
  return rows;
}

}  // namespace tidegate::catalog
