#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "config/config.h"
#include "config/test_environment.h"

namespace tidegate::config {
namespace {

constexpr std::string_view kFull = R"(
listen: "[::1]:0"
admin: 127.0.0.1:9000
workers: 2
providers:
  deepseek:  { dialect: deepseek,  api_key: "${DEEPSEEK_API_KEY}" }
  openai:    { dialect: openai,    api_key: ${OPENAI_API_KEY} }
  cluster:   { dialect: vllm, base_url: http://10.0.0.5:8000/v1/, max_connections: 64 }
  mirror:    { dialect: deepseek, base_url: https://mirror.example }
models:
  house: { provider: cluster, name: DeepSeek-V4-Flash, context: 400000, max_output: 65536, price: { input: 0.05, cached: 0.0028, output: 1 }, fallback: [gpt-5.5] }
  opus:  claude-opus-4.7
routes:
  long: { model: deepseek-v4-pro, max_tokens: 64000, thinking: off, fallback: [gpt-5.5, house] }
  short: { model: house }
policy:
  - { when: "context_tokens > 200000 && tool_density < 0.3", route: long }
  - { route: short }
clients:
  cursor: { match: { user_agent: "Cursor/*" }, context_window: 200000, on_overflow: truncate_middle }
  mine: { match: { user_agent: [a/*, "b ?"] }, drops_reasoning: true, needs_usage: false }
sticky_for: 30m
retry:   { attempts: 2, base: 250ms, max: 5s, budget: 10% }
timeouts: { connect: 2s, first_byte: 60s, idle: 1m, total: 10m, drain: 1s }
http: { body: 1MiB, head: 8KiB, headers: 32, connections: 10 }
breaker: { failures: 2, open_for: 3s }
log: { format: json, level: debug, requests: false, file: out.log }
state: { ledger: "sqlite:${LEDGER_DIR:-/tmp}/usage.db" }
)";

TEST(Load, ReadsEveryOption) {
  clear_keys();
  setenv("DEEPSEEK_API_KEY", "ds-key", 1);
  const Loaded loaded = load_text(kFull, "t.yaml");
  for (const auto& problem : loaded.problems) ADD_FAILURE() << format(problem);
  ASSERT_TRUE(loaded.ok());
  const Config& c = loaded.config;
  EXPECT_EQ(c.file, "t.yaml");
  EXPECT_EQ(c.listen, "[::1]:0");
  EXPECT_EQ(c.workers, 2);
  ASSERT_EQ(c.providers.size(), 4u);
  EXPECT_EQ(c.providers[0].base_url, "https://api.deepseek.com");
  EXPECT_EQ(c.providers[0].api_key.reveal(), "ds-key");
  EXPECT_EQ(c.providers[0].at.line, 6);
  EXPECT_EQ(c.providers[0].at.column, 3);
  EXPECT_EQ(c.providers[1].api_key_variable, "OPENAI_API_KEY");
  EXPECT_TRUE(c.providers[1].api_key.empty());
  EXPECT_TRUE(c.providers[1].key_required);
  EXPECT_EQ(c.providers[2].base_url, "http://10.0.0.5:8000/v1");
  EXPECT_EQ(c.providers[2].max_connections, 64);
  EXPECT_FALSE(c.providers[2].key_required);
  ASSERT_EQ(c.clients.size(), 2u);
  EXPECT_EQ(c.clients[0].name, "cursor");
  EXPECT_EQ(c.clients[0].context_window, 200'000);
  EXPECT_EQ(c.clients[0].on_overflow, OnOverflow::truncate_middle);
  EXPECT_FALSE(c.clients[0].drops_reasoning.has_value());
  EXPECT_EQ(c.clients[1].user_agents, (std::vector<std::string>{"a/*", "b ?"}));
  EXPECT_EQ(c.clients[1].drops_reasoning, true);
  EXPECT_EQ(c.clients[1].needs_usage, false);
  // The vendor's key is not sent to another address.
  EXPECT_TRUE(c.providers[3].api_key.empty());
  EXPECT_FALSE(c.providers[3].key_required);
  ASSERT_EQ(c.models.size(), 1u);
  EXPECT_EQ(c.models[0].name, "DeepSeek-V4-Flash");
  EXPECT_EQ(c.models[0].context, 400'000);
  EXPECT_EQ(c.models[0].price->cached->value, 2'800);
  EXPECT_EQ(c.models[0].price->output->value, 1'000'000);
  EXPECT_FALSE(c.models[0].price->cache_write);
  ASSERT_EQ(c.aliases.size(), 1u);
  EXPECT_EQ(c.aliases[0].model, "claude-opus-4.7");
  ASSERT_EQ(c.routes.size(), 2u);
  EXPECT_EQ(c.routes[0].thinking, Thinking::off);
  EXPECT_EQ(c.routes[0].fallback, (std::vector<std::string>{"gpt-5.5", "house"}));
  EXPECT_EQ(c.routes[1].thinking, Thinking::unset);
  ASSERT_EQ(c.policy.size(), 2u);
  EXPECT_EQ(c.policy[0].at.column, 13);
  EXPECT_EQ(c.sticky_for, 30min);
  EXPECT_EQ(c.retry.base, 250ms);
  EXPECT_DOUBLE_EQ(c.retry.budget, 0.1);
  EXPECT_EQ(c.timeouts.drain, 1s);
  EXPECT_EQ(c.timeouts.ping, 10s);
  EXPECT_EQ(c.http.body_bytes, 1u << 20);
  EXPECT_EQ(c.breaker.open_for, 3s);
  EXPECT_EQ(c.log.format, LogFormat::json);
  EXPECT_FALSE(c.log.requests);
  EXPECT_EQ(c.state.ledger, "sqlite:/tmp/usage.db");
  EXPECT_EQ(c.state.journal, "/tmp/usage.db.journal");
  EXPECT_FALSE(c.simulated);
}

const Route& route(const Config& config, std::string_view name) {
  return *std::ranges::find(config.routes, name, &Route::name);
}

TEST(Load, ReadsBooleansAsYamlWritesThem) {
  for (const char* text : {"true", "on", "yes", "Yes", "ON"}) {
    EXPECT_TRUE(
        load_text(fmt::format("log: {{ requests: {} }}", text), "t.yaml").config.log.requests);
  }
  for (const char* text : {"false", "off", "no", "No", "OFF"}) {
    EXPECT_FALSE(
        load_text(fmt::format("log: {{ requests: {} }}", text), "t.yaml").config.log.requests);
  }
}

TEST(Defaults, WithoutAnyKeyTheSimulatorStandsIn) {
  clear_keys();
  const Loaded loaded = embedded_default();
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_TRUE(loaded.config.simulated);
  EXPECT_EQ(loaded.config.providers.size(), 6u);
  for (const auto& provider : loaded.config.providers) EXPECT_FALSE(provider.key_required);
  EXPECT_EQ(route(loaded.config, "short_task_batch").model, "deepseek-v4-flash");
  EXPECT_EQ(route(loaded.config, "critical_planning").model, "claude-opus-4.7");
  EXPECT_EQ(loaded.config.policy.size(), 4u);
}

TEST(Defaults, RoutesTakeTheBestModelThatHasAKey) {
  clear_keys();
  setenv("DEEPSEEK_API_KEY", "k", 1);
  const Config one = embedded_default().config;
  EXPECT_FALSE(one.simulated);
  EXPECT_EQ(route(one, "short_task_batch").model, "deepseek-v4-flash");
  EXPECT_EQ(route(one, "terminal_agentic").model, "deepseek-v4-pro");
  EXPECT_EQ(route(one, "critical_planning").max_tokens, 128'000);
  EXPECT_TRUE(route(one, "critical_planning").fallback.empty());

  setenv("OPENAI_API_KEY", "k", 1);
  const Config two = embedded_default().config;
  EXPECT_EQ(route(two, "critical_planning").model, "gpt-5.5");
  EXPECT_TRUE(route(two, "critical_planning").fallback.empty());
  EXPECT_EQ(route(two, "long_context_discovery").fallback, std::vector<std::string>{"gpt-5.5"});

  clear_keys();
  setenv("GEMINI_API_KEY", "k", 1);
  const Config gemini = embedded_default().config;
  EXPECT_EQ(route(gemini, "terminal_agentic").model, "gemini-3.8-flash");
  EXPECT_EQ(route(gemini, "terminal_agentic").max_tokens, 65'536);
  EXPECT_EQ(route(gemini, "short_task_batch").max_tokens, 32'000);
}

TEST(Defaults, AFileOfLocalModelsOnlyUsesThem) {
  clear_keys();
  const Loaded loaded = load_text(
      "providers: { box: { dialect: llamacpp, base_url: 'http://localhost:8000' } }\n"
      "models: { mine: { provider: box } }\n",
      "t.yaml");
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_EQ(route(loaded.config, "critical_planning").model, "mine");
}

TEST(Defaults, OneRouteNeedsNoPolicy) {
  const Loaded loaded = load_text("routes: { all: { model: gpt-5.5 } }", "t.yaml");
  EXPECT_TRUE(loaded.ok());
  ASSERT_EQ(loaded.config.policy.size(), 1u);
  EXPECT_EQ(loaded.config.policy[0].route, "all");
}

TEST(Load, AnEmptyFileIsTheDefault) {
  clear_keys();
  for (const auto* text : {"", "\n# nothing\n", "{}", "providers:\nroutes:\n", "---\n"}) {
    const Loaded loaded = load_text(text, "t.yaml");
    EXPECT_TRUE(loaded.problems.empty()) << text;
    EXPECT_EQ(loaded.config.routes.size(), 4u) << text;
  }
}

TEST(Load, ReadsBudgetsToTheNanoDollar) {
  clear_keys();
  const Loaded loaded = load_text(
      "budgets:\n"
      "  - { scope: global, usd: 1000, per: day }\n"
      "  - { scope: tenant, name: search, usd: 0.123456789, per: week, time_zone: Asia/Shanghai,\n"
      "      alert_at: [1.0, 0.5, 0.5], webhook: 'https://example.com/x?y=1',\n"
      "      webhook_format: slack, on_exhausted: { downgrade: short_task_batch },\n"
      "      unknown_price: allow }\n",
      "t.yaml");
  ASSERT_TRUE(loaded.ok()) << format(loaded.problems.at(0));
  ASSERT_EQ(loaded.config.budgets.size(), 2u);
  const Budget& first = loaded.config.budgets[0];
  EXPECT_EQ(first.amount, NanoDollars{1'000'000'000'000});
  EXPECT_EQ(first.time_zone, "UTC");
  EXPECT_EQ(first.on_exhausted, OnExhausted::reject);
  EXPECT_EQ(first.unknown_price, UnknownPrice::reject);
  const Budget& second = loaded.config.budgets[1];
  EXPECT_EQ(second.amount, NanoDollars{123'456'789});
  EXPECT_EQ(second.alert_at, (std::vector{0.5, 1.0}));
  EXPECT_EQ(second.webhook.reveal(), "https://example.com/x?y=1");
  EXPECT_EQ(second.on_exhausted, OnExhausted::downgrade);
  EXPECT_EQ(second.downgrade_to, "short_task_batch");
  EXPECT_EQ(second.unknown_price, UnknownPrice::allow);
}

TEST(SpendingCap, IsExactOrNone) {
  EXPECT_EQ(parse_spending_cap("50/month"), (SpendingCap{{50'000'000'000}, BudgetPer::month}));
  EXPECT_EQ(parse_spending_cap("0.000000001/total"), (SpendingCap{{1}, BudgetPer::total}));
  EXPECT_EQ(show({{250'000'000}, BudgetPer::day}), "0.25/day");
  for (const char* text : {"", "50", "/day", "50/", "50/year", "0/day", "-1/day", "1e3/day",
                           "nan/day", "0.0000000001/day", "99999999999/day", "5/day/day"}) {
    EXPECT_FALSE(parse_spending_cap(text)) << text;
  }
}

TEST(Load, SaysWhyAFileCannotBeRead) {
  const Loaded missing = load_file("/no/such/file.yaml");
  ASSERT_EQ(missing.problems.size(), 1u);
  EXPECT_EQ(format(missing.problems[0]),
            "/no/such/file.yaml: cannot be read: No such file or directory");
  EXPECT_FALSE(load_file("/").ok());
}

}  // namespace
}  // namespace tidegate::config
