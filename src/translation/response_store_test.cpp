#include "translation/response_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <optional>

#include "store/migration.h"
#include "store/sqlite.h"

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

  // A response that added `input` and was answered with nothing.
  static void remember(ResponseStore& store, std::string_view owner, std::string_view id,
                       std::string_view previous, std::string_view input) {
    store.remember(owner, id, previous, {.input = std::string(input)});
  }
  // nullopt: the conversation is not known, or not whole.
  static std::optional<std::string> items(ResponseStore& store, std::string_view owner,
                                          std::string_view id) {
    const ResponseChain chain = store.conversation(owner, id);
    return chain.empty() ? std::nullopt : std::optional(items_of(chain));
  }

  FakeClock clock_;
  std::filesystem::path path_;
};

TEST_F(ResponseStoreTest, gives_the_whole_conversation_to_its_owner_alone) {
  const auto store = open();
  remember(*store, "key-a", "resp_1", "", "1,2");
  remember(*store, "key-a", "resp_2", "resp_1", "3");
  remember(*store, "key-a", "resp_3", "resp_1", "4");  // another branch
  EXPECT_EQ(items(*store, "key-a", "resp_2"), "1,2,3");
  EXPECT_EQ(items(*store, "key-a", "resp_3"), "1,2,4");
  EXPECT_EQ(items(*store, "key-b", "resp_2"), std::nullopt);
  EXPECT_EQ(items(*store, "key-", "aresp_2"), std::nullopt);
  EXPECT_EQ(items(*store, "key-a", "resp_9"), std::nullopt);
}

TEST_F(ResponseStoreTest, survives_a_restart) {
  {
    const auto store = open();
    remember(*store, "a", "resp_1", "", "1");
    clock_.advance(40min);
    remember(*store, "a", "resp_2", "resp_1", "2");
  }
  clock_.advance(40min);  // resp_1 is old by itself, but resp_2 goes on from it
  const auto store = open();
  EXPECT_EQ(items(*store, "a", "resp_2"), "1,2");
  EXPECT_EQ(items(*store, "b", "resp_2"), std::nullopt);
  EXPECT_EQ(store->stats().last_error, "");
}

TEST_F(ResponseStoreTest, forgets_what_nobody_used_for_long) {
  auto store = open();
  remember(*store, "a", "resp_1", "", "1");
  remember(*store, "a", "resp_2", "", "2");
  clock_.advance(59min);
  EXPECT_EQ(items(*store, "a", "resp_2"), "2");
  clock_.advance(2min);
  EXPECT_EQ(items(*store, "a", "resp_1"), std::nullopt);
  EXPECT_EQ(items(*store, "a", "resp_2"), "2");
  remember(*store, "a", "resp_3", "resp_2", "3");
  store.reset();
  store = open();
  EXPECT_EQ(store->stats().responses, 2u);
}

TEST_F(ResponseStoreTest, stays_within_its_bounds_and_drops_the_least_used) {
  auto store = open(20'000);
  const std::string text(3000, '1');
  remember(*store, "a", "used", "", text);
  for (int i = 0; i < 20; ++i) {
    remember(*store, "a", "resp_" + std::to_string(i), "", text);
    store->flush();
    EXPECT_TRUE(items(*store, "a", "used")) << i;
  }
  EXPECT_LE(store->stats().bytes, 20'000u);
  EXPECT_GT(store->stats().evicted, 0u);
  EXPECT_EQ(items(*store, "a", "resp_0"), std::nullopt);
  EXPECT_TRUE(items(*store, "a", "resp_19"));
  EXPECT_EQ(store->stats().last_error, "");
  const auto kept = store->stats().responses;
  store.reset();
  EXPECT_EQ(open(20'000)->stats().responses, kept);
}

TEST_F(ResponseStoreTest, a_conversation_that_lost_its_beginning_is_not_given) {
  const auto store = open(1 << 20, false);
  remember(*store, "a", "resp_2", "resp_1", "2");
  EXPECT_EQ(items(*store, "a", "resp_2"), std::nullopt);
  remember(*store, "a", "loop", "loop", "1");
  EXPECT_EQ(items(*store, "a", "loop"), std::nullopt);
}

TEST_F(ResponseStoreTest, keeps_the_answer_beside_what_was_asked) {
  const ResponseText text{.input = "1,2", .answer = R"({"output":[3, 4]})", .output = {11, 15}};
  {
    const auto store = open();
    store->remember("a", "resp_1", "", text);
    remember(*store, "a", "resp_2", "resp_1", "5");
  }
  const auto store = open();
  const auto found = store->find("a", "resp_1");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->answer, text.answer);
  EXPECT_EQ(found->output_items(), "3, 4");
  EXPECT_EQ(items(*store, "a", "resp_2"), "1,2,3, 4,5");
  EXPECT_EQ(store->find("b", "resp_1"), nullptr);
}

TEST_F(ResponseStoreTest, what_a_provider_keeps_is_known_but_no_conversation) {
  const auto store = open();
  store->remember("a", "resp_1", "", {.provider = "openai"});
  remember(*store, "a", "resp_2", "resp_1", "5");
  ASSERT_NE(store->find("a", "resp_1"), nullptr);
  EXPECT_EQ(store->find("a", "resp_1")->provider, "openai");
  EXPECT_EQ(items(*store, "a", "resp_1"), std::nullopt);
  EXPECT_EQ(items(*store, "a", "resp_2"), std::nullopt);
}

TEST_F(ResponseStoreTest, forgets_for_good) {
  {
    const auto store = open();
    remember(*store, "a", "resp_1", "", "1");
    remember(*store, "b", "resp_1", "", "2");
    remember(*store, "a", "resp_2", "resp_1", "3");
    store->forget("a", "resp_1");
    store->forget("a", "resp_9");
    EXPECT_EQ(store->find("a", "resp_1"), nullptr);
    EXPECT_EQ(items(*store, "a", "resp_2"), std::nullopt);
    EXPECT_EQ(items(*store, "b", "resp_1"), "2");
  }
  const auto store = open();
  EXPECT_EQ(store->find("a", "resp_1"), nullptr);
  EXPECT_NE(store->find("a", "resp_2"), nullptr);
  EXPECT_EQ(items(*store, "b", "resp_1"), "2");
}

TEST_F(ResponseStoreTest, reads_files_from_before_answers_were_kept) {
  {
    store::SqliteOptions sqlite;
    sqlite.path = path_ / "responses.db";
    auto file = store::open_sqlite(std::move(sqlite));
    ASSERT_TRUE(file);
    constexpr std::array<std::string_view, 1> kFirst{
        "CREATE TABLE response (owner TEXT NOT NULL, id TEXT NOT NULL, previous TEXT NOT NULL, "
        "used_us INTEGER NOT NULL, items TEXT NOT NULL, PRIMARY KEY (owner, id));"};
    ASSERT_TRUE(store::migrate(**file, "responses", kFirst));
    const std::array<store::Value, 1> used{
        std::chrono::duration_cast<std::chrono::microseconds>(clock_.wall().time_since_epoch())
            .count()};
    ASSERT_TRUE((*file)->run("INSERT INTO response VALUES ('a', 'resp_1', '', ?, '1,2')", used));
  }
  const auto store = open();
  EXPECT_EQ(items(*store, "a", "resp_1"), "1,2");
  EXPECT_EQ(store->find("a", "resp_1")->answer, "");
}

TEST_F(ResponseStoreTest, a_file_that_cannot_be_opened_is_an_error) {
  EXPECT_FALSE(ResponseStore::open({.path = path_ / "no" / "such.db"}, clock_));
}

}  // namespace
}  // namespace tidegate::translation
