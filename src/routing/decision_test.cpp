#include "routing/decision.h"

#include <gtest/gtest.h>

#include <set>

namespace tidegate::routing {
namespace {

config::Provider provider(std::string name) {
  config::Provider result;
  result.name = std::move(name);
  result.key_required = false;
  return result;
}

config::Model model(std::string id, Tokens context, std::vector<std::string> fallback = {}) {
  config::Model result;
  result.id = std::move(id);
  result.provider = "cluster";
  result.context = context;
  result.fallback = std::move(fallback);
  return result;
}

config::Config sample() {
  config::Config config;
  config.providers = {provider("spare"), provider("cluster")};
  config.models = {model("wide", 1'000'000), model("narrow", 100'000, {"wide"}),
                   model("other", 300'000)};
  config.models[0].max_output = 32'000;
  config.models[2].provider = "spare";
  config.models[0].takes = config.models[1].takes = {Media::text};
  config.aliases = {{"little", "narrow", {}}};
  config.routes = {{"long", "wide", 64'000, config::Thinking::off, {}, {}},
                   {"short", "little", 8'000, config::Thinking::high, {"other", "wide"}, {}}};
  config.policy = {{"context_tokens > 200000", "long", {}}, {"", "short", {}}};
  return config;
}

class DecisionTest : public testing::Test {
 protected:
  DecisionTest() {
    table = build(config, catalog, problems);
    for (const auto& problem : problems) EXPECT_TRUE(problem.warning) << problem.message;
    query.now = TimePoint{100h};
    query.fingerprint = 0x1234'5678'9abc'def0;
  }
  Decision decided() {
    auto result = decide(table, &affinity, query);
    if (!result) ADD_FAILURE() << result.error().message;
    return *result;
  }
  Error refused() {
    auto result = decide(table, &affinity, query);
    EXPECT_FALSE(result);
    return result ? Error{} : result.error();
  }
  void remember(const Decision& decision) {
    affinity.remember(decision.task, decision.route->hash, query.now);
  }

  config::Config config = sample();
  std::vector<config::Problem> problems;
  catalog::Catalog catalog = catalog::Catalog::with(config, problems);
  Table table;
  Affinity affinity;
  Query query;
};

TEST_F(DecisionTest, PolicyDecidesForAutoAndForNoModel) {
  for (const char* asked : {"auto", ""}) {
    query.model = asked;
    query.workload.context_tokens = 231042;
    const Decision decision = decided();
    EXPECT_EQ(decision.route->name, "long");
    EXPECT_EQ(decision.rule, 1);
    EXPECT_EQ(decision.reason.view(), "rule 1: context_tokens=231042 > 200000");
    EXPECT_NE(decision.task, 0u);
    ASSERT_EQ(decision.targets().size(), 1u);
    EXPECT_EQ(decision.targets()[0]->model->id, "wide");
    EXPECT_EQ(decision.targets()[0]->max_tokens, 32'000);  // what the model can give
  }
}

TEST_F(DecisionTest, TargetsKnowTheirProviderAndBreaker) {
  const Decision decision = decided();
  ASSERT_EQ(decision.targets().size(), 3u);
  std::set<std::size_t> breakers;
  for (const Target* target : decision.targets()) {
    EXPECT_EQ(config.providers[target->provider].name, target->model->provider);
    EXPECT_EQ(table.breakers[target->breaker].model, target->model);
    EXPECT_EQ(table.breakers[target->breaker].provider, target->provider);
    EXPECT_EQ(target->thinking, config::Thinking::high);
    breakers.insert(target->breaker);
  }
  EXPECT_EQ(breakers.size(), 3u);
  query.model = "narrow";
  EXPECT_EQ(decided().targets()[0]->breaker, decision.targets()[0]->breaker);
}

TEST_F(DecisionTest, AModelByItsNameOrAlias) {
  for (const char* asked : {"narrow", "little"}) {
    query.model = asked;
    const Decision decision = decided();
    EXPECT_EQ(decision.route->name, "");
    EXPECT_EQ(decision.reason.view(), "model asked for by name");
    EXPECT_EQ(decision.task, 0u);
    ASSERT_EQ(decision.targets().size(), 2u);
    EXPECT_EQ(decision.targets()[0]->model->id, "narrow");
    EXPECT_EQ(decision.targets()[0]->max_tokens, 0);
    EXPECT_EQ(decision.targets()[1]->model->id, "wide");
  }
}

TEST_F(DecisionTest, ARouteByNameAndTheHeaderFirst) {
  query.model = "route:long";
  EXPECT_EQ(decided().route->name, "long");
  query.forced_route = "short";
  const Decision decision = decided();
  EXPECT_EQ(decision.route->name, "short");
  EXPECT_EQ(decision.reason.view(), "route asked for by x-tidegate-route");
  EXPECT_EQ(decision.task, 0u);
}

TEST_F(DecisionTest, UnknownNamesAreRefusedWithNearOnes) {
  query.model = "narow";
  EXPECT_EQ(refused().code, ErrorCode::not_found);
  EXPECT_EQ(refused().field, "model");
  EXPECT_NE(refused().message.find("narrow"), std::string::npos);
  query.model = "route:shrt";
  EXPECT_NE(refused().message.find("short"), std::string::npos);
  query.forced_route = "lng";
  EXPECT_EQ(refused().field, "x-tidegate-route");
  EXPECT_NE(refused().message.find("long"), std::string::npos);
  query.forced_route = {};
  const std::string huge = std::string(100'000, 'a') + "\r\n";
  query.model = huge;
  EXPECT_LT(refused().message.size(), 200u);
  query.model = "mine";
  EXPECT_EQ(refused().message,
            "There is no model \"mine\". GET /v1/models lists what can be asked for.");
  query.model = "claude-opus-4.7";
  EXPECT_NE(refused().message.find("provider anthropic, which is not configured"),
            std::string::npos);
}

TEST_F(DecisionTest, ATaskStaysOnItsRoute) {
  query.workload.context_tokens = 231042;
  remember(decided());
  query.workload.context_tokens = 900;
  Decision decision = decided();
  EXPECT_TRUE(decision.sticky);
  EXPECT_EQ(decision.route->name, "long");
  EXPECT_EQ(decision.reason.view(), "sticky: the task stays on long");
  query.task = "another";
  EXPECT_EQ(decided().route->name, "short");
  query.task = {};
  query.now += table.sticky_for;
  EXPECT_EQ(decided().route->name, "short");
}

TEST_F(DecisionTest, ATaskMovesWhenItNoLongerFits) {
  query.workload.context_tokens = 900;
  query.task = "t1";
  remember(decided());
  query.workload.context_tokens = 230'000;
  const Decision decision = decided();
  EXPECT_FALSE(decision.sticky);
  EXPECT_TRUE(decision.moved);
  EXPECT_EQ(decision.route->name, "long");
  EXPECT_EQ(decision.reason.view(),
            "moved: 230000 tokens no longer fit narrow; rule 1: context_tokens=230000 > 200000");
}

TEST_F(DecisionTest, TargetsThatAreTooSmallAreSkipped) {
  query.forced_route = "short";
  query.workload.context_tokens = 95'000;
  query.workload.max_tokens = 5'000;
  EXPECT_EQ(decided().targets().size(), 3u);
  query.workload.max_tokens = 5'001;
  Decision decision = decided();
  ASSERT_EQ(decision.targets().size(), 2u);
  EXPECT_EQ(decision.targets()[0]->model->id, "other");
  EXPECT_TRUE(decision.reason.view().ends_with("; 1 of 3 models skipped: context too small"));
  query.workload.context_tokens = 2'000'000;
  EXPECT_EQ(decided().targets().size(), 3u);  // none fits: the provider says so
}

TEST_F(DecisionTest, TargetsThatCannotTakeWhatIsShownAreSkipped) {
  add(query.workload.media, Media::images);
  query.forced_route = "short";
  Decision decision = decided();
  ASSERT_EQ(decision.targets().size(), 1u);
  EXPECT_EQ(decision.targets()[0]->model->id, "other");
  ASSERT_NE(decision.blind, nullptr);
  EXPECT_EQ(decision.blind->model->id, "narrow");
  EXPECT_TRUE(decision.reason.view().ends_with("; 2 of 3 models skipped: no images"));
  // One that sees little is better than those that see nothing.
  query.workload.context_tokens = 2'000'000;
  ASSERT_EQ(decided().targets().size(), 1u);
  EXPECT_EQ(decided().targets()[0]->model->id, "other");
}

TEST_F(DecisionTest, WhatNoTargetCanTakeIsRefused) {
  add(query.workload.media, Media::audio);
  query.model = "little";
  EXPECT_EQ(refused().code, ErrorCode::invalid);
  EXPECT_EQ(refused().field, "audio");
  EXPECT_EQ(refused().message,
            "narrow takes no audio. Leave them out, or ask for a model or route that takes them.");
  query.model = "route:long";
  EXPECT_TRUE(refused().message.starts_with(
      "No model of the route long takes all that is shown: wide takes no audio."));
  query.model = "other";  // nobody knows what it takes
  EXPECT_EQ(decided().blind, nullptr);
}

TEST_F(DecisionTest, ATaskMovesWhenItsRouteCannotTakeWhatIsShown) {
  query.model = "auto";
  query.workload.context_tokens = 230'000;
  remember(decided());
  query.workload.context_tokens = 1'000;
  EXPECT_TRUE(decided().sticky);
  add(query.workload.media, Media::images);
  const Decision decision = decided();
  EXPECT_TRUE(decision.moved);
  EXPECT_EQ(decision.route->name, "short");
  EXPECT_TRUE(decision.reason.view().starts_with("moved: long takes no images; rule 2: "))
      << decision.reason.view();
}

TEST_F(DecisionTest, AutoWithoutAPolicy) {
  table.policy = Policy();
  query.model = "auto";
  EXPECT_EQ(refused().code, ErrorCode::invalid);
}

TEST(Table, ErrorsOfExpressionsStandWhereTheFileHasThem) {
  const auto loaded = config::load_text(
      "providers:\n  cluster: { dialect: vllm, base_url: http://127.0.0.1:1/v1 }\n"
      "models:\n  house: { provider: cluster, name: h }\n"
      "routes:\n  a: { model: house }\n"
      "policy:\n"
      "  - { when: \"context_tokens > 5 && tols > 3\", route: a }\n"
      "  - when: tols > 3\n    route: a\n"
      "  - { route: a }\n",
      "t.yaml");
  ASSERT_TRUE(loaded.ok());
  std::vector<config::Problem> problems;
  const auto catalog = catalog::Catalog::with(loaded.config, problems);
  build(loaded.config, catalog, problems);
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(config::format(problems[0]),
            "t.yaml:8:36: policy[1].when: There is no variable tols. Did you mean tools?");
  EXPECT_EQ(problems[1].at.line, 9);
  EXPECT_EQ(problems[1].at.column, 11);
}

TEST(Table, FallbacksWithoutAKeyAreLeftOut) {
  config::Config config = sample();
  config.providers[0].key_required = true;
  std::vector<config::Problem> problems;
  const auto catalog = catalog::Catalog::with(config, problems);
  problems.clear();
  const Table table = build(config, catalog, problems);
  EXPECT_TRUE(problems.empty());
  ASSERT_EQ(table.find("short")->targets.size(), 2u);
  EXPECT_EQ(table.find("short")->targets[1].model->id, "wide");
  EXPECT_EQ(table.models.count("other"), 1u);
}

TEST(Table, EachRouteHasAHashOfItsOwn) {
  config::Config config = sample();
  for (int i = 0; i < 100; ++i) {
    config.routes.push_back(config.routes[0]);
    config.routes.back().name = "r" + std::to_string(i);
  }
  std::vector<config::Problem> problems;
  const auto catalog = catalog::Catalog::with(config, problems);
  const Table table = build(config, catalog, problems);
  std::set<std::uint16_t> seen;
  for (const Route& route : table.routes) {
    EXPECT_TRUE(seen.insert(route.hash).second);
    EXPECT_EQ(table.find(route.hash), &route);
  }
  EXPECT_EQ(seen.count(0), 0u);
}

// What a key may use. Routes: long (wide), short (narrow, other, wide); narrow falls back to wide.
class PermitTest : public DecisionTest {
 protected:
  void allow(std::vector<std::string> models, std::vector<std::string> routes) {
    models_ = std::move(models);
    routes_ = std::move(routes);
    query.permit = {models_, routes_};
  }
  std::vector<std::string> targets() {
    std::vector<std::string> ids;
    const Decision decision = decided();
    for (const Target* target : decision.targets()) ids.push_back(target->model->id);
    return ids;
  }
  using Ids = std::vector<std::string>;

 private:
  std::vector<std::string> models_, routes_;
};

TEST_F(PermitTest, AModelThatIsNotAllowedIsForbiddenAndTheAllowedAreNamed) {
  allow({"little", "other"}, {});
  query.model = "narrow";
  EXPECT_EQ(targets(), Ids{"narrow"}) << "by its alias; its fallback is not allowed";
  query.model = "wide";
  const Error error = refused();
  EXPECT_EQ(error.code, ErrorCode::forbidden);
  EXPECT_EQ(error.field, "model");
  EXPECT_EQ(error.message, "This key may not use \"wide\", only the models little, other.");
}

TEST_F(PermitTest, ARouteThatIsNotAllowedIsForbiddenHoweverItIsAskedFor) {
  allow({}, {"short"});
  query.model = "route:long";
  EXPECT_EQ(refused().message, "This key may not use \"long\", only the routes short.");
  query.model = "narrow";
  EXPECT_EQ(refused().code, ErrorCode::forbidden) << "a model by name would go round the routes";
  query.model = "auto";
  query.forced_route = "long";
  EXPECT_EQ(refused().field, "x-tidegate-route");
  query.forced_route = "short";
  EXPECT_EQ(targets(), (Ids{"narrow", "other", "wide"}));
}

TEST_F(PermitTest, ARouteIsLeftWithItsAllowedModels) {
  allow({"wide"}, {"short", "long"});
  query.model = "route:short";
  EXPECT_EQ(targets(), Ids{"wide"});
  EXPECT_EQ(decided().reason.view(),
            "route asked for by name; 2 of 3 models skipped: not for this key");
  allow({"other"}, {"long"});
  query.model = "route:long";
  EXPECT_EQ(refused().message,
            "This key may not use \"long\", only the models other and the routes long.");
}

TEST_F(PermitTest, AutoPassesOverRulesThatLeadElsewhere) {
  allow({}, {"short"});
  query.workload.context_tokens = 231042;
  EXPECT_EQ(decided().route->name, "short");
  EXPECT_EQ(decided().rule, 2);
  allow({"other"}, {});
  EXPECT_EQ(targets(), Ids{"other"});
}

TEST_F(PermitTest, AutoTakesWhatTheKeyNamesFirstWhereNoRuleIsLeft) {
  config.policy = {{"", "long", {}}};
  table = build(config, catalog, problems);
  allow({"little"}, {});
  const Decision decision = decided();
  EXPECT_EQ(decision.targets()[0]->model->id, "narrow");
  EXPECT_TRUE(decision.reason.view().contains("nothing for this key"));
  allow({}, {"short"});
  EXPECT_EQ(decided().route->name, "short");
  allow({"no-longer-served"}, {});
  EXPECT_EQ(refused().code, ErrorCode::forbidden);
}

TEST_F(PermitTest, ATaskDoesNotStayWhereTheKeyMayNotGo) {
  query.workload.context_tokens = 231042;
  remember(decided());
  query.workload.context_tokens = 50;
  ASSERT_TRUE(decided().sticky);
  allow({}, {"short"});
  EXPECT_FALSE(decided().sticky);
  EXPECT_EQ(decided().route->name, "short");
}

TEST(Table, PeakFollowsDeepSeeksCalendar) {
  config::Config config = sample();
  config.policy = {{"peak", "long", {}}, {"", "short", {}}};
  std::vector<config::Problem> problems;
  const auto catalog = catalog::Catalog::with(config, problems);
  const Table table = build(config, catalog, problems);
  Query query;
  ASSERT_TRUE(parse_rfc3339("2026-11-23T07:30:00Z", query.wall));  // a Monday
  EXPECT_EQ(decide(table, nullptr, query)->route->name, "long");
  query.wall += 5h;
  EXPECT_EQ(decide(table, nullptr, query)->route->name, "short");
}

}  // namespace
}  // namespace tidegate::routing
