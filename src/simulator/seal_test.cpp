// Seals that were changed anywhere are found; versions of Claude are read from names.
#include "simulator/seal.h"

#include <gtest/gtest.h>

#include "simulator/claude.h"
#include "simulator/endpoint.h"

namespace tidegate::simulator {
namespace {

TEST(Seal, OpensAsItWasMade) {
  for (const std::string hidden : {"", "a", "ab", "abc", "a longer thought – ü"}) {
    const std::string sealed = seal("Eq", "claude", "shown", hidden);
    EXPECT_TRUE(sealed.starts_with("Eq"));
    EXPECT_EQ(open_seal("Eq", "claude", "shown", sealed), hidden);
  }
}

TEST(Seal, EveryChangeIsFound) {
  const std::string sealed = seal("Eq", "claude", "shown", "hidden");
  EXPECT_FALSE(open_seal("Em", "claude", "shown", sealed));
  EXPECT_FALSE(open_seal("Eq", "claud", "shown", sealed));
  EXPECT_FALSE(open_seal("Eq", "claude", "shown ", sealed));
  EXPECT_FALSE(open_seal("Eq", "claude", "shown", sealed + "A"));
  EXPECT_FALSE(open_seal("Eq", "claude", "shown", ""));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(open_seal("Eq", "claude", "shown", changed)) << i;
    EXPECT_FALSE(open_seal("Eq", "claude", "shown", sealed.substr(0, i))) << i;
  }
}

TEST(Claude, VersionsStandInNames) {
  EXPECT_EQ(claude_of("claude-opus-4-7").version(), 407);
  EXPECT_EQ(claude_of("anthropic/claude-sonnet-4.5").version(), 405);
  EXPECT_EQ(claude_of("claude-3-7-sonnet-20250219").version(), 307);
  EXPECT_EQ(claude_of("claude-opus-4-20250514").version(), 400);
  EXPECT_EQ(claude_of("claude-fable-5-1").version(), 501);
  EXPECT_TRUE(claude_of("claude-opus-4-6").takes_budget());
  EXPECT_FALSE(claude_of("claude-opus-4-7").takes_budget());
  EXPECT_FALSE(claude_of("claude-sonnet-4-5").takes_adaptive());
}

TEST(Endpoint, NamesStandForProviders) {
  EXPECT_EQ(find_endpoint("/sim/anthropic/messages").operation, Operation::messages);
  EXPECT_EQ(find_endpoint("/v1/messages/count_tokens").operation, Operation::count_tokens);
  EXPECT_EQ(find_endpoint("/v1/messages").provider, Provider::anthropic);
  EXPECT_EQ(find_endpoint("/sim/openai/responses").operation, Operation::responses);
  EXPECT_EQ(find_endpoint("/sim/vllm-deepseek/v1/chat/completions").provider, Provider::vllm);
  EXPECT_EQ(find_endpoint("/sim/openai_compatible/chat/completions").provider, Provider::openai);
  EXPECT_EQ(find_endpoint("/sim/openrouter/chat/completions").provider, Provider::openrouter);
}

}  // namespace
}  // namespace tidegate::simulator
