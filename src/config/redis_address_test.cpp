#include "config/redis_address.h"

#include <gtest/gtest.h>

namespace tidegate::config {
namespace {

TEST(RedisAddress, IsRead) {
  const auto short_one = parse_redis_address("redis://localhost");
  ASSERT_TRUE(short_one);
  EXPECT_EQ(short_one->host, "localhost");
  EXPECT_EQ(short_one->port, 6379);
  EXPECT_EQ(short_one->database, 0);
  EXPECT_FALSE(short_one->secure);
  EXPECT_TRUE(short_one->password.empty());

  const auto full = parse_redis_address("rediss://gate:p%40ss:w/o?r#d@[fd00::7]:6390/3");
  ASSERT_TRUE(full);
  EXPECT_TRUE(full->secure);
  EXPECT_EQ(full->user.reveal(), "gate");
  EXPECT_EQ(full->password.reveal(), "p@ss:w/o?r#d");
  EXPECT_EQ(full->host, "fd00::7");
  EXPECT_EQ(full->port, 6390);
  EXPECT_EQ(full->database, 3);

  const auto password_alone = parse_redis_address("redis://:secret@h/");
  ASSERT_TRUE(password_alone);
  EXPECT_TRUE(password_alone->user.empty());
  EXPECT_EQ(password_alone->password.reveal(), "secret");
}

TEST(RedisAddress, OfAnotherFormIsRefused) {
  for (const char* text : {"",
                           "redis",
                           "redis://",
                           "http://h",
                           "redis:h",
                           "redis://h:0",
                           "redis://h:65536",
                           "redis://h:x",
                           "redis://h/x",
                           "redis://h/-1",
                           "redis://h/16384",
                           "redis://user@h",
                           "redis://user:@h",
                           "redis://:a%4@h",
                           "redis://:a%zz@h",
                           "redis://h?x=1",
                           "redis://a b",
                           "redis://::1:6379",
                           "redis://[::1",
                           "redis://:6379"}) {
    EXPECT_FALSE(parse_redis_address(text)) << text;
  }
}

}  // namespace
}  // namespace tidegate::config
