#include "client/options.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace tidegate::client {
namespace {

constexpr const char* kVariables[] = {"DEEPSEEK_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY",
                                      "MOONSHOT_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY"};

class Options : public testing::Test {
 protected:
  Options() {
    for (const char* variable : kVariables) ::unsetenv(variable);
  }
  ~Options() override {
    for (const char* variable : kVariables) ::unsetenv(variable);
  }
  static std::string problem(const ClientOptions& options) {
    const auto config = read_options(options);
    return config ? "" : config.error().message;
  }
};

TEST_F(Options, KeysOfTheEnvironmentSayWhoIsAsked) {
  ::setenv("OPENAI_API_KEY", "sk-proj-0123456789abcdef", 1);
  ::setenv("ANTHROPIC_API_KEY", "sk-ant-0123456789abcdef", 1);
  const auto config = read_options({});
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->providers.size(), 2u);
  EXPECT_EQ(config->providers[0].name, "openai");
  EXPECT_EQ(config->providers[1].base_url, "https://api.anthropic.com/v1");
}

TEST_F(Options, WithoutAnyKeyAllVariablesAreNamed) {
  const std::string said = problem({});
  for (const char* variable : kVariables) {
    EXPECT_NE(said.find(variable), std::string::npos) << said;
  }
}

TEST_F(Options, AMissingKeyNamesItsVariable) {
  EXPECT_EQ(problem({.providers = {{.kind = ProviderKind::openai}}}),
            "OPENAI_API_KEY: there is no key for openai; set the variable");
  EXPECT_EQ(problem({.providers = {{.kind = ProviderKind::openai, .api_key_env = "MY_KEY"}}}),
            "MY_KEY: there is no key for openai; set the variable");
}

TEST_F(Options, TheErrorSaysVariableAndForm) {
  ::setenv("ANTHROPIC_API_KEY", "sk-proj-0123456789abcdef", 1);
  EXPECT_EQ(
      problem({}),
      "ANTHROPIC_API_KEY: this looks like a key of OpenAI; expected a key of Anthropic, which "
      "begins with sk-ant- and has at least 20 characters");
}

TEST_F(Options, KeysForOtherServersMayHaveAnyForm) {
  ::setenv("OPENAI_API_KEY", "mine", 1);
  const ProviderOptions mine{.kind = ProviderKind::openai, .base_url = "http://10.0.0.1/v1"};
  EXPECT_EQ(problem({.providers = {mine}}), "");
}

TEST_F(Options, AllProblemsAreSaidAtOnce) {
  ClientOptions options;
  options.providers = {{.kind = ProviderKind::vllm}, {.kind = ProviderKind::openai}};
  options.models = {{.id = "", .provider = "nobody", .input_price = -1.0}};
  options.threads = 0;
  options.retry.attempts = 0;
  options.timeouts.idle = 0s;
  options.limits.requests_per_second = -1;
  const std::string said = problem(options);
  for (const char* part : {"providers[0].base_url", "OPENAI_API_KEY", "models[0].id",
                           "models[0].provider", "models[0].input_price", "threads",
                           "retry.attempts", "timeouts.idle", "limits.requests_per_second"}) {
    EXPECT_NE(said.find(part), std::string::npos) << part << " in\n" << said;
  }
}

}  // namespace
}  // namespace tidegate::client
