#include "telemetry/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

namespace tidegate::telemetry {
namespace {

// Checks `text` against the exposition format 0.0.4 as Prometheus' own linter does, and returns
// series -> value. Fails the test on anything else.
std::map<std::string, std::string> parse_exposition(const std::string& text) {
  static const std::regex help(R"(# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ((?:[^\\\n]|\\\\|\\n)*))");
  static const std::regex type(
      R"(# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped))");
  static const std::regex sample(
      R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)+\})? )re"
      R"re((NaN|[+-]Inf|-?[0-9.]+(?:e[+-]?[0-9]+)?))re");
  std::map<std::string, std::string> values;
  std::set<std::string> families;
  std::string family;
  std::string kind;
  EXPECT_TRUE(text.empty() || text.back() == '\n');
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, help)) {
      family = match[1];
      kind.clear();
      EXPECT_TRUE(families.insert(family).second) << "family twice: " << family;
    } else if (std::regex_match(line, match, type)) {
      EXPECT_EQ(match[1], family) << "TYPE without its HELP";
      kind = match[2];
    } else if (std::regex_match(line, match, sample)) {
      const std::string name = match[1];
      const std::string suffix = name.substr(std::min(name.size(), family.size()));
      EXPECT_TRUE(name.starts_with(family)) << line;
      if (kind == "histogram") {
        EXPECT_TRUE(suffix == "_bucket" || suffix == "_sum" || suffix == "_count") << line;
      } else {
        EXPECT_EQ(suffix, "") << line;
      }
      const std::string series = name + match[2].str();
      EXPECT_TRUE(values.emplace(series, match[3]).second) << "series twice: " << series;
    } else {
      ADD_FAILURE() << "not a line of the exposition format: " << line;
    }
  }
  return values;
}

TEST(Metrics, SumsOverWorkersAndKeepsCountsOfEndedOnes) {
  Registry registry;
  const CounterId requests = registry.counter("requests_total", "Requests", {{"route", "a"}});
  const LevelId open = registry.level("open", "Open");
  Cells& first = registry.make_cells();
  Cells& second = registry.make_cells();
  first.add(requests);
  second.add(requests, 41);
  first.add(open, 3);
  second.add(open, -1);  // closed on another worker
  const auto values = parse_exposition(registry.prometheus());
  EXPECT_EQ(values.at(R"(requests_total{route="a"})"), "42");
  EXPECT_EQ(values.at("open"), "2");
}

TEST(Metrics, GivesTheSameIdToTheSameSeriesSoThatAReloadGoesOnCounting) {
  Registry registry;
  const CounterId before = registry.counter("c_total", "C", {{"a", "1"}});
  const CounterId other = registry.counter("c_total", "C", {{"a", "2"}});
  EXPECT_EQ(registry.counter("c_total", "C", {{"a", "1"}}).cell, before.cell);
  EXPECT_NE(other.cell, before.cell);
}

TEST(Metrics, PutsAValueOnABoundIntoThatBucketAndCountsCumulatively) {
  Registry registry;
  const std::array bounds{0.5, 1.0, 2.0};
  const HistogramId id = registry.histogram("d_seconds", "D", bounds, {{"m", "x"}});
  Cells& cells = registry.make_cells();
  for (const double value : {0.5, 0.75, 1.0, 2.5, std::nan("")}) {
    cells.observe(id, value);
  }
  const auto values = parse_exposition(registry.prometheus());
  EXPECT_EQ(values.at(R"(d_seconds_bucket{m="x",le="0.5"})"), "1");
  EXPECT_EQ(values.at(R"(d_seconds_bucket{m="x",le="1"})"), "3");
  EXPECT_EQ(values.at(R"(d_seconds_bucket{m="x",le="2"})"), "3");
  EXPECT_EQ(values.at(R"(d_seconds_bucket{m="x",le="+Inf"})"), "4");
  EXPECT_EQ(values.at(R"(d_seconds_count{m="x"})"), "4");
  EXPECT_EQ(values.at(R"(d_seconds_sum{m="x"})"), "4.75");
}

TEST(Metrics, EscapesLabelValuesAndHelp) {
  Registry registry;
  registry.counter("c_total", "one\\two\nthree", {{"m", "a\"b\\c\nd} 1\n# EOF"}});
  const std::string text = registry.prometheus();
  EXPECT_EQ(text,
            "# HELP c_total one\\\\two\\nthree\n"
            "# TYPE c_total counter\n"
            "c_total{m=\"a\\\"b\\\\c\\nd} 1\\n# EOF\"} 0\n");
  EXPECT_EQ(parse_exposition(text).size(), 1u);
}

TEST(Metrics, OrdersFamiliesAndSeriesWhateverTheOrderOfRegistration) {
  const auto text = [](std::vector<std::string> models) {
    Registry registry;
    for (const auto& model : models) {
      registry.counter(model + "_total", "C", {{"m", model}});
      registry.counter("all_total", "C", {{"m", model}});
    }
    return registry.prometheus();
  };
  EXPECT_EQ(text({"b", "a", "c"}), text({"c", "b", "a"}));
}

TEST(Metrics, ReadsSampledMetricsAtTheScrape) {
  Registry registry;
  double depth = 1;
  registry.sampled(Kind::gauge, "depth", "D", [&](Samples& samples) { samples.add({}, depth); });
  registry.sampled(Kind::gauge, "state", "S", [](Samples& samples) {
    samples.add({{"model", "b"}}, std::numeric_limits<double>::infinity());
    samples.add({{"model", "a"}}, 0.25);
  });
  depth = 7;
  const auto values = parse_exposition(registry.prometheus());
  EXPECT_EQ(values.at("depth"), "7");
  EXPECT_EQ(values.at(R"(state{model="a"})"), "0.25");
  EXPECT_EQ(values.at(R"(state{model="b"})"), "+Inf");
}

TEST(Metrics, RefusesWrongNamesKindsAndBounds) {
  Registry registry;
  registry.counter("c_total", "C");
  const std::array descending{2.0, 1.0};
  const std::array<double, kMaxBounds + 1> many{};
  EXPECT_THROW(registry.level("c_total", "C"), std::invalid_argument);
  EXPECT_THROW(registry.counter("c-total", "C"), std::invalid_argument);
  EXPECT_THROW(registry.counter("1c", "C"), std::invalid_argument);
  EXPECT_THROW(registry.counter("d_total", "D", {{"a b", ""}}), std::invalid_argument);
  EXPECT_THROW(registry.histogram("h", "H", descending), std::invalid_argument);
  EXPECT_THROW(registry.histogram("h", "H", many), std::invalid_argument);
  EXPECT_THROW(registry.histogram("h", "H", {}), std::invalid_argument);
}

// Under TSan this is the test of the memory order; elsewhere it sees lost updates and torn chunks.
TEST(Metrics, ScrapesWhileWorkersCountAndRegister) {
  Registry registry;
  constexpr int kSeries = 1500;  // more than one chunk
  std::vector<CounterId> ids;
  for (int i = 0; i < kSeries; ++i) {
    ids.push_back(registry.counter("c_total", "C", {{"i", std::to_string(i)}}));
  }
  const auto work = [&] {
    Cells& cells = registry.make_cells();
    for (int round = 0; round < 20; ++round) {
      for (const CounterId id : ids) {
        cells.add(id);
      }
    }
  };
  std::thread one(work);
  std::thread two(work);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(registry.prometheus().ends_with("\n"));
    registry.counter("late_total", "L", {{"i", std::to_string(i)}});
  }
  one.join();
  two.join();
  const std::string text = registry.prometheus();
  EXPECT_NE(text.find("c_total{i=\"0\"} 40\n"), std::string::npos);
  EXPECT_NE(text.find("c_total{i=\"1499\"} 40\n"), std::string::npos);
}

}  // namespace
}  // namespace tidegate::telemetry
