// A file of 100,000 tasks: read, checked, priced. The aim is 1 s and 200 MB for all of it together.
#include <benchmark/benchmark.h>

#include <string>

#include "workflow/plan.h"
#include "workflow/test_files.h"
#include "workflow/test_scope.h"

namespace tidegate::workflow {
namespace {

std::string large_file() {
  std::string out = "name: big\ndefaults: { model: deepseek-flash }\ntasks:\n";
  for (int i = 0; i < 100'000; ++i) {
    const std::string before = std::to_string(i - 1);
    out += "  t" + std::to_string(i) + ":\n    role: documentation\n";
    if (i > 0)
      out += "    needs: [t" + before + (i > 2 ? ", t" + std::to_string(i / 2) : "") + "]\n";
    out += "    prompt: \"Describe part " + std::to_string(i) + " of the program" +
           (i > 0 ? ", given ${{ needs.t" + before + ".output }}\"\n" : "\"\n");
  }
  return out;
}

const Surroundings kAround{&catalog::Catalog::shipped(), {}};

void load_100000(benchmark::State& state) {
  const TestFiles files{{"w.yaml", large_file()}};
  for (auto _ : state) {
    const Loaded loaded = load("w.yaml", files, kAround);
    if (!loaded.ok()) state.SkipWithError(lines(loaded).c_str());
  }
}
BENCHMARK(load_100000)->Unit(benchmark::kMillisecond);

void plan_100000(benchmark::State& state) {
  const Loaded loaded = load("w.yaml", TestFiles{{"w.yaml", large_file()}}, kAround);
  for (auto _ : state) {
    const auto planned = plan(*loaded.workflow, {WallTime{std::chrono::seconds{1'796'000'000}},
                                                 {},
                                                 10,
                                                 &catalog::Catalog::shipped(),
                                                 nullptr});
    if (!planned) state.SkipWithError(planned.error().message.c_str());
  }
}
BENCHMARK(plan_100000)->Unit(benchmark::kMillisecond);

void render_a_prompt(benchmark::State& state) {
  const auto text =
      Template::compile("Audit ${{ item }} of ${{ inputs.x }}, given ${{ needs.a.output }}.");
  TestScope scope;
  scope.inputs = {{"x", Value("repo")}};
  scope.the_item = Value("src/a.cpp");
  scope.add({"a", Outcome::success, Value("all is well"), 1, 0, {}});
  for (auto _ : state) benchmark::DoNotOptimize(text->render(scope));
}
BENCHMARK(render_a_prompt);

}  // namespace
}  // namespace tidegate::workflow
