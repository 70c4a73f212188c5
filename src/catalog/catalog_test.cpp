#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace tidegate::catalog {
namespace {

struct Result {
  Catalog catalog;
  std::string problems;
};

Result with(std::string_view yaml) {
  for (const auto* name : {"DEEPSEEK_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY",
                           "MOONSHOT_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY"}) {
    unsetenv(name);
  }
  const auto loaded = config::load_text(yaml, "t.yaml");
  EXPECT_TRUE(loaded.ok()) << config::format(loaded.problems.front());
  std::vector<config::Problem> problems;
  Result result{Catalog::with(loaded.config, problems), {}};
  for (const auto& problem : problems) result.problems += config::format(problem) + "\n";
  return result;
}

constexpr std::string_view kProviders =
    "providers: { deepseek: { dialect: deepseek, api_key: k }, "
    "openai: { dialect: openai, api_key: ${OPENAI_API_KEY} }, "
    "box: { dialect: vllm, base_url: 'http://h/v1' } }\n";

std::string with_providers(std::string_view rest) {
  return std::string(kProviders) + std::string(rest);
}

TEST(Catalog, ShipsModelsByNameAndAlias) {
  const Catalog& catalog = Catalog::shipped();
  const Model* opus = catalog.find("claude-opus-4.7");
  ASSERT_NE(opus, nullptr);
  EXPECT_EQ(opus->wire_name, "claude-opus-4-7");
  EXPECT_EQ(catalog.find("claude-opus-4-7"), opus);
  EXPECT_EQ(opus->max_output, 128'000);
  EXPECT_EQ(catalog.find("gpt-5.5")->max_input, 922'000);
  EXPECT_TRUE(catalog.find("deepseek-v4-pro")->thinking_by_default);
  EXPECT_EQ(catalog.find("deepseek-v4-flash")->wire_name, "deepseek-v4-flash");
  EXPECT_EQ(catalog.find("no-such"), nullptr);
  EXPECT_TRUE(std::ranges::is_sorted(catalog.names()));
  for (const Model& model : catalog.models()) {
    EXPECT_FALSE(model.source.empty()) << model.id;
    for (const Epoch& epoch : model.epochs) EXPECT_FALSE(epoch.source.empty()) << model.id;
  }
}

TEST(Catalog, TheEmbeddedDefaultIsSound) {
  const Result result = with("");
  EXPECT_EQ(result.problems, "");
  EXPECT_EQ(result.catalog.find("gpt-5.5")->fallback.size(), 2u);
}

TEST(Catalog, TakesNewModelsOverridesAndAliases) {
  const Result result = with(with_providers(
      "models:\n"
      "  house: { provider: box, name: DS, context: 400000, price: { input: 0.05, output: 0.1 } }\n"
      "  deepseek-v4-pro: { max_output: 1000, price: { input: 1, output: 2 } }\n"
      "  gpt-4.1: house\n"
      "  h: house\n"
      "routes: { all: { model: h } }\n"));
  EXPECT_EQ(result.problems, "");
  const Model* house = result.catalog.find("h");
  ASSERT_NE(house, nullptr);
  EXPECT_EQ(house->id, "house");
  EXPECT_EQ(house->wire_name, "DS");
  EXPECT_EQ(house->max_output, 0);
  EXPECT_EQ(result.catalog.find("gpt-4.1"), house);
  const Quote quote = result.catalog.quote(*house, WallTime{}, 5);
  ASSERT_NE(quote.price, nullptr);
  EXPECT_EQ(quote.epoch, "config");
  EXPECT_EQ(quote.price->input->value, 50'000);
  EXPECT_FALSE(quote.price->cached);
  const Model* pro = result.catalog.find("deepseek-v4-pro");
  EXPECT_EQ(pro->max_output, 1000);
  EXPECT_EQ(pro->context, 1'048'576);
  EXPECT_FALSE(result.catalog.quote(*pro, WallTime{}, 5).peak);
  // No anthropic provider, no key for openai: the shipped fallbacks cannot be used.
  EXPECT_TRUE(pro->fallback.empty());
}

struct Case {
  const char* yaml;
  const char* expected;
};

TEST(Catalog, SaysWhatIsWrongWithModelsAndRoutes) {
  const Case cases[] = {
      {"models: { x: { context: 5 } }\nroutes: { r: { model: deepseek-flash } }",
       "t.yaml:2:11: models.x.provider: missing; x is not in the catalogue, expected one of "
       "providers\n"},
      {"models: { x: { provider: boxx } }\nroutes: { r: { model: deepseek-flash } }",
       "t.yaml:2:11: models.x.provider: there is no provider \"boxx\". Did you mean box?\n"},
      {"models: { x: deepseek-v4-por }\nroutes: { r: { model: deepseek-flash } }",
       "t.yaml:2:14: models.x: there is no model \"deepseek-v4-por\". Did you mean "
       "deepseek-v4-pro or deepseek-v4-flash?\n"},
      {"routes: { r: { model: deepsek-flash } }",
       "t.yaml:2:11: routes.r.model: there is no model \"deepsek-flash\". Did you mean "
       "deepseek-flash or deepseek-v4-flash?\n"},
      {"routes: { r: { model: gpt-5.5 } }",
       "t.yaml:2:11: routes.r.model: gpt-5.5 is served by provider \"openai\", which has no key; "
       "set OPENAI_API_KEY in the environment or in .env\n"},
      {"routes: { r: { model: claude-opus-4.7 } }",
       "t.yaml:2:11: routes.r.model: claude-opus-4.7 is served by provider \"anthropic\", which is "
       "not in providers.\n"},
      {"routes: { r: { model: deepseek-flash, max_tokens: 400000, fallback: [gpt-5.5, zzz] } }",
       "t.yaml:2:11: warning: routes.r.max_tokens: 400000 is more than deepseek-flash can give; "
       "expected at most 393216\n"
       "t.yaml:2:11: warning: routes.r.fallback: gpt-5.5 is served by provider \"openai\", which "
       "has no key; set OPENAI_API_KEY in the environment or in .env\n"
       "t.yaml:2:11: routes.r.fallback: there is no model \"zzz\".\n"},
      {"models: { x: { provider: box, fallback: [nope] } }\nroutes: { r: { model: x } }",
       "t.yaml:2:11: models.x.fallback: there is no model \"nope\".\n"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(with(with_providers(test.yaml)).problems, test.expected) << test.yaml;
  }
}

TEST(Catalog, WrongDataNamesItsPlace) {
  std::vector<config::Problem> problems;
  const Catalog catalog = Catalog::parse(
      "models:\n"
      "  a:\n"
      "    provider: p\n"
      "    source: s\n"
      "    contex: 5\n"
      "    fallback: [b]\n"
      "    calendar: c\n"
      "    prices:\n"
      "      - { from: yesterday, source: s, price: { input: x } }\n",
      "c.yaml", problems);
  std::string all;
  for (const auto& problem : problems) all += config::format(problem) + "\n";
  EXPECT_TRUE(all.contains("c.yaml:5:5: models.a.contex: unknown option. Did you mean context?"));
  EXPECT_TRUE(all.contains("c.yaml:2:3: models.a.fallback: there is no model \"b\"."));
  EXPECT_TRUE(all.contains("c.yaml:2:3: models.a.calendar: there is no calendar \"c\""));
  EXPECT_TRUE(all.contains("c.yaml:9:17: models.a.prices.from: \"yesterday\" is not valid"));
  EXPECT_TRUE(all.contains("c.yaml:9:55: models.a.prices.price.input: \"x\" is not valid")) << all;
  EXPECT_EQ(problems.size(), 5u) << all;
}

}  // namespace
}  // namespace tidegate::catalog
