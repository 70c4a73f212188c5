#include "workflow/moment.h"

#include <gtest/gtest.h>

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
  EXPECT_TRUE(after("07:30 Europe/Berlni", "2026-11-30T06:00:00Z").contains("Europe/Berlni"));
  EXPECT_TRUE(after("07:30 ../../etc/passwd", "2026-11-30T06:00:00Z").starts_with("error"));
  EXPECT_TRUE(after("25:00 UTC", "2026-11-30T06:00:00Z").contains("is not valid"));
  EXPECT_TRUE(after("soon", "2026-11-30T06:00:00Z").contains("is not valid"));
  EXPECT_TRUE(after("0s", "2026-11-30T06:00:00Z").contains("366d"));
}

}  // namespace
}  // namespace tidegate::workflow
