#include "engine/budget.h"

#include <gtest/gtest.h>

namespace tidegate::engine {
namespace {

constexpr NanoDollars usd(std::int64_t dollars) { return {dollars * 1'000'000'000}; }

TEST(Budget, HoldsTheWorstCaseAndGivesBackWhatWasNotSpent) {
  Budget budget("the run", usd(10));
  EXPECT_TRUE(budget.reserve(usd(6)));
  EXPECT_FALSE(budget.reserve(usd(6)));
  EXPECT_EQ(budget.too_small_for(usd(6)), nullptr);
  budget.settle(usd(6), usd(1));
  EXPECT_EQ(budget.spent(), usd(1));
  EXPECT_EQ(budget.reserved(), usd(0));
  EXPECT_TRUE(budget.reserve(usd(9)));
  budget.settle(usd(9), usd(9));
  EXPECT_EQ(budget.too_small_for(usd(1)), &budget);
}

TEST(Budget, APartAsksTheWhole) {
  Budget run("the run", usd(10));
  Budget role("role a", usd(8), &run);
  Budget other("role b", {}, &run);
  EXPECT_TRUE(other.reserve(usd(5)));
  EXPECT_FALSE(role.reserve(usd(6)));
  EXPECT_EQ(role.reserved(), usd(0));
  other.settle(usd(5), usd(1));
  EXPECT_FALSE(role.reserve(usd(9)));
  EXPECT_EQ(role.too_small_for(usd(9)), &role);
  EXPECT_TRUE(role.reserve(usd(8)));
  role.settle(usd(8), usd(2));
  EXPECT_EQ(run.spent(), usd(3));
}

TEST(Budget, ThatIsOnlyHeldByOthersIsNotWhatIsTooSmall) {
  Budget run("the run", usd(7));
  Budget task("task a", usd(10), &run);
  EXPECT_TRUE(task.reserve(usd(3)));
  EXPECT_FALSE(task.reserve(usd(8)));
  EXPECT_EQ(task.too_small_for(usd(8)), &run);
}

TEST(Budget, WithoutALimitEverythingFitsAndIsCounted) {
  Budget budget("the run");
  EXPECT_TRUE(budget.reserve(usd(1'000'000)));
  budget.settle(usd(1'000'000), usd(3));
  EXPECT_EQ(budget.spent(), usd(3));
}

}  // namespace
}  // namespace tidegate::engine
