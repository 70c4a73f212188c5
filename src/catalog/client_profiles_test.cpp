#include "catalog/client_profiles.h"

#include <gtest/gtest.h>

#include <string>

namespace tidegate::catalog {
namespace {

struct Result {
  ClientProfiles profiles;
  std::string problems;
};

Result with(std::string_view yaml) {
  const auto loaded = config::load_text(yaml, "t.yaml");
  EXPECT_TRUE(loaded.ok()) << config::format(loaded.problems.front());
  std::vector<config::Problem> problems;
  Result result{ClientProfiles::with(loaded.config, problems), {}};
  for (const auto& problem : problems) result.problems += config::format(problem) + "\n";
  return result;
}

std::string found(const ClientProfiles& profiles, std::string_view user_agent,
                  std::string_view key_digest = "") {
  const config::Client* client = profiles.find(user_agent, key_digest);
  return client == nullptr ? "" : client->name;
}

TEST(ClientProfiles, ShippedOnesKnowTheirClients) {
  const ClientProfiles profiles = with("").profiles;
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"claude-cli/2.1.119 (external, sdk-cli)", "claude-code"},
      {"codex_cli_rs/0.38.0 (Ubuntu 24.04.2 LTS; x86_64) WindowsTerminal", "codex"},
      {"codex_exec/0.141.0 (Ubuntu 24.4.0; x86_64) unknown (codex_exec; 0.141.0)", "codex"},
      {"codex-tui/0.142.0-alpha.10 (Mac OS 13.7.8; arm64) xterm-256color", "codex"},
      {"opencode/1.18.30 ai-sdk/provider-utils/4.0.40 runtime/bun/1.3.14", "opencode"},
      {"Cline/3.0.47", "cline"},
      {"RooCode/3.52.1", "roo-code"},
      {"Continue/1.2.8", "continue"},
      {"Cursor/2.2.23 (darwin arm64)", "cursor"},
      {"aider/0.86.0", "aider"},
      {"langchain-anthropic/1.0.0", "langchain"},
      {"langchainjs-openai/1.0.0 ((node/v24.16.0; linux; x64))", "langchain-js"},
      {"ai/6.0.168 ai-sdk/provider-utils/4.0.23 runtime/node.js/26", "vercel-ai-sdk"},
      {"ai-sdk/openai-compatible/0.1.0", "vercel-ai-sdk"},
      {"OpenAI/Python 2.32.0", ""},
      {"OpenAI/JS 6.47.0", ""},
      {"Anthropic/Python 0.75.0", ""},
      {"curl/8.7.1", ""},
      {"", ""},
  };
  for (const auto& [user_agent, name] : cases) EXPECT_EQ(found(profiles, user_agent), name);
}

TEST(ClientProfiles, ShippedOnesLeaveOverflowToTheProvider) {
  for (const config::Client& client : ClientProfiles::shipped()) {
    EXPECT_FALSE(client.user_agents.empty()) << client.name;
    EXPECT_FALSE(client.on_overflow.has_value()) << client.name;
  }
}

TEST(ClientProfiles, ConfigComesFirstInItsOrder) {
  const Result result = with(
      "clients:\n"
      "  mine: { match: { user_agent: '*beta*' }, on_overflow: reject }\n"
      "  all-cursors: { match: { user_agent: ['Cursor/*', 'cursor-*'] } }\n");
  EXPECT_EQ(result.problems, "");
  EXPECT_EQ(found(result.profiles, "Cursor/2.0 beta"), "mine");
  EXPECT_EQ(found(result.profiles, "cursor/2.0"), "all-cursors");
  EXPECT_EQ(found(result.profiles, "aider/1"), "aider");
  EXPECT_EQ(result.profiles.all().size(), ClientProfiles::shipped().size() + 2);
}

TEST(ClientProfiles, OneOfTheSameNameIsChangedOptionByOption) {
  const Result result = with("clients: { cursor: { on_overflow: truncate_middle } }");
  EXPECT_EQ(result.problems, "");
  EXPECT_EQ(result.profiles.all().size(), ClientProfiles::shipped().size());
  const config::Client* cursor = result.profiles.find("Cursor/2.0", "");
  ASSERT_NE(cursor, nullptr);
  EXPECT_EQ(cursor->on_overflow, config::OnOverflow::truncate_middle);
  EXPECT_EQ(cursor->context_window, 200'000);
  EXPECT_EQ(cursor->drops_reasoning, true);

  const Result other = with(
      "clients: { cursor: { match: { user_agent: Go-http-client/* }, drops_reasoning: false } }");
  EXPECT_EQ(found(other.profiles, "Cursor/2.0"), "");
  EXPECT_EQ(other.profiles.find("Go-http-client/2.0", "")->drops_reasoning, false);
}

TEST(ClientProfiles, MatchByKeyAndByBoth) {
  const std::string ci(64, 'a'), team(64, 'b');
  const Result result =
      with("clients:\n  ci: { match: { key: ['sha256:" + ci + "'] } }\n" +
           "  team-cursor: { match: { user_agent: Cursor/*, key: 'sha256:" + std::string(64, 'B') +
           "' } }\n");
  EXPECT_EQ(result.problems, "");
  EXPECT_TRUE(result.profiles.by_key());
  EXPECT_EQ(found(result.profiles, "curl/8", ci), "ci");
  EXPECT_EQ(found(result.profiles, "", ci), "ci");
  EXPECT_EQ(found(result.profiles, "Cursor/1", team), "team-cursor");
  EXPECT_EQ(found(result.profiles, "Cursor/1", ""), "cursor");
  EXPECT_EQ(found(result.profiles, "curl/8", team), "");
  EXPECT_EQ(found(result.profiles, "curl/8", std::string(63, 'a')), "");
  EXPECT_FALSE(with("").profiles.by_key());
}

TEST(ClientProfiles, NewOneMustSayWhichClients) {
  EXPECT_EQ(with("clients:\n  curser: { on_overflow: reject }\n").problems,
            "t.yaml:2:3: clients.curser.match: missing; no profile of this name ships with the "
            "program, expected e.g. { user_agent: \"Cursor/*\" }. Did you mean cursor?\n");
}

TEST(ClientProfiles, DataMustHaveSources) {
  std::vector<config::Problem> problems;
  (void)ClientProfiles::parse("clients:\n  x: { match: { user_agent: x } }\n", "c.yaml", problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(config::format(problems[0]),
            "c.yaml:2:6: clients.x.source: missing; expected where this stands, e.g. a page");
}

TEST(ClientProfiles, LongHeadersAreLookedAtInFront) {
  const ClientProfiles profiles =
      with("clients: { x: { match: { user_agent: '*a*a*a*a*a*b' } } }").profiles;
  EXPECT_EQ(profiles.find(std::string(64 << 10, 'a'), ""), nullptr);
}

}  // namespace
}  // namespace tidegate::catalog
