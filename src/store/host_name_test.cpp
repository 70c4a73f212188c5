#include "store/host_name.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>

namespace tidegate::store {
namespace {

TimePoint in(Duration time) { return std::chrono::steady_clock::now() + time; }

TEST(HostName, IsLookedUp) {
  const auto found = addresses_of("localhost", in(10s), {});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(std::ranges::any_of(*found, [](const std::string& address) {
    return address == "127.0.0.1" || address == "::1";
  }));
}

TEST(HostName, OtherThingsAreDoneMeanwhile) {
  std::promise<void> done;
  std::atomic<int> calls = 0;
  const auto found = addresses_of(
      "db", in(60s),
      [&] {
        if (++calls == 2) done.set_value();
      },
      [&](const std::string& name) -> Result<Addresses> {
        done.get_future().wait();
        return Addresses{name};
      });
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, Addresses{"db"});
  EXPECT_GE(calls, 2);
}

TEST(HostName, NobodyWaitsForeverForANameServer) {
  const auto done = std::make_shared<std::promise<void>>();
  const auto found = addresses_of("db", in(10ms), {}, [done](const std::string&) {
    done->get_future().wait();
    return Result<Addresses>(Addresses{});
  });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::unavailable);
  EXPECT_NE(found.error().message.find("\"db\""), std::string::npos);
  done->set_value();
}

}  // namespace
}  // namespace tidegate::store
