#include "simulator/pattern_sample.h"

#include <gtest/gtest.h>

namespace tidegate::simulator {
namespace {

TEST(PatternSample, IsTheShortestAndFirst) {
  EXPECT_EQ(sample_of_pattern("^CWE-[0-9]+$"), "CWE-0");
  EXPECT_EQ(sample_of_pattern("^v\\d{1,3}(\\.\\d+){2}$"), "v0.0.0");
  EXPECT_EQ(sample_of_pattern("^(red|green)?x*$"), "");
  EXPECT_EQ(sample_of_pattern("(?:low|high)-[\\w-]"), "low-a");
  EXPECT_EQ(sample_of_pattern("a|b"), "a");
}

TEST(PatternSample, LeavesWhatItDoesNotRead) {
  for (const char* pattern :
       {"[^a]", "(?=a)b", "\\1", "a{2", "(a", "a)", "[a", "*a", "\\", "[", "a{99999}", "[]a]"}) {
    EXPECT_EQ(sample_of_pattern(pattern), std::nullopt) << pattern;
  }
  EXPECT_EQ(sample_of_pattern(std::string(1000, '(')), std::nullopt);
}

}  // namespace
}  // namespace tidegate::simulator
