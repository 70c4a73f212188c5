#include "loop/address.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace tidegate {
namespace {

TEST(Address, ReadsWhatToListenOn) {
  EXPECT_EQ(Address::parse_listen("127.0.0.1:8080")->text(), "127.0.0.1:8080");
  EXPECT_EQ(Address::parse_listen("localhost:0")->text(), "127.0.0.1:0");
  EXPECT_EQ(Address::parse_listen("[::1]:65535")->text(), "[::1]:65535");
  EXPECT_EQ(Address::parse_listen("0.0.0.0:80")->text(), "0.0.0.0:80");
  for (const char* wrong : {"", "127.0.0.1", ":8080", "example.com:80", "127.0.0.1:65536",
                            "127.0.0.1:-1", "127.0.0.1:80x", "[::1]", "1.2.3:80"}) {
    EXPECT_FALSE(Address::parse_listen(wrong)) << wrong;
  }
}

TEST(Address, KnowsLoopback) {
  EXPECT_TRUE(Address::parse_ip("127.8.8.8", 1)->is_loopback());
  EXPECT_TRUE(Address::parse_ip("::1", 1)->is_loopback());
  EXPECT_FALSE(Address::parse_ip("128.0.0.1", 1)->is_loopback());
  EXPECT_FALSE(Address::parse_ip("::", 1)->is_loopback());
}

TEST(Address, AListenerOnATakenPortSaysWhy) {
  const Result<int> first = listen_on(*Address::parse_listen("127.0.0.1:0"));
  ASSERT_TRUE(first);
  const Address bound = local_address(*first);
  EXPECT_NE(bound.port(), 0);
  const Result<int> second = listen_on(bound);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("is another program"), std::string::npos);
  ::close(*first);
}

}  // namespace
}  // namespace tidegate
