#include "telemetry/metrics_list.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

namespace tidegate::telemetry {
namespace {

TEST(MetricsList, IsTheTableOfTheObservabilityPage) {
  std::ifstream file(TIDEGATE_SOURCE_DIR "/docs/observability.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  for (const MetricInfo& info : metric::kAll) {
    EXPECT_NE(page.find(fmt::format("| `{}` |", info.name)), std::string::npos) << info.name;
  }
}

TEST(MetricsList, NamesFollowPrometheusPractice) {
  std::set<std::string_view> names;
  for (const MetricInfo& info : metric::kAll) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_EQ(info.kind == Kind::counter, info.name.ends_with("_total")) << info.name;
    EXPECT_EQ(info.kind == Kind::histogram, !info.bounds.empty()) << info.name;
    EXPECT_TRUE(info.unit != "seconds" || info.name.ends_with("_seconds")) << info.name;
  }
}

TEST(MetricsList, CountsATargetUnderItsLabels) {
  Registry registry;
  const std::array<std::string_view, 2> outcomes{"ok", "timed_out"};
  const auto metrics =
      TargetMetrics::make(registry, {"terminal_agentic", "openai", "gpt-5.5"}, outcomes);
  Cells& cells = registry.make_cells();
  cells.add(metrics.requests(RequestResult::client_gone));
  cells.add(metrics.attempts_by_outcome[1], 2);
  cells.observe(metrics.input_tokens, 1024);
  const std::string text = registry.prometheus();
  const std::string labels = R"(route="terminal_agentic",provider="openai",model="gpt-5.5")";
  for (const std::string& line :
       {"tidegate_requests_total{" + labels + ",result=\"client_gone\"} 1\n",
        "tidegate_requests_total{" + labels + ",result=\"ok\"} 0\n",
        "tidegate_attempts_total{" + labels + ",outcome=\"timed_out\"} 2\n",
        std::string("gen_ai_client_token_usage_sum{gen_ai_operation_name=\"chat\","
                    "gen_ai_provider_name=\"openai\",gen_ai_request_model=\"gpt-5.5\","
                    "tidegate_route=\"terminal_agentic\",gen_ai_token_type=\"input\"} 1024\n")}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(MetricsList, CountsARareStatusAsOther) {
  Registry registry;
  const auto metrics = ServerMetrics::make(registry);
  Cells& cells = registry.make_cells();
  cells.add(metrics.refused(404));
  cells.add(metrics.refused(418), 2);
  const std::string text = registry.prometheus();
  EXPECT_NE(text.find("tidegate_refused_total{status=\"404\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("tidegate_refused_total{status=\"other\"} 2\n"), std::string::npos);
}

}  // namespace
}  // namespace tidegate::telemetry
