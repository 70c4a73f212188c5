#include "http/head_memo.h"

#include <gtest/gtest.h>

namespace tidegate::http {
namespace {

constexpr std::string_view kHead =
    "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-Key: 1\r\nContent-Length: 123\r\n\r\n";

RequestHead parse(std::string_view bytes) {
  RequestHead head;
  EXPECT_EQ(parse_request_head(bytes, {}, head).state, HeadState::complete);
  return head;
}

TEST(HeadMemo, RecallsTheSameHeadWithAnotherLength) {
  HeadMemo memo;
  memo.remember(kHead, parse(kHead));
  std::string other(kHead);
  other.replace(other.find("123"), 3, "789");
  other += "body";
  RequestHead head;
  ASSERT_TRUE(memo.recall(other, head));
  EXPECT_EQ(head.content_length, 789u);
  EXPECT_EQ(head.framing, Framing::length);
  EXPECT_EQ(head.size, kHead.size());
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/v1/chat/completions");
  EXPECT_EQ(head.host, "a");
  EXPECT_EQ(head.headers.find("x-key"), "1");
  EXPECT_GE(head.headers.lines().data(), other.data());
  EXPECT_LT(head.headers.lines().data(), other.data() + other.size());
  EXPECT_NE(head.shape, 0u);
}

TEST(HeadMemo, RecallsOnlyWhatParsesTheSame) {
  HeadMemo memo;
  memo.remember(kHead, parse(kHead));
  for (const auto& [from, to] : {std::pair{"X-Key: 1", "X-Key: 2"},
                                 {"Length: 123", "Length: 1x3"},
                                 {"Length: 123", "Length: +23"},
                                 {"Length: 123", "Length: 12"},
                                 {"POST", "post"},
                                 {"\r\n\r\n", "\r\n\n"}}) {
    std::string other(kHead);
    other.replace(other.find(from), std::string_view(from).size(), to);
    RequestHead head;
    EXPECT_FALSE(memo.recall(other, head)) << other;
  }
  RequestHead head;
  EXPECT_FALSE(memo.recall(kHead.substr(0, kHead.size() - 1), head));
}

TEST(HeadMemo, ALengthOfZeroHasNoBody) {
  HeadMemo memo;
  memo.remember(kHead, parse(kHead));
  std::string other(kHead);
  other.replace(other.find("123"), 3, "000");
  RequestHead head;
  ASSERT_TRUE(memo.recall(other, head));
  EXPECT_EQ(head.framing, parse(other).framing);
}

TEST(HeadMemo, HeadsWithoutALengthAndChunkedOnes) {
  for (const std::string_view line : {"", "Transfer-Encoding: chunked\r\n"}) {
    const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(line) + "\r\n";
    HeadMemo memo;
    memo.remember(bytes, parse(bytes));
    RequestHead head;
    ASSERT_TRUE(memo.recall(bytes, head));
    EXPECT_EQ(head.framing, parse(bytes).framing);
  }
}

}  // namespace
}  // namespace tidegate::http
