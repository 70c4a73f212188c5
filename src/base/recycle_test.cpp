#include "base/recycle.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

namespace tidegate {
namespace {

TEST(Recycle, BlocksAreUsableAtEverySize) {
  for (std::size_t size = 1; size <= 9000; size += 61) {
    void* const block = recycle_allocate(size);
    std::memset(block, 0x5a, size);
    recycle_free(block, size);
  }
}

TEST(Recycle, BlocksInUseAreDistinct) {
  std::vector<char*> blocks;
  for (int i = 0; i < 300; ++i) {
    blocks.push_back(static_cast<char*>(recycle_allocate(500)));
    std::memset(blocks.back(), i % 100, 500);
  }
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(blocks[static_cast<std::size_t>(i)][499], i % 100);
    recycle_free(blocks[static_cast<std::size_t>(i)], 500);
  }
}

TEST(Recycle, AnotherThreadMayFree) {
  void* const block = recycle_allocate(1000);
  std::thread([block] { recycle_free(block, 1000); }).join();
  void* const next = recycle_allocate(1000);
  recycle_free(next, 1000);
}

}  // namespace
}  // namespace tidegate
