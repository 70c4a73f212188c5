#include "simulator/prompt_cache.h"

#include <gtest/gtest.h>

namespace tidegate::simulator {
namespace {

constexpr std::size_t kChars = 1000;  // 300 tokens, and 4 for the message

Message text(std::string role, char letter) {
  Message message;
  message.role = std::move(role);
  message.content = std::string(kChars, letter);
  return message;
}

class PromptCacheTest : public testing::Test {
 protected:
  Tokens cached(std::vector<Message> messages, std::uint64_t domain = 1) {
    ChatRequest request;
    request.messages = std::move(messages);
    return cache_.look_up(request, text("assistant", 'z'), domain, 1, 0);
  }
  PromptCache cache_;
};

TEST_F(PromptCacheTest, HitsTheWholePromptOfAnEarlierRequest) {
  EXPECT_EQ(cached({text("user", 'a')}), 0);
  EXPECT_EQ(cached({text("user", 'a')}), 304);
  EXPECT_EQ(cached({text("user", 'a')}, 2), 0) << "another key";
}

TEST_F(PromptCacheTest, HitsPromptAndAnswerInTheNextTurn) {
  cached({text("user", 'a')});
  EXPECT_EQ(cached({text("user", 'a'), text("assistant", 'z'), text("user", 'b')}), 608);
}

// "A+B then A+C misses; A is stored, A+D then hits" (fact sheet 1.8).
TEST_F(PromptCacheTest, ACommonPrefixHitsFromTheThirdRequestOn) {
  EXPECT_EQ(cached({text("system", 'a'), text("user", 'b')}), 0);
  EXPECT_EQ(cached({text("system", 'a'), text("user", 'c')}), 0);
  EXPECT_EQ(cached({text("system", 'a'), text("user", 'd')}), 304);
}

TEST_F(PromptCacheTest, RoundsDownAndHasAMinimum) {
  ChatRequest request;
  request.messages = {text("user", 'a')};
  const Message answer = text("assistant", 'z');
  EXPECT_EQ(cache_.look_up(request, answer, 1, 64, 0), 0);
  EXPECT_EQ(cache_.look_up(request, answer, 1, 64, 0), 256);
  EXPECT_EQ(cache_.look_up(request, answer, 1, 128, 1024), 0);
}

TEST(LruMap, ForgetsWhatWasUsedLongestAgo) {
  LruMap<int> map(2);
  map.get(1, 10);
  map.get(2, 20);
  EXPECT_NE(map.find(1), nullptr);
  map.get(3, 30);
  EXPECT_EQ(map.find(2), nullptr);
  EXPECT_EQ(*map.find(1), 10);
  EXPECT_EQ(*map.find(3), 30);
}

}  // namespace
}  // namespace tidegate::simulator
