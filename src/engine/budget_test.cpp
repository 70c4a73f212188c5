#include "engine/budget.h"

#include <gtest/gtest.h>

namespace tidegate::engine {
namespace {

constexpr NanoDollars usd(std::int64_t dollars) { return {dollars * 1'000'000'000}; }

TEST(Budget, HoldsTheWorstCaseAndGivesBackWhatWasNotSpent) {
  Budget budget("the run", usd(10));
  EXPECT_EQ(budget.reserve(usd(6)), nullptr);
  EXPECT_EQ(budget.reserve(usd(6)), &budget);
  EXPECT_TRUE(budget.could_hold(usd(6)));
  budget.settle(usd(6), usd(1));
  EXPECT_EQ(budget.spent(), usd(1));
  EXPECT_EQ(budget.reserved(), usd(0));
  EXPECT_EQ(budget.reserve(usd(9)), nullptr);
  budget.settle(usd(9), usd(9));
  EXPECT_FALSE(budget.could_hold(usd(1)));
}

TEST(Budget, APartAsksTheWhole) {
  Budget run("the run", usd(10));
  Budget role("role a", usd(8), &run);
  Budget other("role b", {}, &run);
  EXPECT_EQ(other.reserve(usd(5)), nullptr);
  EXPECT_EQ(role.reserve(usd(6)), &run);
  EXPECT_EQ(role.reserved(), usd(0));
  other.settle(usd(5), usd(1));
  EXPECT_EQ(role.reserve(usd(9)), &role);
  EXPECT_EQ(role.reserve(usd(8)), nullptr);
  role.settle(usd(8), usd(2));
  EXPECT_EQ(run.spent(), usd(3));
}

TEST(Budget, WithoutALimitEverythingFitsAndIsCounted) {
  Budget budget("the run");
  EXPECT_EQ(budget.reserve(usd(1'000'000)), nullptr);
  budget.settle(usd(1'000'000), usd(3));
  EXPECT_EQ(budget.spent(), usd(3));
}

}  // namespace
}  // namespace tidegate::engine
