#include "sharing/purse.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sharing/purses.h"

namespace tidegate::sharing {
namespace {

// A budget of 1000 for two gateways, of which ours has spent 300.
struct OnePurse : testing::Test {
  OnePurse() {
    slot().set_limit({1000});
    slot().restore({300});
  }
  budgets::Counter::Slot& slot() { return counter->at(0); }
  budgets::Account account() {
    return {.slot = {counter, &slot()},
            .name = "global",
            .period = 0,
            .end = WallTime::max(),
            .restored = slot().restored()};
  }
  bool asks(Purse& purse) {
    redis::Commands commands;
    purse.measure(now);
    return purse.ask(commands, "us", "gateways", 2, false, now, {});
  }
  // The other has spent 400, we did `ours` as the server knows, it gives `granted`, and `left`
  // remain.
  void hear(Purse& purse, int granted, int left, int ours = 300) {
    redis::ReplyReader reader;
    reader.feed(fmt::format("*8\r\n{}{}:0\r\n{}{}{}{}{}", word(std::to_string(granted)),
                            word(std::to_string(left)), word("0"), word("we"),
                            word(std::to_string(ours)), word("other"), word("400")));
    const auto reply = reader.next();
    ASSERT_TRUE(reply && *reply);
    purse.hear(**reply, now);
  }
  static std::string word(const std::string& text) {
    return fmt::format("${}\r\n{}\r\n", text.size(), text);
  }

  TimePoint now{1h};
  std::shared_ptr<budgets::Counter> counter = std::make_shared<budgets::Counter>("", true);
  const Spending spending{.id = "we"};
};

TEST_F(OnePurse, gives_back_what_is_leased_beyond_the_budget) {
  Purse purse(account(), "test", spending, {}, now);
  purse.measure(now);
  purse.alone(2);
  EXPECT_EQ(slot().allowance(), NanoDollars{500});
  ASSERT_TRUE(slot().reserve({50}, {1000}));
  purse.joined(now + Purse::kSettle);
  ASSERT_TRUE(asks(purse));
  hear(purse, 0, -100);  // of 300 the other has leased 200
  EXPECT_EQ(slot().allowance(), NanoDollars{400});
  ASSERT_TRUE(asks(purse)) << "and says so";
  hear(purse, 0, -100);
  EXPECT_EQ(slot().allowance(), NanoDollars{350}) << "a request in flight has it";
}

// It lost its memory, and another gateway knew what we had said before we were killed.
TEST_F(OnePurse, believes_a_server_that_knows_more_of_what_it_spent) {
  Purse purse(account(), "test", spending, {}, now);
  ASSERT_TRUE(asks(purse));
  hear(purse, 0, 100);
  EXPECT_EQ(slot().total(), NanoDollars{700});
  ASSERT_FALSE(asks(purse));
  slot().settle({}, {1});
  ASSERT_TRUE(asks(purse));
  hear(purse, 0, 100, 320);
  EXPECT_EQ(slot().total(), NanoDollars{720}) << "300, 1 and 400, and 19 that the ledger lost";
  ASSERT_TRUE(asks(purse)) << "and says so";
  hear(purse, 0, 100, 320);
  EXPECT_EQ(slot().total(), NanoDollars{720});
}

TEST_F(OnePurse, has_no_share_of_a_budget_before_the_server_was_tried) {
  const SystemClock clock;
  telemetry::LogOptions silent;
  silent.path = "/dev/null";
  const auto log = *telemetry::Log::open(silent, clock);
  Link link(clock, {.host = "127.0.0.1", .port = 1}, *log);
  const Membership members("test", 2);
  Purses purses("test", spending, link, members, clock);
  purses.called(account());
  purses.alone(now);
  EXPECT_EQ(slot().allowance(), NanoDollars{0});
  purses.joined(now += 100ms);
  purses.lost(now += 100ms);
  purses.alone(now += Purse::kGrace - 1ms);
  EXPECT_EQ(slot().allowance(), NanoDollars{0});
  purses.alone(now += 1ms);
  EXPECT_EQ(slot().allowance(), NanoDollars{500});
}

}  // namespace
}  // namespace tidegate::sharing
