#include "workflow/moment.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <ctime>

#include "workflow/zone.h"

namespace tidegate::workflow {
namespace {

WallTime at(std::string_view text) {
  WallTime out;
  EXPECT_TRUE(parse_rfc3339(text, out)) << text;
  return out;
}

std::string after(std::string_view deadline, std::string_view start) {
  const auto parsed = Deadline::parse(deadline);
  return parsed ? format_rfc3339(parsed->after(at(start))) : "error: " + parsed.error().message;
}

TEST(Deadline, IsAMomentATimeOfDayOrSoLongAfterTheStart) {
  EXPECT_EQ(after("2026-12-01T07:30:00+01:00", "2026-11-30T08:00:00Z"), "2026-12-01T06:30:00.000Z");
  EXPECT_EQ(after("6h", "2026-11-30T08:00:00Z"), "2026-11-30T14:00:00.000Z");
  EXPECT_EQ(after("07:30 UTC", "2026-11-30T07:29:00Z"), "2026-11-30T07:30:00.000Z");
  EXPECT_EQ(after("07:30 UTC", "2026-11-30T07:30:00Z"), "2026-12-01T07:30:00.000Z");
  EXPECT_EQ(after("07:30 +02:00", "2026-11-30T05:31:00Z"), "2026-12-01T05:30:00.000Z");
  EXPECT_EQ(after("07:30 Europe/Berlin", "2026-11-30T06:00:00Z"), "2026-11-30T06:30:00.000Z");
  EXPECT_EQ(after("07:30 Europe/Berlin", "2026-07-01T06:00:00Z"), "2026-07-02T05:30:00.000Z");
  EXPECT_EQ(after("00:15 America/New_York", "2026-07-01T04:14:00Z"), "2026-07-01T04:15:00.000Z");
}

TEST(Deadline, FollowsClocksThatArePutForwardAndBack) {
  // Europe/Berlin: forward on 2026-03-29 at 02:00, back on 2026-10-25 at 03:00.
  EXPECT_EQ(after("02:30 Europe/Berlin", "2026-03-28T12:00:00Z"), "2026-03-29T01:30:00.000Z");
  EXPECT_EQ(after("07:30 Europe/Berlin", "2026-03-28T12:00:00Z"), "2026-03-29T05:30:00.000Z");
  EXPECT_EQ(after("02:30 Europe/Berlin", "2026-10-24T12:00:00Z"), "2026-10-25T00:30:00.000Z");
  EXPECT_EQ(after("07:30 Europe/Berlin", "2026-10-24T12:00:00Z"), "2026-10-25T06:30:00.000Z");
  EXPECT_EQ(after("07:30 Europe/Berlin", "2060-07-01T12:00:00Z"), "2060-07-02T05:30:00.000Z");
  EXPECT_EQ(after("07:30 Australia/Sydney", "2060-01-01T12:00:00Z"), "2060-01-01T20:30:00.000Z");
}

TEST(Deadline, SaysWhatIsWrong) {
  EXPECT_TRUE(after("07:30", "2026-11-30T06:00:00Z").contains("07:30 Europe/Berlin"));
  EXPECT_TRUE(after("07:30 Europe/Berlni", "2026-11-30T06:00:00Z").contains("no such time zone"));
  EXPECT_TRUE(after("07:30 ../../etc/passwd", "2026-11-30T06:00:00Z").contains("not a time zone"));
  EXPECT_TRUE(after("25:00 UTC", "2026-11-30T06:00:00Z").contains("is not valid"));
  EXPECT_TRUE(after("soon", "2026-11-30T06:00:00Z").contains("is not valid"));
  EXPECT_TRUE(after("0s", "2026-11-30T06:00:00Z").contains("366d"));
}

// The C library is the oracle, over a century of months.
TEST(Zone, AgreesWithTheSystem) {
  const char* before = std::getenv("TZ");
  const std::string kept = before != nullptr ? before : "";
  for (const char* name : {"Europe/Berlin", "America/New_York", "Asia/Shanghai", "Asia/Kolkata",
                           "Australia/Sydney", "America/Sao_Paulo", "UTC"}) {
    const auto zone = Zone::find(name);
    ASSERT_TRUE(zone) << zone.error().message;
    ::setenv("TZ", name, 1);
    ::tzset();
    for (std::int64_t second = 0; second < 100LL * 366 * 86400; second += 86400 * 17 + 3571) {
      const std::time_t time = second;
      std::tm local{};
      ::localtime_r(&time, &local);
      ASSERT_EQ((*zone)->offset(WallTime{std::chrono::seconds{second}}).count(), local.tm_gmtoff)
          << name << " " << second;
    }
  }
  kept.empty() ? ::unsetenv("TZ") : ::setenv("TZ", kept.c_str(), 1);
  ::tzset();
}

TEST(Zone, RefusesBrokenFiles) {
  EXPECT_FALSE(Zone::read(""));
  EXPECT_FALSE(Zone::read("TZif2"));
  std::string cut = "TZif2" + std::string(15, '\0') + std::string(24, '\x7f');
  EXPECT_FALSE(Zone::read(cut));
}

}  // namespace
}  // namespace tidegate::workflow
