#include "redis/reply.h"

#include <gtest/gtest.h>

#include <limits>

namespace tidegate::redis {
namespace {

using Kind = Reply::Kind;

// What `bytes` are read as, whole and byte by byte; both must agree.
Reply read(std::string_view bytes) {
  ReplyReader whole;
  whole.feed(bytes);
  auto reply = whole.next();
  EXPECT_TRUE(reply && *reply) << bytes;
  EXPECT_TRUE(whole.empty());
  ReplyReader slow;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    slow.feed(bytes.substr(i, 1));
    auto next = slow.next();
    EXPECT_TRUE(next) << bytes;
    EXPECT_EQ(next->has_value(), i + 1 == bytes.size()) << bytes;
    if (*next) {
      EXPECT_EQ(**next, **reply);
    }
  }
  return reply && *reply ? **reply : Reply{};
}

bool is_refused(std::string_view bytes) {
  ReplyReader reader;
  reader.feed(bytes);
  return !reader.next().has_value();
}

TEST(Reply, is_read_in_both_versions) {
  EXPECT_EQ(read("+OK\r\n").text, "OK");
  EXPECT_EQ(read("$5\r\na\r\nbc\r\n").text, "a\r\nbc");
  EXPECT_EQ(read("$0\r\n\r\n").kind, Kind::text);
  EXPECT_EQ(read("=7\r\ntxt:abc\r\n").text, "abc");
  EXPECT_EQ(read("(12345678901234567890\r\n").text, "12345678901234567890");
  EXPECT_TRUE(read("-NOSCRIPT No matching script\r\n").is_error("NOSCRIPT"));
  EXPECT_TRUE(read("!6\r\nERR no\r\n").is_error("ERR"));
  EXPECT_EQ(read(":-42\r\n").integer, -42);
  EXPECT_EQ(read(":+42\r\n").integer, 42);
  EXPECT_EQ(read(",1.5\r\n").real, 1.5);
  EXPECT_EQ(read(",-inf\r\n").real, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(read("#t\r\n").integer, 1);
  for (const char* null : {"_\r\n", "$-1\r\n", "*-1\r\n"}) EXPECT_EQ(read(null).kind, Kind::null);
}

TEST(Reply, has_items) {
  const Reply list = read("*3\r\n:1\r\n*1\r\n+a\r\n$-1\r\n");
  ASSERT_EQ(list.items.size(), 3u);
  EXPECT_EQ(list.at(1)->at(0)->text, "a");
  EXPECT_EQ(list.at(3), nullptr);
  EXPECT_EQ(list.at(0)->number(), 1);
  const Reply map = read("%2\r\n+version\r\n$5\r\n7.0.1\r\n+proto\r\n:3\r\n");
  EXPECT_EQ(map.kind, Kind::map);
  EXPECT_EQ(map.find("version")->text, "7.0.1");
  EXPECT_EQ(map.find("role"), nullptr);
  EXPECT_EQ(read("*2\r\n+proto\r\n:2\r\n").find("proto")->integer, 2);
  EXPECT_EQ(read("~1\r\n+x\r\n").kind, Kind::list);
}

TEST(Reply, that_nobody_asked_for_is_left_out) {
  ReplyReader reader;
  reader.feed(">2\r\n+invalidate\r\n:1\r\n|1\r\n+ttl\r\n:9\r\n+OK\r\n+next\r\n");
  EXPECT_EQ((**reader.next()).text, "OK");
  EXPECT_EQ((**reader.next()).text, "next");
  EXPECT_FALSE(reader.next()->has_value());
}

TEST(Reply, of_another_protocol_is_refused) {
  for (const char* bytes :
       {"HTTP/1.1 400 Bad Request\r\n", "+a\nb\r\n", "+a\rb\r\n", "$3\r\nabcd\r\n", "$-2\r\n",
        "$+3\r\nabc\r\n", "*-2\r\n", ":\r\n", ":1.0\r\n", ":1 \r\n", ",x\r\n", "#y\r\n", "_x\r\n",
        "=3\r\nabc\r\n", "=4\r\nabcd\r\n", "*1\r\n>1\r\n:1\r\n", "$99999999\r\n", "\r\n",
        ":9223372036854775808\r\n"}) {
    EXPECT_TRUE(is_refused(bytes)) << bytes;
  }
  std::string deep;
  for (int i = 0; i < ReplyReader::kMaxDepth; ++i) deep += "*1\r\n";
  EXPECT_TRUE(is_refused(deep + ":1\r\n"));
}

TEST(Reply, is_bounded) {
  ReplyReader reader;
  reader.feed("*1000000\r\n");
  const std::string piece(1 << 16, '\0');
  Result<std::optional<Reply>> next;
  for (std::size_t sent = 0; next && sent < 2 * ReplyReader::kMaxBytes; sent += piece.size()) {
    reader.feed("$65536\r\n" + piece + "\r\n");
    next = reader.next();
  }
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace tidegate::redis
