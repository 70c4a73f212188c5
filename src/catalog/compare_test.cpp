#include "catalog/compare.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tidegate::catalog {
namespace {

const WallTime kAt{std::chrono::sys_days{std::chrono::year{2026} / 10 / 14}};

Compared row_of(const std::vector<Compared>& rows, std::string_view id) {
  const auto found = std::ranges::find(rows, id, [](const Compared& row) { return row.model->id; });
  EXPECT_NE(found, rows.end()) << id;
  return *found;
}

TEST(Compare, PricesAWorkloadByHand) {
  const Catalog& catalog = Catalog::shipped();
  Workload workload(catalog);
  workload.add({.prompt = 500, .cached = 300, .completion = 200}, 1'000'000);
  const auto rows = compare(catalog, workload, kAt);
  ASSERT_EQ(rows.size(), catalog.models().size());
  // 200 M fresh at 0.66, 300 M cached at 0.022, 200 M answered at 1.98 USD a million.
  const Compared pro = row_of(rows, "deepseek-v4-pro");
  EXPECT_EQ(format_usd(*pro.off_peak), "$534.60");
  EXPECT_EQ(format_usd(*pro.peak), "$1069.20");
  EXPECT_TRUE(pro.has_peak);
  const Compared opus = row_of(rows, "claude-opus-4.7");
  EXPECT_EQ(format_usd(*opus.off_peak), "$6150.00");  // 1000 + 150 + 5000
  EXPECT_FALSE(opus.has_peak);
  EXPECT_FALSE(row_of(rows, "openrouter/auto").off_peak) << "its price is unknown";
  const auto known = std::ranges::find_if(rows, [](const auto& row) { return !row.off_peak; });
  EXPECT_TRUE(std::is_sorted(
      rows.begin(), known, [](const auto& a, const auto& b) { return *a.off_peak < *b.off_peak; }));
  EXPECT_TRUE(std::all_of(known, rows.end(), [](const auto& row) { return !row.off_peak; }));
}

TEST(Compare, IsTheSumOfItsRequestsAndSaysWhatDoesNotFit) {
  const Catalog& catalog = Catalog::shipped();
  Workload workload(catalog);
  const std::vector<Usage> requests{{.prompt = 1000, .completion = 10},
                                    {.prompt = 300'000, .cached = 1000, .completion = 500},
                                    {.prompt = 1'048'000, .completion = 700},
                                    {.prompt = 1'048'000, .completion = 500}};
  for (const Usage& usage : requests) workload.add(usage);
  for (const Compared& row : compare(catalog, workload, kAt)) {
    std::int64_t too_large = 0;
    for (const Usage& usage : requests) {
      const bool fits =
          row.model->context == 0 || usage.prompt + usage.completion <= row.model->context;
      too_large +=
          fits && (row.model->max_input == 0 || usage.prompt <= row.model->max_input) ? 0 : 1;
    }
    EXPECT_EQ(row.too_large, too_large) << row.model->id;
    if (!row.off_peak || row.cache_as_input) continue;
    std::int64_t sum = 0;
    for (const Usage& usage : requests) {
      const Quote quote = catalog.quote(*row.model, kAt, usage.prompt);
      if (quote.peak) continue;
      sum += cost(*quote.price, usage)->value;
    }
    EXPECT_NEAR(static_cast<double>(row.off_peak->value), static_cast<double>(sum), 4)
        << row.model->id << ": each request was rounded";
  }
}

}  // namespace
}  // namespace tidegate::catalog
