#include "config/reference.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace tidegate::config {
namespace {

// UPDATE_GOLDEN=1 writes the page instead of comparing it.
TEST(Reference, PageIsUpToDate) {
  const std::string path = std::string(TIDEGATE_SOURCE_DIR) + "/docs/configuration.md";
  const std::string page = reference_markdown();
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << page;
  std::ifstream file(path);
  const std::string committed{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(committed, page) << "run UPDATE_GOLDEN=1 config_test --gtest_filter=Reference.*";
}

}  // namespace
}  // namespace tidegate::config
