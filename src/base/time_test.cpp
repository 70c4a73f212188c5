#include "base/time.h"

#include <gtest/gtest.h>

#include <string>

namespace tidegate {
namespace {

std::string round_trip(std::string_view text) {
  WallTime at;
  return parse_rfc3339(text, at) ? format_rfc3339(at) : "no";
}

TEST(Time, ReadsAndWritesRfc3339) {
  EXPECT_EQ(round_trip("2026-10-01"), "2026-10-01T00:00:00.000Z");
  EXPECT_EQ(round_trip("2026-10-01T12:00:00Z"), "2026-10-01T12:00:00.000Z");
  EXPECT_EQ(round_trip("2026-10-01T12:00:00.123456789Z"), "2026-10-01T12:00:00.123Z");
  EXPECT_EQ(round_trip("2026-10-01T00:30:00+08:00"), "2026-09-30T16:30:00.000Z");
  EXPECT_EQ(round_trip("2026-10-01T23:30:00-05:30"), "2026-10-02T05:00:00.000Z");
  EXPECT_EQ(round_trip("2028-02-29"), "2028-02-29T00:00:00.000Z");
  EXPECT_EQ(round_trip("1969-12-31T23:59:59.999Z"), "1969-12-31T23:59:59.999Z");
}

TEST(Time, RefusesWhatIsNoDate) {
  for (const auto* bad :
       {"", "2026", "2026-13-01", "2026-02-30", "2027-02-29", "2026-10-01 12:00:00Z",
        "2026-10-01T12:00:00", "2026-10-01T24:00:00Z", "2026-10-01T12:00:00.Z",
        "2026-10-01T12:00:00Zx", "2026-10-01T12:00Z", "2026-1-1", "0001-01-01", "9999-01-01",
        "2026-10-01T12:00:00+8:00", "-026-10-01"}) {
    EXPECT_EQ(round_trip(bad), "no") << bad;
  }
}

TEST(Time, FakeClockMovesBothClocks) {
  FakeClock clock;
  const auto before = clock.now();
  const auto wall = clock.wall();
  clock.advance(5s);
  EXPECT_EQ(clock.now() - before, 5s);
  EXPECT_EQ(clock.wall() - wall, 5s);
}

}  // namespace
}  // namespace tidegate
