// Three agents work on a change: one looks for faults, one writes tests, and a third makes notes
// for a release of what both said. Then what each role came to. With an argument it asks another
// address than DeepSeek's: workflow http://127.0.0.1:9001
#include <cstdio>

#include "tidegate/client.h"
#include "tidegate/workflow.h"

int main(int argc, char** argv) {
  tidegate::ProviderOptions deepseek{.kind = tidegate::ProviderKind::deepseek};
  if (argc > 1) deepseek.base_url = argv[1];
  auto client = tidegate::Client::open({.providers = {deepseek}});
  if (!client) {
    std::fprintf(stderr, "%s\n", client.error().message.c_str());
    return 1;
  }
  tidegate::Workflow workflow({.name = "release",
                               .model = "deepseek-v4-flash",
                               .context = {"The change: the cache of tides is kept for a day."},
                               .budget = tidegate::NanoDollars{1'000'000'000}});
  workflow
      .add({.id = "faults",
            .role = "code_generator",
            .prompt = "What can go wrong with the change?",
            .max_tokens = 2000})
      .add({.id = "tests",
            .role = "testing",
            .prompt = "Which tests does the change need?",
            .max_tokens = 2000})
      .add({.id = "notes",
            .role = "documentation",
            .prompt = "Write notes for the release.\n\nFaults:\n${{ needs.faults.output }}\n\n"
                      "Tests:\n${{ needs.tests.output }}",
            .needs = {"faults", "tests"},
            .max_tokens = 2000});
  const auto result = workflow.run(*client, [](const tidegate::AgentResult& task) {
    std::printf("%s: %s\n", task.id.c_str(), std::string(name(task.outcome)).c_str());
  });
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    return 1;
  }
  if (const tidegate::AgentResult* notes = result->find("notes")) {
    std::printf("\n%s\n\n", notes->output.c_str());
  }
  for (const tidegate::RoleReport& role : result->roles) {
    std::printf("%-16s %llu tasks, %lld + %lld tokens, $%.6f, %.0f %% succeeded\n",
                role.role.c_str(), static_cast<unsigned long long>(role.tasks),
                static_cast<long long>(role.tokens.prompt),
                static_cast<long long>(role.tokens.completion),
                static_cast<double>(role.cost.value) / 1e9, 100 * role.success_rate);
  }
  return result->outcome == tidegate::WorkflowOutcome::succeeded ? 0 : 1;
}
