#include "base/time_zone.h"

#include <gtest/gtest.h>
#include <time.h>

#include <array>
#include <cstdlib>

namespace tidegate {
namespace {

using namespace std::chrono;

TimeZone zone(std::string_view name) {
  auto found = TimeZone::find(name);
  EXPECT_TRUE(found) << found.error().message;
  return found ? *found : TimeZone::utc();
}

WallTime at(std::string_view text) {
  WallTime time;
  EXPECT_TRUE(parse_rfc3339(text, time)) << text;
  return time;
}

std::string start_of(const TimeZone& zone, int y, unsigned m, unsigned d) {
  return format_rfc3339(zone.start(local_days{year{y} / month{m} / day{d}}));
}

TEST(TimeZone, KnowsNamesAndOffsets) {
  EXPECT_EQ(zone("UTC").offset(at("2026-07-01")), 0s);
  EXPECT_EQ(zone("+08:00").offset(at("2026-07-01")), 8h);
  EXPECT_EQ(zone("-03:30").offset(at("2026-07-01")), -(3h + 30min));
  EXPECT_EQ(zone("Europe/Berlin").offset(at("2026-07-01")), 2h);
  EXPECT_EQ(zone("Europe/Berlin").offset(at("2026-12-01")), 1h);
  EXPECT_EQ(zone("Asia/Kolkata").offset(at("2026-12-01")), 5h + 30min);
  EXPECT_EQ(zone("Asia/Shanghai").name(), "Asia/Shanghai");
}

TEST(TimeZone, SaysWhatIsNone) {
  for (const char* name : {"", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "+24:00", "+8",
                           "Europe", "tzdata.zi", "zone.tab", "Europe/Berlin\n"}) {
    const auto found = TimeZone::find(name);
    ASSERT_FALSE(found) << name;
    EXPECT_NE(found.error().message.find("Europe/Berlin"), std::string::npos);
  }
}

TEST(TimeZone, DaysOfAChangeAreShorterAndLonger) {
  const TimeZone berlin = zone("Europe/Berlin");
  EXPECT_EQ(start_of(berlin, 2026, 3, 29), "2026-03-28T23:00:00.000Z");
  EXPECT_EQ(start_of(berlin, 2026, 3, 30), "2026-03-29T22:00:00.000Z") << "23 hours later";
  EXPECT_EQ(start_of(berlin, 2026, 10, 26), "2026-10-25T23:00:00.000Z") << "25 hours later";
  const auto day = berlin.day(at("2026-03-28T23:00:00Z"));
  EXPECT_EQ(day, local_days{2026y / 3 / 29});
  EXPECT_EQ(berlin.day(at("2026-03-28T22:59:59Z")), day - days{1});
}

TEST(TimeZone, ADayWithoutMidnightBeginsWithTheChange) {
  // Cuba puts its clocks forward at midnight.
  EXPECT_EQ(start_of(zone("America/Havana"), 2026, 3, 8), "2026-03-08T05:00:00.000Z");
}

TEST(TimeZone, KnowsWhereHoursAreThoseOfUtc) {
  const auto whole = [](const char* name) {
    return zone(name).has_whole_hours(at("2020-01-01"), at("2040-01-01"));
  };
  EXPECT_TRUE(whole("UTC") && whole("Europe/Berlin") && whole("America/New_York"));
  EXPECT_FALSE(whole("Asia/Kolkata") || whole("+05:45"));
  EXPECT_FALSE(whole("Australia/Lord_Howe")) << "its summer time is half an hour";
}

// The C library is the oracle, for years with and without explicit entries.
TEST(TimeZone, AgreesWithTheSystem) {
  for (const char* name :
       {"Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Shanghai",
        "Africa/Casablanca", "America/Santiago", "Asia/Kathmandu", "Etc/GMT+5"}) {
    const TimeZone found = zone(name);
    setenv("TZ", name, 1);
    tzset();
    for (WallTime time = at("1960-01-01T00:00:00Z"); time < at("2090-01-01"); time += 31h * 7) {
      const time_t seconds = system_clock::to_time_t(floor<system_clock::duration>(time));
      tm local{};
      localtime_r(&seconds, &local);
      ASSERT_EQ(found.offset(time).count(), local.tm_gmtoff) << name << " " << format_rfc3339(time);
    }
  }
  unsetenv("TZ");
  tzset();
}

}  // namespace
}  // namespace tidegate
