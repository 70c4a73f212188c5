#include "sharing/lease.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tidegate::sharing {
namespace {

class Nobody final : public Lender {
 public:
  void called(std::shared_ptr<Slice>) override {}
};

// A bound of 60, of which one comes back every second, for two gateways.
struct OneLease : testing::Test {
  // Takes one by one until no more come without Redis.
  int take_alone() {
    int taken = 0;
    for (int refused = 0; refused < 3;) {
      if (slice->take(1, now).admitted) {
        ++taken;
      } else {
        ++refused;
      }
      lease.measure(now);
      lease.alone(2, now);
    }
    return taken;
  }
  std::string asked() {
    redis::Commands commands;
    lease.measure(now);
    return lease.ask(commands, "us", "gateways", 2, false, now) ? commands.bytes() : "";
  }
  // The server gives nothing, has `level`, and says that it is `microseconds`.
  void hear(int level, int microseconds = 1'000'000) {
    redis::ReplyReader reader;
    reader.feed(
        fmt::format("*6\r\n:0\r\n:{}\r\n:0\r\n:0\r\n{}{}", level, word(level), word(microseconds)));
    const auto reply = reader.next();
    ASSERT_TRUE(reply && *reply);
    lease.hear(**reply, 5ms, now);
  }
  static std::string word(int number) {
    const std::string text = std::to_string(number);
    return fmt::format("${}\r\n{}\r\n", text.size(), text);
  }

  TimePoint now{1h};
  Nobody nobody;
  WaitingLine line{1};
  std::shared_ptr<Slice> slice =
      std::make_shared<Slice>(Slice::Terms{.name = "x", .rate = 1, .capacity = 60}, nobody, line);
  Lease lease{slice, "test", now};
};

TEST_F(OneLease, gives_a_fair_share_once_and_charges_it) {
  EXPECT_EQ(take_alone(), 30);
  now += 4s;  // in which the share earns two
  EXPECT_EQ(take_alone(), 2);
  lease.end_alone(2, now);
  EXPECT_NE(asked().find(word(30)), std::string::npos);  // a full bound earned nothing
}

TEST_F(OneLease, gives_no_second_share_in_an_outage_soon_after) {
  EXPECT_EQ(take_alone(), 30);
  lease.end_alone(2, now);
  EXPECT_NE(asked(), "");
  hear(30);  // the other gateway has not yet said what it spent
  now += 100ms;
  lease.begin_alone(2, now);
  EXPECT_EQ(take_alone(), 0);
  now += 10s;
  EXPECT_EQ(take_alone(), 5);
}

TEST_F(OneLease, asks_for_no_more_than_its_share_until_the_others_are_back) {
  EXPECT_EQ(take_alone(), 30);
  lease.end_alone(2, now);
  EXPECT_NE(asked(), "");
  hear(30);
  now += 300ms;
  EXPECT_FALSE(slice->take(1, now).admitted);
  EXPECT_EQ(asked(), "");
  now += Lease::kSettle;
  EXPECT_FALSE(slice->take(1, now).admitted);
  EXPECT_NE(asked(), "");
}

TEST_F(OneLease, goes_on_in_an_outage_that_was_not_settled) {
  EXPECT_EQ(take_alone(), 30);
  lease.end_alone(2, now);
  EXPECT_NE(asked(), "");
  lease.lost();
  lease.begin_alone(2, now);
  EXPECT_EQ(take_alone(), 0);
  lease.end_alone(2, now);
  EXPECT_NE(asked().find(word(30)), std::string::npos);
}

TEST_F(OneLease, charges_nothing_for_an_outage_in_which_nothing_was_taken) {
  EXPECT_FALSE(slice->take(1, now).admitted);
  EXPECT_NE(asked(), "");
  hear(10);
  lease.begin_alone(2, now);
  now += 1s;
  lease.end_alone(2, now);
  // It was 10 at the server, and still is.
  EXPECT_EQ(asked(), "");
}

TEST_F(OneLease, is_worth_keeping_until_the_bound_is_full_again) {
  EXPECT_FALSE(lease.worth_keeping(now));
  EXPECT_EQ(take_alone(), 30);
  lease.end_alone(2, now);
  EXPECT_NE(asked(), "");
  hear(30);
  now += 2s;
  EXPECT_TRUE(lease.worth_keeping(now));
}

}  // namespace
}  // namespace tidegate::sharing
