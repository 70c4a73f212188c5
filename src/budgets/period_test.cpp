// Where days, weeks and months begin and end: changes of the clocks, leap days, ends of years.
#include "budgets/period.h"

#include <gtest/gtest.h>

namespace tidegate::budgets {
namespace {

using config::BudgetPer;

TimeZone zone(std::string_view name) {
  auto found = TimeZone::find(name);
  EXPECT_TRUE(found) << name;
  return found ? *found : TimeZone::utc();
}

WallTime at(std::string_view text) {
  WallTime time;
  EXPECT_TRUE(parse_rfc3339(text, time)) << text;
  return time;
}

std::string period(BudgetPer per, std::string_view place, std::string_view when) {
  const Period found = period_of(per, zone(place), at(when));
  return format_rfc3339(found.begin).substr(0, 16) + " " + format_rfc3339(found.end).substr(0, 16);
}

struct Row {
  BudgetPer per;
  const char* zone;
  const char* at;
  const char* period;
};

TEST(Period, BeginsAndEndsWhereTheCalendarSays) {
  const Row rows[] = {
      {BudgetPer::day, "UTC", "2026-11-30T23:59:59.999Z", "2026-11-30T00:00 2026-12-01T00:00"},
      {BudgetPer::day, "UTC", "2026-12-01T00:00:00Z", "2026-12-01T00:00 2026-12-02T00:00"},
      {BudgetPer::day, "Asia/Shanghai", "2026-11-30T16:00:00Z",
       "2026-11-30T16:00 2026-12-01T16:00"},
      // Leap days, and a year that has none.
      {BudgetPer::day, "UTC", "2028-02-29T12:00:00Z", "2028-02-29T00:00 2028-03-01T00:00"},
      {BudgetPer::month, "UTC", "2028-02-29T23:00:00Z", "2028-02-01T00:00 2028-03-01T00:00"},
      {BudgetPer::month, "UTC", "2100-02-28T23:00:00Z", "2100-02-01T00:00 2100-03-01T00:00"},
      // The clocks change: 23 and 25 hours.
      {BudgetPer::day, "Europe/Berlin", "2026-03-29T12:00:00Z",
       "2026-03-28T23:00 2026-03-29T22:00"},
      {BudgetPer::day, "Europe/Berlin", "2026-10-25T12:00:00Z",
       "2026-10-24T22:00 2026-10-25T23:00"},
      {BudgetPer::month, "Europe/Berlin", "2026-03-31T21:59:59Z",
       "2026-02-28T23:00 2026-03-31T22:00"},
      // Cuba's day begins at one o'clock in spring; in autumn it has two first hours.
      {BudgetPer::day, "America/Havana", "2026-03-08T12:00:00Z",
       "2026-03-08T05:00 2026-03-09T04:00"},
      {BudgetPer::day, "America/Havana", "2026-11-01T04:30:00Z",
       "2026-11-01T04:00 2026-11-02T05:00"},
      // Weeks begin on Monday, also over the turn of a year.
      {BudgetPer::week, "UTC", "2026-11-29T23:59:59Z", "2026-11-23T00:00 2026-11-30T00:00"},
      {BudgetPer::week, "UTC", "2026-11-30T00:00:00Z", "2026-11-30T00:00 2026-12-07T00:00"},
      {BudgetPer::week, "UTC", "2027-01-02T12:00:00Z", "2026-12-28T00:00 2027-01-04T00:00"},
      {BudgetPer::month, "UTC", "2026-12-31T23:59:59Z", "2026-12-01T00:00 2027-01-01T00:00"},
      {BudgetPer::month, "America/New_York", "2027-01-01T04:59:59Z",
       "2026-12-01T05:00 2027-01-01T05:00"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(period(row.per, row.zone, row.at), row.period) << row.zone << " " << row.at;
  }
}

TEST(Period, HoldsTheMomentThatItIsOf) {
  // Every half an hour of two years, in places that change their clocks in odd ways.
  for (const char* place : {"America/Havana", "Africa/Cairo", "Asia/Beirut", "Europe/Berlin",
                            "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu"}) {
    const TimeZone there = zone(place);
    for (const BudgetPer per : {BudgetPer::day, BudgetPer::week, BudgetPer::month}) {
      WallTime expected = period_of(per, there, at("2026-01-01T00:00:00Z")).begin;
      for (WallTime now = at("2026-01-01T00:00:00Z"); now < at("2028-01-01T00:00:00Z");
           now += 30min) {
        const Period found = period_of(per, there, now);
        ASSERT_LE(found.begin, now) << place << " " << format_rfc3339(now);
        ASSERT_GT(found.end, now) << place << " " << format_rfc3339(now);
        if (found.begin != expected) {
          ASSERT_EQ(found.begin, period_of(per, there, now - 30min).end) << "a gap at " << place;
          expected = found.begin;
        }
      }
    }
  }
}

TEST(Period, OfTotalDoesNotEnd) {
  const Period all = period_of(BudgetPer::total, TimeZone::utc(), at("2026-11-30T12:00:00Z"));
  EXPECT_FALSE(all.has_end());
  EXPECT_EQ(all.begin, WallTime{});
}

TEST(PeriodClock, SaysTheSameForAClockThatJumps) {
  const PeriodClock clock(BudgetPer::day, zone("Europe/Berlin"));
  for (const char* when : {"2026-11-30T12:00:00Z", "2026-11-30T12:00:01Z", "2026-12-01T12:00:00Z",
                           "2026-11-29T12:00:00Z", "2026-11-30T22:59:59Z", "2026-11-30T23:00:00Z",
                           "1969-12-31T00:00:00Z", "2026-11-30T12:00:00Z"}) {
    EXPECT_EQ(clock.begin_at(at(when)),
              std::chrono::floor<std::chrono::seconds>(clock.at(at(when)).begin.time_since_epoch())
                  .count())
        << when;
  }
  EXPECT_TRUE(clock.is_in_period_of(at("2026-11-29T23:00:00Z"), at("2026-11-30T12:00:00Z")));
  EXPECT_FALSE(clock.is_in_period_of(at("2026-11-29T22:59:59Z"), at("2026-11-30T12:00:00Z")));
  EXPECT_FALSE(clock.is_in_period_of(at("2026-11-30T23:00:00Z"), at("2026-11-30T12:00:00Z")));
}

}  // namespace
}  // namespace tidegate::budgets
