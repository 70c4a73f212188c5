#include "client/totals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace tidegate::client {
namespace {

TEST(LatencyCounts, PercentilesAreAtMostOnePercentTooHigh) {
  LatencyCounts counts;
  std::vector<Duration> all;
  for (int i = 0; i < 10'000; ++i) {
    const Duration each(static_cast<std::int64_t>(random_below(std::uint64_t{1} << (i % 50))));
    all.push_back(each);
    counts.add(each);
  }
  std::ranges::sort(all);
  for (const double share : {0.0001, 0.25, 0.5, 0.95, 0.99, 1.0}) {
    const Duration real = all[static_cast<std::size_t>(std::ceil(share * 10'000)) - 1];
    const Duration said = counts.percentile(share);
    EXPECT_GE(said, real) << share;
    EXPECT_LE(said.count(), real.count() + real.count() / 100) << share;
  }
}

TEST(LatencyCounts, ExtremesHaveTheirPlace) {
  LatencyCounts counts;
  EXPECT_EQ(counts.percentile(0.5), Duration{});
  EXPECT_EQ(counts.mean(), Duration{});
  counts.add(Duration(-5));
  EXPECT_EQ(counts.percentile(1), Duration{});
  counts.add(Duration::max());
  EXPECT_EQ(counts.percentile(1), Duration::max());
}

TEST(Totals, WhatFailedCountsAndWhatWasCanceledDoesNotLowerTheRate) {
  Totals totals;
  ChatAnswer answer;
  answer.timings.total = 10ms;
  totals.add(answer);
  totals.add(answer);
  totals.add(answer);
  totals.add(ChatResult(std::unexpected(RequestFailure{})));
  RequestFailure canceled;
  canceled.failure = FailureClass::canceled;
  totals.add(ChatResult(std::unexpected(canceled)));
  const CostSummary sums = totals.summary();
  EXPECT_EQ(sums.requests, 5u);
  EXPECT_EQ(sums.canceled, 1u);
  EXPECT_EQ(sums.success_rate, 0.75);
  EXPECT_EQ(sums.mean, 10ms);
}

}  // namespace
}  // namespace tidegate::client
