// Every price of the shipped catalogue, by hand, and the edges of peak hours, epochs and tiers.
#include <gtest/gtest.h>

#include <set>

#include "catalog/catalog.h"

namespace tidegate::catalog {
namespace {

WallTime at(std::string_view text) {
  WallTime time;
  EXPECT_TRUE(parse_rfc3339(text, time)) << text;
  return time;
}

Quote quote(std::string_view model, std::string_view when, Tokens prompt = 1000) {
  const Model* found = Catalog::shipped().find(model);
  EXPECT_NE(found, nullptr) << model;
  return Catalog::shipped().quote(*found, at(when), prompt);
}

std::string cost_of(std::string_view model, std::string_view when, const Usage& usage) {
  const Quote price = quote(model, when, usage.prompt);
  if (price.price == nullptr) return "unknown";
  const auto amount = cost(*price.price, usage);
  return amount ? format_usd(*amount) : "unknown";
}

// 100,000 prompt tokens, of them 40,000 cached; 10,000 answered:
// 0.06 * input + 0.04 * cached + 0.01 * output.
constexpr Usage kUsage{.prompt = 100'000, .cached = 40'000, .completion = 10'000};

struct Row {
  const char* model;
  const char* when;
  const char* cost;
};

constexpr const char* kOffPeak = "2026-10-14T12:00:00Z";  // a Wednesday
constexpr const char* kPeak = "2026-10-14T02:00:00Z";

const Row kRows[] = {
    {"deepseek-v4-pro", "2026-05-04T02:00:00Z", "$0.145"},  // 0.1044 + 0.0058 + 0.0348
    {"deepseek-v4-pro", "2026-07-06T02:00:00Z", "$0.034945"},
    {"deepseek-v4-pro", kOffPeak, "$0.06028"},
    {"deepseek-v4-pro", kPeak, "$0.12056"},
    {"deepseek-v4-flash", "2026-05-04T02:00:00Z", "$0.01232"},
    {"deepseek-v4-flash", "2026-07-06T02:00:00Z", "$0.011312"},
    {"deepseek-v4-flash", "2026-08-18T12:00:00Z", "$0.02008"},
    {"deepseek-v4-flash", "2026-08-18T02:00:00Z", "$0.04016"},
    {"deepseek-v4-flash", kOffPeak, "$0.01512"},
    {"deepseek-v4-flash", kPeak, "$0.03024"},
    {"deepseek-flash", kOffPeak, "$0.01512"},
    {"deepseek-flash", kPeak, "$0.03024"},
    {"deepseek-flash", "2026-09-09T12:00:00Z", "unknown"},  // the name did not exist
    {"claude-opus-4.7", kPeak, "$0.57"},
    {"claude-sonnet-4.5", kPeak, "$0.342"},
    {"gpt-5.5", kPeak, "$0.62"},
    {"gpt-4.1", kPeak, "$0.22"},
    {"kimi-k2.6", kPeak, "$0.1034"},
    {"gemini-3.8-flash", kPeak, "$0.0855"},
    {"gemini-3.8-flash", "2026-12-31T23:59:59.999Z", "$0.0855"},
    {"gemini-3.8-flash", "2027-01-01T00:00:00Z", "$0.171"},
    {"gemini-3.7-flash", kPeak, "$0.0855"},
    {"gemini-3.6-flash", kPeak, "$0.0855"},
    {"gemini-3.5-flash", kPeak, "$0.186"},
    {"gemini-2.5-flash", kPeak, "$0.0442"},
    {"openrouter/auto", kPeak, "unknown"},
    {"text-embedding-3-small", kPeak, "unknown"},  // nothing of a cache or an answer is priced
    {"text-embedding-3-large", kPeak, "unknown"},
    {"gemini-embedding-001", kPeak, "unknown"},
};

TEST(Price, EveryModelCostsWhatItsSourceSays) {
  std::set<std::string> seen;
  for (const Row& row : kRows) {
    EXPECT_EQ(cost_of(row.model, row.when, kUsage), row.cost) << row.model << " " << row.when;
    seen.insert(row.model);
  }
  EXPECT_EQ(seen.size(), Catalog::shipped().models().size()) << "a model has no row";
}

TEST(Price, ReasoningIsPartOfTheAnswer) {
  for (const Row& row : kRows) {
    Usage thoughtful = kUsage;
    thoughtful.reasoning = 9000;
    EXPECT_EQ(cost_of(row.model, row.when, thoughtful), row.cost) << row.model << " " << row.when;
  }
}

// The same usage at the edges of windows and epochs, and on days without any.
TEST(Price, AtTheEdgesEachSideCostsItsOwn) {
  const Row rows[] = {
      // Off-peak 0.06 x 0.15 + 0.04 x 0.003 + 0.01 x 0.60, at peak twice that; a Wednesday.
      {"deepseek-flash", "2026-10-14T00:59:59.999Z", "$0.01512"},
      {"deepseek-flash", "2026-10-14T01:00:00Z", "$0.03024"},
      {"deepseek-flash", "2026-10-14T03:59:59.999Z", "$0.03024"},
      {"deepseek-flash", "2026-10-14T04:00:00Z", "$0.01512"},
      {"deepseek-flash", "2026-10-14T05:59:59.999Z", "$0.01512"},
      {"deepseek-flash", "2026-10-14T06:00:00Z", "$0.03024"},
      {"deepseek-flash", "2026-10-14T09:59:59.999Z", "$0.03024"},
      {"deepseek-flash", "2026-10-14T10:00:00Z", "$0.01512"},
      // 0.06 x 0.66 + 0.04 x 0.022 + 0.01 x 1.98.
      {"deepseek-v4-pro", "2026-10-16T09:59:59.999Z", "$0.12056"},  // Friday
      {"deepseek-v4-pro", "2026-10-17T02:00:00Z", "$0.06028"},      // Saturday
      {"deepseek-v4-pro", "2026-10-18T09:00:00Z", "$0.06028"},      // Sunday
      {"deepseek-v4-pro", "2026-10-19T01:00:00Z", "$0.12056"},      // Monday
      {"deepseek-v4-pro", "2026-10-01T02:00:00Z", "$0.06028"},      // National Day, a Thursday
      {"deepseek-v4-pro", "2026-10-08T02:00:00Z", "$0.12056"},      // the Thursday after it
      // 0.06 x 0.435 + 0.04 x 0.003625 + 0.01 x 0.87, until peak hours began.
      {"deepseek-v4-pro", "2026-08-16T15:59:59.999Z", "$0.034945"},
      {"deepseek-v4-pro", "2026-08-16T16:00:00Z", "$0.06028"},
      // 0.06 x 0.14 + 0.04 x 0.0028 + 0.01 x 0.28; then 0.22, 0.007, 0.66; then 0.15, 0.003, 0.60.
      {"deepseek-v4-flash", "2026-08-16T15:59:59.999Z", "$0.011312"},
      {"deepseek-v4-flash", "2026-08-16T16:00:00Z", "$0.02008"},
      {"deepseek-v4-flash", "2026-09-09T09:59:59.999Z", "$0.04016"},  // at peak
      {"deepseek-v4-flash", "2026-09-09T23:59:59.999Z", "$0.02008"},
      {"deepseek-v4-flash", "2026-09-10T00:00:00Z", "$0.01512"},
      {"deepseek-v4-flash", "2026-09-10T01:00:00Z", "$0.03024"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(cost_of(row.model, row.when, kUsage), row.cost) << row.model << " " << row.when;
  }
}

// Of 100,000 prompt tokens 40,000 cached and 20,000 written to the cache; 10,000 answered.
TEST(Price, CacheWritesHaveTheirOwnPrice) {
  const Usage usage{
      .prompt = 100'000, .cached = 40'000, .cache_write = 20'000, .completion = 10'000};
  EXPECT_EQ(cost_of("claude-opus-4.7", kPeak, usage), "$0.595");    // 0.2 + 0.02 + 0.125 + 0.25
  EXPECT_EQ(cost_of("claude-sonnet-4.5", kPeak, usage), "$0.357");  // 0.12 + 0.012 + 0.075 + 0.15
  for (const char* without : {"deepseek-flash", "deepseek-v4-pro", "gpt-5.5", "gpt-4.1",
                              "kimi-k2.6", "gemini-3.5-flash", "gemini-2.5-flash"}) {
    EXPECT_EQ(cost_of(without, kPeak, usage), "unknown") << without;
  }
}

TEST(Price, OfEmbeddingsThePromptAloneCosts) {
  EXPECT_EQ(cost_of("text-embedding-3-small", kPeak, {.prompt = 1'000'000}), "$0.02");
  EXPECT_EQ(cost_of("text-embedding-3-large", kPeak, {.prompt = 1'000'000}), "$0.13");
  EXPECT_EQ(cost_of("gemini-embedding-001", kPeak, {.prompt = 1'000'000}), "$0.15");
  EXPECT_EQ(cost_of("text-embedding-3-small", "2024-01-24T00:00:00Z", {.prompt = 1}), "unknown");
}

TEST(Price, PeakHoursAreHalfOpen) {
  for (const auto& [time, peak] :
       std::initializer_list<std::pair<const char*, bool>>{{"00:59:59.999", false},
                                                           {"01:00:00", true},
                                                           {"03:59:59.999", true},
                                                           {"04:00:00", false},
                                                           {"05:59:59.999", false},
                                                           {"06:00:00", true},
                                                           {"09:59:59.999", true},
                                                           {"10:00:00", false}}) {
    EXPECT_EQ(quote("deepseek-flash", std::string("2026-10-14T") + time + "Z").peak, peak) << time;
  }
}

TEST(Price, WeekendsAndHolidaysAreOffPeak) {
  const auto peak = [](const char* date) {
    return quote("deepseek-v4-pro", std::string(date) + "T02:00:00Z").peak;
  };
  EXPECT_TRUE(peak("2026-08-17"));   // the first Monday
  EXPECT_TRUE(peak("2026-08-22"));   // a Saturday before the weekend rule
  EXPECT_FALSE(peak("2026-08-23"));  // the Sunday from which it holds
  EXPECT_TRUE(peak("2026-08-24"));
  EXPECT_TRUE(peak("2026-10-16"));  // Friday
  EXPECT_FALSE(peak("2026-10-17"));
  EXPECT_FALSE(peak("2026-10-18"));
  EXPECT_TRUE(peak("2026-10-19"));
  EXPECT_TRUE(peak("2026-09-24"));
  EXPECT_FALSE(peak("2026-09-25"));  // Mid-Autumn Festival
  EXPECT_TRUE(peak("2026-09-28"));
  EXPECT_TRUE(peak("2026-09-30"));
  EXPECT_FALSE(peak("2026-10-01"));  // National Day
  EXPECT_FALSE(peak("2026-10-07"));
  EXPECT_TRUE(peak("2026-10-08"));
  EXPECT_FALSE(peak("2026-10-10"));  // a make-up workday, on a Saturday all the same
}

TEST(Price, AHolidayIsALocalDate) {
  Calendar calendar;
  calendar.windows = {{0b1111111, 0, 24 * 60, WallTime::min(), WallTime::max()}};
  calendar.holiday_utc_offset_minutes = 480;
  using namespace std::chrono;
  calendar.holidays = {sys_days{2026y / October / 1}};
  EXPECT_TRUE(calendar.is_peak(at("2026-09-30T15:59:59.999Z")));
  EXPECT_FALSE(calendar.is_peak(at("2026-09-30T16:00:00Z")));
  EXPECT_FALSE(calendar.is_peak(at("2026-10-01T15:59:59.999Z")));
  EXPECT_TRUE(calendar.is_peak(at("2026-10-01T16:00:00Z")));
}

TEST(Price, EpochsBeginAtTheirInstant) {
  EXPECT_EQ(quote("deepseek-v4-pro", "2026-04-23T23:59:59.999Z").price, nullptr);
  EXPECT_EQ(quote("deepseek-v4-pro", "2026-04-24T00:00:00Z").epoch, "2026-04-24");
  EXPECT_EQ(quote("deepseek-v4-pro", "2026-08-16T15:59:59.999Z").epoch, "2026-07-02");
  EXPECT_EQ(quote("deepseek-v4-pro", "2026-08-16T16:00:00Z").epoch, "2026-08-16");
  EXPECT_FALSE(quote("deepseek-v4-pro", "2026-08-14T02:00:00Z").peak);
  EXPECT_EQ(quote("deepseek-v4-flash", "2026-09-09T23:59:59.999Z").epoch, "2026-08-16");
  EXPECT_EQ(quote("deepseek-v4-flash", "2026-09-10T00:00:00Z").epoch, "2026-09-10");
}

TEST(Price, TiersBeginAboveTheirEdge) {
  EXPECT_EQ(cost_of("gpt-5.5", kPeak, {.prompt = 272'000, .completion = 1000}), "$1.39");
  EXPECT_EQ(cost_of("gpt-5.5", kPeak, {.prompt = 272'001, .completion = 1000}), "$2.76501");
  EXPECT_EQ(cost_of("claude-sonnet-4.5", kPeak, {.prompt = 200'000}), "$0.60");
  EXPECT_EQ(cost_of("claude-sonnet-4.5", kPeak, {.prompt = 200'001}), "$1.200006");
}

TEST(Price, AnUnknownPartMattersOnlyIfItWasUsed) {
  EXPECT_EQ(cost_of("claude-sonnet-4.5", kPeak, {.prompt = 200'001, .cached = 1}), "unknown");
  EXPECT_EQ(cost_of("claude-opus-4.7", kPeak, {.prompt = 1000, .cache_write = 1000}), "$0.00625");
  EXPECT_EQ(cost_of("gpt-5.5", kPeak, {.prompt = 1000, .cache_write = 1000}), "unknown");
  EXPECT_EQ(cost(Price{}, Usage{}), NanoDollars{0});
  EXPECT_EQ(cost(Price{}, Usage{.completion = 1}), std::nullopt);
}

TEST(Price, RoundsHalfUpOnceAndBearsHostileCounts) {
  const Price price{PicoDollars{500}, {}, {}, PicoDollars{1}};
  EXPECT_EQ(cost(price, {.prompt = 1})->value, 1);
  EXPECT_EQ(cost(price, {.prompt = 2, .completion = 499})->value, 1);
  EXPECT_EQ(cost(price, {.prompt = 2, .completion = 500})->value, 2);
  EXPECT_EQ(cost(price, {.prompt = -5, .completion = -5})->value, 0);
  const Price dear{
      PicoDollars{100'000'000'000}, PicoDollars{100'000'000'000}, {}, PicoDollars{100'000'000'000}};
  EXPECT_GT(cost(dear, {.prompt = INT64_MAX, .completion = INT64_MAX})->value, 0);
  // More cached tokens than prompt tokens: all are priced as cached, none as negative input.
  EXPECT_EQ(cost(dear, {.prompt = 1, .cached = 3})->value, 300'000'000);
}

Savings saved(std::string_view model, std::string_view when, const Usage& usage) {
  const Quote price = quote(model, when, usage.prompt);
  return savings(price, usage, *cost(*price.price, usage));
}

TEST(Price, SavingsAreWhatTheSameTokensWouldHaveCostMore) {
  // deepseek-v4-pro: 40,000 cached at 0.022 and not at 0.66 USD a million; all at half the peak's.
  const Savings off_peak = saved("deepseek-v4-pro", kOffPeak, kUsage);
  EXPECT_EQ(format_usd(off_peak.by_cache), "$0.02552");
  EXPECT_EQ(format_usd(off_peak.by_window), "$0.06028");
  const Savings peak = saved("deepseek-v4-pro", kPeak, kUsage);
  EXPECT_EQ(format_usd(peak.by_cache), "$0.05104");
  EXPECT_EQ(peak.by_window.value, 0);
  EXPECT_EQ(saved("gpt-5.5", kOffPeak, kUsage).by_window.value, 0) << "it has no peak hours";
}

TEST(Price, WritingACacheThatIsNotReadSavesLessThanNothing) {
  // claude-opus-4.7: 1,000 written at 6.25 and not at 5; then read once at 0.50.
  const Usage written{.prompt = 2000, .cache_write = 1000, .completion = 1};
  EXPECT_EQ(format_usd(saved("claude-opus-4.7", kPeak, written).by_cache), "-$0.00125");
  const Usage read{.prompt = 2000, .cached = 1000, .completion = 1};
  EXPECT_EQ(format_usd(saved("claude-opus-4.7", kPeak, read).by_cache), "$0.0045");
  EXPECT_EQ(saved("claude-opus-4.7", kPeak, {.prompt = 2000}).by_cache.value, 0);
}

}  // namespace
}  // namespace tidegate::catalog
