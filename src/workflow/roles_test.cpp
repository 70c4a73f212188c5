#include "workflow/roles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "workflow/shipped_roles.h"
#include "workflow/test_files.h"

namespace tidegate::workflow {
namespace {

TEST(Roles, AreTheSeventeen) {
  const std::vector<std::string_view> expected{"api_design",
                                               "capacity_planning",
                                               "code_generator",
                                               "compliance",
                                               "cost_optimization",
                                               "customer_support",
                                               "data_analyst",
                                               "database_design",
                                               "devops",
                                               "disaster_recovery",
                                               "documentation",
                                               "incident_response",
                                               "mlops",
                                               "observability",
                                               "performance",
                                               "security_auditor",
                                               "testing"};
  EXPECT_TRUE(std::ranges::equal(built_in_role_names(), expected));
}

TEST(Roles, AreWellFormedAndWorthHaving) {
  std::set<std::string> systems;
  for (const ShippedRole& shipped : kShippedRoles) {
    const auto problems = check_role_file(shipped.text, std::string(shipped.name));
    for (const auto& problem : problems) ADD_FAILURE() << config::format(problem);
    if (!problems.empty()) continue;
    const auto role = built_in_role(shipped.name);
    ASSERT_NE(role, nullptr);
    EXPECT_EQ(role->name, shipped.name);
    EXPECT_TRUE(role->description && !role->description->empty()) << shipped.name;
    EXPECT_TRUE(role->settings.route) << shipped.name;
    EXPECT_FALSE(role->settings.tools) << shipped.name << ": nothing is allowed by default";
    ASSERT_TRUE(role->settings.choice.temperature) << shipped.name;
    const double temperature = *role->settings.choice.temperature;
    EXPECT_TRUE(temperature == 0.3 || temperature == 0.7) << shipped.name;

    ASSERT_TRUE(role->system) << shipped.name;
    const std::string system(role->system->source());
    std::istringstream words(system);
    const auto count = std::distance(std::istream_iterator<std::string>(words), {});
    EXPECT_GE(count, 150) << shipped.name;
    EXPECT_LE(count, 350) << shipped.name;
    EXPECT_TRUE(systems.insert(system.substr(0, 200)).second) << shipped.name;
    // The same bytes for every task: what changes would cost the prompt cache.
    EXPECT_TRUE(role->system->is_constant()) << shipped.name;
    EXPECT_TRUE(system.contains("Method")) << shipped.name;
    EXPECT_TRUE(system.contains("Output")) << shipped.name;
    EXPECT_TRUE(system.contains("Refuse") || system.contains("Never")) << shipped.name;
    EXPECT_TRUE(system.contains("Hand") || system.contains("involve")) << shipped.name;
  }
}

TEST(Roles, HintAtRoutesOfTheDefaultConfiguration) {
  const config::Loaded standard = config::embedded_default();
  for (const std::string_view name : built_in_role_names()) {
    const std::string& route = *built_in_role(name)->settings.route;
    EXPECT_TRUE(std::ranges::find(standard.config.routes, route, &config::Route::name) !=
                standard.config.routes.end())
        << name << " " << route;
  }
}

TEST(Roles, HintLessThanAFileSays) {
  const Surroundings around{&catalog::Catalog::shipped(), {"critical_planning"}};
  const Loaded hinted = load_text("tasks: { a: { role: performance, prompt: x } }", around);
  ASSERT_TRUE(hinted.ok()) << lines(hinted);
  EXPECT_EQ(hinted.workflow->tasks[0].settings->model.model, "route:critical_planning");
  EXPECT_EQ(hinted.workflow->tasks[0].settings->model.temperature, 0.3);

  const Loaded said = load_text(
      "defaults: { model: deepseek-flash, temperature: 1 }\n"
      "tasks: { a: { role: performance, prompt: x } }",
      around);
  ASSERT_TRUE(said.ok()) << lines(said);
  EXPECT_EQ(said.workflow->tasks[0].settings->model.model, "deepseek-flash");
  EXPECT_EQ(said.workflow->tasks[0].settings->model.temperature, 0.3);

  const Loaded elsewhere = load_text("tasks: { a: { role: performance, prompt: x } }");
  ASSERT_TRUE(elsewhere.ok());
  EXPECT_EQ(elsewhere.workflow->tasks[0].settings->model.model, "auto");
}

TEST(Roles, SayWhatIsWrongWithAFile) {
  EXPECT_FALSE(check_role_file("name: x\nsytem: y\n", "x.yaml").empty());
  EXPECT_FALSE(check_role_file("system: [\n", "x.yaml").empty());
}

}  // namespace
}  // namespace tidegate::workflow
