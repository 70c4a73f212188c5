// Every kind of wrong config and what is said about it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "config/config.h"
#include "config/document.h"
#include "config/test_environment.h"

namespace tidegate::config {
namespace {

std::string problems_of(std::string_view yaml) {
  std::string all;
  for (const auto& problem : load_text(yaml, "t.yaml").problems) all += format(problem) + "\n";
  return all;
}

struct Case {
  const char* name;
  const char* yaml;
  const char* expected;
};

class Problems : public testing::TestWithParam<Case> {};

TEST_P(Problems, AreSaid) {
  clear_keys();
  unsetenv("NOT_SET");
  EXPECT_EQ(problems_of(GetParam().yaml), GetParam().expected);
}

const Case kCases[] = {
    {"unknown_option", "timeout: { connect: 5s }",
     "t.yaml:1:1: timeout: unknown option. Did you mean timeouts?\n"},
    {"unknown_inner_option", "timeouts:\n  conect: 5s\n",
     "t.yaml:2:3: timeouts.conect: unknown option. Did you mean connect?\n"},
    {"given_twice", "listen: a:1\nworkers: 1\nlisten: b:2\n",
     "t.yaml:3:1: listen: given twice, first in line 1; keep one\n"},
    {"missing_unit", "timeouts: { connect: 5 }",
     "t.yaml:1:22: timeouts.connect: \"5\" is not valid; expected a duration from 1ms to 1d, e.g. "
     "5s. A unit is missing: 5ms, 5s or 5m?\n"},
    {"out_of_range", "retry: { attempts: 11, budget: 120% }",
     "t.yaml:1:20: retry.attempts: \"11\" is not valid; expected a number from 1 to 10, e.g. 3.\n"
     "t.yaml:1:32: retry.budget: \"120%\" is not valid; expected a percentage from 0% to 100%, "
     "e.g. 20%.\n"},
    {"bad_bytes", "http: { body: 48MB2 }",
     "t.yaml:1:15: http.body: \"48MB2\" is not valid; expected a size from 1KiB to 1024MiB, e.g. "
     "48MiB.\n"},
    {"bad_boolean", "log: { requests: maybe }",
     "t.yaml:1:18: log.requests: \"maybe\" is not valid; expected true or false, e.g. false.\n"},
    {"bad_address", "listen: :8080\nadmin: localhost:99999\n",
     "t.yaml:1:9: listen: \":8080\" is not valid; expected host:port or [ipv6]:port, port 0 to "
     "65535, e.g. 0.0.0.0:8080.\n"
     "t.yaml:2:8: admin: \"localhost:99999\" is not valid; expected host:port or [ipv6]:port, "
     "port 0 to 65535, e.g. 127.0.0.1:8081.\n"},
    {"same_address", "listen: 127.0.0.1:8081",
     "t.yaml:1:1: admin: 127.0.0.1:8081 is the clients' address (listen) too; expected another\n"},
    {"wrong_kind", "timeouts: 5s\nworkers: [1]\npolicy: { route: x }\n",
     "t.yaml:1:11: timeouts: a single value is here; expected a map (name: value)\n"
     "t.yaml:2:10: workers: a list ([a, b] or lines with -) is here; expected a single value\n"
     "t.yaml:3:9: policy: a map (name: value) is here; expected a list ([a, b] or lines with -)\n"},
    {"not_a_map", "- a\n",
     "t.yaml:1:1: the config: a list ([a, b] or lines with -) is here; expected a map (name: "
     "value)\n"},
    {"unknown_dialect", "providers: { x: { dialect: deepsek } }",
     "t.yaml:1:28: providers.x.dialect: \"deepsek\" is not valid; expected deepseek, openai, "
     "anthropic, kimi, gemini, openrouter, vllm, sglang, llamacpp or openai_compatible, e.g. "
     "deepseek. Did you mean deepseek?\n"},
    {"no_base_url", "providers: { x: { dialect: vllm } }",
     "t.yaml:1:14: providers.x.base_url: missing; dialect vllm has no default, expected http:// or "
     "https://, a host, and if needed a port and a path, e.g. http://10.0.0.5:8000/v1\n"},
    {"no_dialect", "providers: { x: { base_url: 'http://h' } }",
     "t.yaml:1:17: providers.x.dialect: missing; expected deepseek, openai, anthropic, kimi, "
     "gemini, openrouter, vllm, sglang, llamacpp or openai_compatible, e.g. deepseek\n"},
    {"bad_base_url", "providers: { x: { dialect: vllm, base_url: 'ftp://h' } }",
     "t.yaml:1:44: providers.x.base_url: \"ftp://h\" is not valid; expected http:// or https://, a "
     "host, and if needed a port and a path, e.g. http://10.0.0.5:8000/v1.\n"},
    {"duplicate_provider", "providers:\n  x: { dialect: openai }\n  x: { dialect: openai }\n",
     "t.yaml:3:3: x: given twice, first in line 2; keep one\n"},
    {"reserved_model", "models: { auto: gpt-5.5 }",
     "t.yaml:1:11: models.auto: this name asks the policy or a route; expected another name\n"},
    {"bad_name", "routes: { 'a b': { model: gpt-5.5 } }",
     "t.yaml:1:11: routes: \"a b\" is not valid; expected a name of 1 to 128 visible ASCII "
     "characters without spaces\n"},
    {"bad_price", "models: { x: { provider: openai, price: { input: 0.0000001 } } }",
     "t.yaml:1:50: models.x.price.input: \"0.0000001\" is not valid; expected USD per million "
     "tokens from 0 to 100000, at most six decimals, e.g. 0.05.\n"},
    {"route_without_model", "routes: { x: { thinking: loud } }",
     "t.yaml:1:14: routes.x.model: missing; expected a name of 1 to 128 visible ASCII characters "
     "without spaces, e.g. deepseek-v4-pro\n"
     "t.yaml:1:26: routes.x.thinking: \"loud\" is not valid; expected off, low, medium, high or "
     "max, e.g. high.\n"},
    {"rule_to_unknown_route",
     "policy:\n  - { when: 'a > 1', route: critical_planing }\n  - { route: critical_planning }\n",
     "t.yaml:2:13: policy[1].route: there is no route \"critical_planing\". Did you mean "
     "critical_planning?\n"},
    {"rule_without_route", "policy: [ { when: 'a > 1' }, { route: critical_planning } ]",
     "t.yaml:1:11: policy[1].route: missing; expected a name of 1 to 128 visible ASCII characters "
     "without spaces, e.g. critical_planning\n"},
    {"undecided_policy", "policy: [ { when: 'a > 1', route: critical_planning } ]",
     "t.yaml:1:19: policy: some requests may match no rule; expected a last rule without when, "
     "e.g. - { route: long_context_discovery }\n"},
    {"unreachable_rule", "policy: [ { route: critical_planning }, { route: terminal_agentic } ]",
     "t.yaml:1:41: warning: policy[2]: never reached, a rule before it always holds; remove it or "
     "move it up\n"},
    {"no_policy", "routes: { a: { model: gpt-5.5 }, b: { model: gpt-4.1 } }",
     "t.yaml:1:11: policy: missing; expected rules that say which of these routes a request takes, "
     "e.g. - { route: a }\n"},
    {"wrong_redis",
     "state: { limits: 'redis://user:secret@h:x', redis_prefix: 'a b', gateways: 0 }\n",
     "t.yaml:1:18: state.limits: the value is not valid; expected "
     "redis://[user:password@]host[:port][/database], or rediss:// for TLS, e.g. "
     "redis://gateway:${REDIS_PASSWORD}@10.0.0.7:6379/0.\n"
     "t.yaml:1:59: state.redis_prefix: \"a b\" is not valid; expected a name of 1 to 128 "
     "visible "
     "ASCII characters without spaces, e.g. staging.\n"
     "t.yaml:1:76: state.gateways: \"0\" is not valid; expected a number from 1 to 1000, e.g. "
     "4.\n"},
    {"wrong_budgets",
     "budgets:\n"
     "  - { scope: team, usd: 0, per: year }\n"
     "  - { scope: global, usd: -1, per: day, name: x }\n"
     "  - { scope: route, name: chaep, usd: 1e3, per: day, on_exhausted: { downgrade: cheapo } }\n"
     "  - { scope: key, usd: 0.0000000001, per: day, alert_at: [80%], on_exhausted: ask }\n"
     "  - { scope: tenant, usd: 99999999999, per: day, time_zone: Mars/Olympus }\n"
     "  - { scope: tenant, usd: 1, per: day, webhook: \"hooks.slack.com/secret\", period: day }\n"
     "  - { scope: task, per: total, time_zone: Europe/Berlin }\n",
     "t.yaml:2:14: budgets[1].scope: \"team\" is not valid; expected global, tenant, key, client, "
     "route, provider, model or task, e.g. tenant.\n"
     "t.yaml:2:25: budgets[1].usd: \"0\" is not valid; expected USD from 0.000000001 to "
     "1000000000, at most nine decimals, e.g. 1000.\n"
     "t.yaml:2:33: budgets[1].per: \"year\" is not valid; expected day, week, month or total, e.g. "
     "day.\n"
     "t.yaml:3:5: budgets: scope global is all requests together and takes no name; remove name: x "
     "or take another scope\n"
     "t.yaml:3:27: budgets[2].usd: \"-1\" is not valid; expected USD from 0.000000001 to "
     "1000000000, at most nine decimals, e.g. 1000.\n"
     "t.yaml:4:5: budgets: there is no route \"chaep\".\n"
     "t.yaml:4:5: budgets: there is no route \"cheapo\".\n"
     "t.yaml:4:39: budgets[3].usd: \"1e3\" is not valid; expected USD from 0.000000001 to "
     "1000000000, at most nine decimals, e.g. 1000.\n"
     "t.yaml:5:24: budgets[4].usd: \"0.0000000001\" is not valid; expected USD from 0.000000001 to "
     "1000000000, at most nine decimals, e.g. 1000.\n"
     "t.yaml:5:59: budgets[4].alert_at: \"80%\" is not valid; expected a share of the budget from "
     "0.01 to 10, e.g. 0.8\n"
     "t.yaml:5:79: budgets[4].on_exhausted: \"ask\" is not valid; expected reject, alert_only or { "
     "downgrade: ROUTE }\n"
     "t.yaml:6:27: budgets[5].usd: \"99999999999\" is not valid; expected USD from 0.000000001 to "
     "1000000000, at most nine decimals, e.g. 1000.\n"
     "t.yaml:6:61: budgets[5].time_zone: \"Mars/Olympus\" is not valid; expected a time zone of "
     "the IANA that this system knows (package tzdata), or UTC, e.g. Europe/Berlin.\n"
     "t.yaml:7:5: budgets: each tenant has a budget per day already; remove one of them\n"
     "t.yaml:7:49: budgets[6].webhook: the value is not valid; expected a URL that begins with "
     "https:// or http://, e.g. ${ALERT_URL}.\n"
     "t.yaml:7:75: budgets[6].period: unknown option.\n"
     "t.yaml:8:5: warning: budgets: time_zone has no meaning for per: total; remove it\n"
     "t.yaml:8:5: budgets[7].usd: missing; expected USD from 0.000000001 to 1000000000, at most "
     "nine decimals, e.g. 1000\n"},
    {"wrong_limits",
     "limits:\n"
     "  requests_per_second: 0\n"
     "  tokens_per_minute: nan\n"
     "  burst: -1\n"
     "  tokens_per_hour: 5\n"
     "  scopes:\n"
     "    - { scope: user, requests_per_minute: 5 }\n"
     "    - { scope: provider, name: depseek, max_concurrent: 5 }\n"
     "    - { scope: key, burst: 2 }\n"
     "    - { scope: key, tokens_per_day: 1e5 }\n",
     "t.yaml:2:24: limits.requests_per_second: \"0\" is not valid; expected a number from 0.001 to "
     "1000000, e.g. 100.\n"
     "t.yaml:3:22: limits.tokens_per_minute: \"nan\" is not valid; expected a number from 1 to "
     "100000000000, e.g. 1000000.\n"
     "t.yaml:4:10: limits.burst: \"-1\" is not valid; expected a number from 0.001 to 100, e.g. "
     "2.0.\n"
     "t.yaml:5:3: limits.tokens_per_hour: unknown option. Did you mean tokens_per_day or "
     "tokens_per_minute?\n"
     "t.yaml:7:16: limits.scopes[1].scope: \"user\" is not valid; expected tenant, key, client, "
     "route, provider or model, e.g. key.\n"
     "t.yaml:8:7: limits.scopes: there is no provider \"depseek\". Did you mean deepseek?\n"
     "t.yaml:9:7: limits.scopes: it limits nothing; expected at least one bound, e.g. "
     "requests_per_minute: 60\n"
     "t.yaml:10:7: limits.scopes: each key has limits already; put all its bounds into one entry\n"
     "t.yaml:10:7: limits.scopes: it limits nothing; expected at least one bound, e.g. "
     "requests_per_minute: 60\n"
     "t.yaml:10:37: limits.scopes[4].tokens_per_day: \"1e5\" is not valid; expected a number from "
     "1 "
     "to 10000000000000, e.g. 50000000.\n"},
    {"wrong_clients",
     "clients:\n"
     "  a: { match: { user_agent: Cursor/*, key: k }, context_windw: 1 }\n"
     "  b: { match: { user_agent: [] }, on_overflow: truncate_midle, drops_reasoning: 1 }\n"
     "  c: { match: { user_agent: ['x*', ''] }, context_window: lots, needs_usage: often }\n"
     "  d: { match: { key: [] } }\n",
     "t.yaml:2:44: clients.a.match.key: the value is not valid; expected sha256: and the 64 digits "
     "that printf %s KEY | sha256sum prints, or a list of such, e.g. "
     "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b\n"
     "t.yaml:2:49: clients.a.context_windw: unknown option. Did you mean context_window?\n"
     "t.yaml:3:29: clients.b.match.user_agent: an empty list; expected a glob or a list of globs "
     "(* and ?) for the User-Agent header, e.g. \"Cursor/*\"\n"
     "t.yaml:3:48: clients.b.on_overflow: \"truncate_midle\" is not valid; expected reject, "
     "truncate_oldest, truncate_middle or fallback, e.g. truncate_middle. Did you mean "
     "truncate_middle or truncate_oldest?\n"
     "t.yaml:3:81: clients.b.drops_reasoning: \"1\" is not valid; expected true or false, e.g. "
     "true.\n"
     "t.yaml:4:36: clients.c.match.user_agent: \"\" is not valid; expected a glob of 1 to 200 "
     "visible ASCII characters and spaces\n"
     "t.yaml:4:59: clients.c.context_window: \"lots\" is not valid; expected a number of tokens "
     "from 1 to 100000000, e.g. 200000.\n"
     "t.yaml:4:78: clients.c.needs_usage: \"often\" is not valid; expected true or false, e.g. "
     "true.\n"
     "t.yaml:5:22: clients.d.match.key: an empty list; expected sha256: and the 64 digits that "
     "printf %s KEY | sha256sum prints, or a list of such, e.g. "
     "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b\n"},
    {"unknown_store", "state: { ledger: 'mysql://u:secret@h/db' }",
     "t.yaml:1:18: state.ledger: the value is not valid; expected sqlite:FILE or "
     "postgresql://USER:PASSWORD@HOST/DATABASE, e.g. sqlite:/var/lib/tidegate/ledger.db.\n"},
    {"missing_files", "tls: { certificate: /no/cert.pem }",
     "t.yaml:1:6: tls.key: missing; expected a file that exists and can be read, e.g. server.key\n"
     "t.yaml:1:21: tls.certificate: \"/no/cert.pem\" is not valid; expected a file that exists and "
     "can be read, e.g. server.pem.\n"},
    {"variable_not_set", "listen: ${NOT_SET}\n",
     "t.yaml:1:9: listen: NOT_SET is not set; set it in the environment or in .env, or write "
     "${NOT_SET:-default}\n"},
    {"variable_malformed", "listen: '${1X}'\nadmin: 'a:${B'\n",
     "t.yaml:1:9: listen: a ${ without its name or }; expected ${NAME} or ${NAME:-default}\n"
     "t.yaml:2:8: admin: a ${ without its name or }; expected ${NAME} or ${NAME:-default}\n"},
    {"bad_syntax", "listen: a:1\n  admin: [\n", "t.yaml:2:8: not valid YAML: illegal map value\n"},
    {"unclosed", "retry: { attempts: 1\n",
     "t.yaml:2:1: not valid YAML: end of map flow not found\n"},
    {"anchor", "a: &x 1\n",
     "t.yaml:1:4: not valid YAML: anchors and aliases are not supported; repeat the value\n"},
    {"two_documents", "workers: 1\n---\nworkers: 2\n",
     "t.yaml:1:1: more than one YAML document; expected one (remove the `---`)\n"},
    {"not_text", "listen: \xff\n", "t.yaml:1:1: not a text file; expected UTF-8\n"},
};

INSTANTIATE_TEST_SUITE_P(Config, Problems, testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Secrets, NeverAppearInProblems) {
  setenv("SECRET_URL", "http://user:hunter2@host", 1);
  setenv("SECRET_KEY", "hunter2\nx-evil: 1", 1);
  const std::string said = problems_of(
      "providers:\n"
      "  a: { dialect: vllm, base_url: '${SECRET_URL}' }\n"
      "  b: { dialect: vllm, base_url: 'http://u:hunter2@host' }\n"
      "  c: { dialect: openai, api_key: '${SECRET_KEY}' }\n"
      "  d: { dialect: openai, api_key: 'hunter2 with spaces' }\n"
      "  e: { dialect: openai, api_key: [hunter2] }\n");
  EXPECT_FALSE(said.contains("hunter2")) << said;
  EXPECT_EQ(std::ranges::count(said, '\n'), 5) << said;
}

TEST(Document, RefusesDeepNesting) {
  std::string deep;
  for (std::size_t level = 0; level < 40; ++level) deep += std::string(level, ' ') + "a:\n";
  const auto document = parse_document(deep, "d.yaml");
  ASSERT_EQ(document.problems.size(), 1u);
  EXPECT_EQ(format(document.problems[0]), "d.yaml:33:33: not valid YAML: nested too deeply");
  for (const auto* opening : {"[", "{", "- ", "? ", "{a: ", "[[{"}) {
    std::string many;
    for (int i = 0; i < 20'000; ++i) many += opening;
    EXPECT_EQ(parse_document(many, "d").problems.size(), 1u) << opening;
  }
}

TEST(Dotenv, SetsWhatTheEnvironmentDoesNotHave) {
  const std::string path = testing::TempDir() + "tidegate_dotenv_test";
  std::ofstream(path) << "# comment\n\nA_NEW=one # why\nexport B_NEW = 'two # kept'\r\n"
                         "C_OLD=three\nnonsense hunter2\nD_NEW=\"open\nE_NEW=\n";
  for (const auto* name : {"A_NEW", "B_NEW", "D_NEW", "E_NEW"}) unsetenv(name);
  setenv("C_OLD", "kept", 1);
  const auto problems = load_dotenv(path);
  EXPECT_STREQ(std::getenv("A_NEW"), "one");
  EXPECT_STREQ(std::getenv("B_NEW"), "two # kept");
  EXPECT_STREQ(std::getenv("C_OLD"), "kept");
  EXPECT_EQ(std::getenv("D_NEW"), nullptr);
  EXPECT_STREQ(std::getenv("E_NEW"), "");
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(format(problems[0]), path + ":6:1: warning: not understood; expected NAME=value");
  std::remove(path.c_str());
  EXPECT_TRUE(load_dotenv(path).empty());
}

}  // namespace
}  // namespace tidegate::config
