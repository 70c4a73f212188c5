#include "translation/response_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace tidegate::translation {
namespace {

class ResponseStoreTest : public testing::Test {
 protected:
  ResponseStoreTest() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(testing::TempDir()) /
            (std::string("responses_") + info->name() + std::to_string(::getpid()));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~ResponseStoreTest() override { std::filesystem::remove_all(path_); }

  std::unique_ptr<ResponseStore> open(std::size_t max_bytes = 1 << 20, bool file = true) {
    auto store = ResponseStore::open(
        {.path = file ? path_ / "responses.db" : "", .max_bytes = max_bytes, .ttl = 1h}, clock_);
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  }

  FakeClock clock_;
  std::filesystem::path path_;
};

TEST_F(ResponseStoreTest, gives_the_whole_conversation_to_its_owner_alone) {
  const auto store = open();
  store->remember("key-a", "resp_1", "", "1,2");
  store->remember("key-a", "resp_2", "resp_1", "3");
  store->remember("key-a", "resp_3", "resp_1", "4");  // another branch
  EXPECT_EQ(store->items_before("key-a", "resp_2"), "1,2,3");
  EXPECT_EQ(store->items_before("key-a", "resp_3"), "1,2,4");
  EXPECT_EQ(store->items_before("key-b", "resp_2"), std::nullopt);
  EXPECT_EQ(store->items_before("key-", "aresp_2"), std::nullopt);
  EXPECT_EQ(store->items_before("key-a", "resp_9"), std::nullopt);
}

TEST_F(ResponseStoreTest, survives_a_restart) {
  {
    const auto store = open();
    store->remember("a", "resp_1", "", "1");
    clock_.advance(40min);
    store->remember("a", "resp_2", "resp_1", "2");
  }
  clock_.advance(40min);  // resp_1 is old by itself, but resp_2 goes on from it
  const auto store = open();
  EXPECT_EQ(store->items_before("a", "resp_2"), "1,2");
  EXPECT_EQ(store->items_before("b", "resp_2"), std::nullopt);
  EXPECT_EQ(store->stats().last_error, "");
}

TEST_F(ResponseStoreTest, forgets_what_nobody_used_for_long) {
  auto store = open();
  store->remember("a", "resp_1", "", "1");
  store->remember("a", "resp_2", "", "2");
  clock_.advance(59min);
  EXPECT_EQ(store->items_before("a", "resp_2"), "2");
  clock_.advance(2min);
  EXPECT_EQ(store->items_before("a", "resp_1"), std::nullopt);
  EXPECT_EQ(store->items_before("a", "resp_2"), "2");
  store->remember("a", "resp_3", "resp_2", "3");
  store.reset();
  store = open();
  EXPECT_EQ(store->stats().responses, 2u);
}

TEST_F(ResponseStoreTest, stays_within_its_bounds_and_drops_the_least_used) {
  auto store = open(20'000);
  const std::string items(3000, '1');
  store->remember("a", "used", "", items);
  for (int i = 0; i < 20; ++i) {
    store->remember("a", "resp_" + std::to_string(i), "", items);
    store->flush();
    EXPECT_TRUE(store->items_before("a", "used")) << i;
  }
  EXPECT_LE(store->stats().bytes, 20'000u);
  EXPECT_GT(store->stats().evicted, 0u);
  EXPECT_EQ(store->items_before("a", "resp_0"), std::nullopt);
  EXPECT_TRUE(store->items_before("a", "resp_19"));
  EXPECT_EQ(store->stats().last_error, "");
  const auto kept = store->stats().responses;
  store.reset();
  EXPECT_EQ(open(20'000)->stats().responses, kept);
}

TEST_F(ResponseStoreTest, a_conversation_that_lost_its_beginning_is_not_given) {
  const auto store = open(1 << 20, false);
  store->remember("a", "resp_2", "resp_1", "2");
  EXPECT_EQ(store->items_before("a", "resp_2"), std::nullopt);
  store->remember("a", "loop", "loop", "1");
  EXPECT_EQ(store->items_before("a", "loop"), std::nullopt);
}

TEST_F(ResponseStoreTest, a_file_that_cannot_be_opened_is_an_error) {
  EXPECT_FALSE(ResponseStore::open({.path = path_ / "no" / "such.db"}, clock_));
}

}  // namespace
}  // namespace tidegate::translation
