// What the engine itself costs, with models that answer at once: without a store, and durably.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/random_text.h"
#include "engine/engine.h"
#include "engine/memory_journal.h"
#include "engine/test_models.h"
#include "loop/run_task.h"
#include "workflow/test_files.h"

namespace tidegate::engine {
namespace {

constexpr int kTasks = 10'000;

// Tasks in so many chains; in as many as there are tasks, they stand side by side.
std::string flow(int tasks, int chains) {
  std::string text =
      "name: bench\nrun: { max_parallel: 256 }\n"
      "defaults: { model: deepseek-v4-flash, max_tokens: 100 }\ntasks:\n";
  for (int i = 0; i < tasks; ++i) {
    text += i < chains ? fmt::format("  t{}: {{ prompt: p }}\n", i)
                       : fmt::format("  t{}: {{ needs: t{}, prompt: p }}\n", i, i - chains);
  }
  return text;
}

std::shared_ptr<const workflow::Workflow> load(const std::string& text) {
  const auto loaded = workflow::load_text(text, {&catalog::Catalog::shipped(), {}});
  if (!loaded.ok()) std::fprintf(stderr, "%s", lines(loaded).c_str());
  return loaded.workflow;
}

Pricing pricing() {
  return {std::shared_ptr<const catalog::Catalog>(&catalog::Catalog::shipped(),
                                                  [](const catalog::Catalog*) {}),
          {}};
}

Task<void> drive(Runner& runner) { (void)co_await runner.run(); }

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& at) {
    return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void BM_TaskWithoutAStore(benchmark::State& state) {
  const SystemClock clock;
  Loop loop(clock);
  TestModels models(loop);
  const Pricing prices = pricing();
  const auto tasks = static_cast<int>(state.range(0));
  const auto workflow = load(flow(tasks, state.range(1) != 0 ? 1 : tasks));
  double used = 0;
  for (auto _ : state) {
    MemoryJournal journal;
    Runner runner({.loop = loop, .journal = journal, .models = models, .pricing = prices},
                  {.id = RunId{1}, .workflow = workflow, .created = clock.wall()});
    runner.create();
    const double before = cpu_seconds();
    run_task(loop, drive(runner));
    used += cpu_seconds() - before;
  }
  state.counters["cpu_us_per_task"] =
      used * 1e6 / (tasks * static_cast<double>(state.iterations()));
}
BENCHMARK(BM_TaskWithoutAStore)
    ->ArgNames({"tasks", "chain"})
    ->Args({kTasks, 0})
    ->Args({kTasks, 1})
    ->Args({500, 0})  // as benchmarks/langgraph
    ->Args({500, 1})
    ->Unit(benchmark::kMillisecond);

struct Durable {
  explicit Durable(std::string journal_path, TestModels::Respond respond = {})
      : path(std::move(journal_path)), models(loop, std::move(respond)) {
    engine = std::move(*Engine::open(
        {.journal = path}, loop, models, prices, nullptr,
        [this](const std::string&) -> Result<std::shared_ptr<const workflow::Workflow>> {
          return again;
        }));
  }
  void run(std::shared_ptr<const workflow::Workflow> workflow) {
    again = workflow;
    (void)engine->begin({.workflow = std::move(workflow)}, nullptr,
                        [this](RunId, const RunEnd&) { loop.stop(); });
    loop.run();
  }

  SystemClock clock;
  Loop loop{clock};
  std::string path;
  Pricing prices = pricing();
  std::shared_ptr<const workflow::Workflow> again;
  TestModels models;
  std::unique_ptr<Engine> engine;
};

// On the disk of the working directory, as a journal in memory would prove nothing.
std::string fresh_file() {
  const std::string path = "engine_bench.db";
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
  return path;
}

// A PostgreSQL server, to be shared with other processes of this program; else a file.
std::string place() {
  const char* const server = std::getenv("TIDEGATE_TEST_POSTGRES");
  return server == nullptr ? fresh_file() : server;
}

void BM_DurableTasksPerSecond(benchmark::State& state) {
  const auto workflow = load(flow(kTasks, kTasks));
  double seconds = 0;
  for (auto _ : state) {
    Durable durable(place());
    const TimePoint began = durable.clock.now();
    durable.run(workflow);
    seconds += std::chrono::duration<double>(durable.clock.now() - began).count();
  }
  state.counters["tasks_per_second"] = kTasks * static_cast<double>(state.iterations()) / seconds;
}
BENCHMARK(BM_DurableTasksPerSecond)->Unit(benchmark::kMillisecond)->Iterations(3);

// A chain: each task is sent when the commit with the result before it is on the disk.
void BM_DurableTaskOneAtATime(benchmark::State& state) {
  constexpr int kChain = 2'000;
  const auto workflow = load(flow(kChain, 1));
  std::vector<Duration> times;
  for (auto _ : state) {
    TimePoint last{};
    const SystemClock clock;
    Durable durable(fresh_file(), [&](const Question&) -> AskResult {
      const TimePoint now = clock.now();
      if (last != TimePoint{}) times.push_back(now - last);
      last = now;
      return TestModels::says("done");
    });
    durable.run(workflow);
  }
  std::ranges::sort(times);
  const auto at = [&](double share) {
    const auto index = static_cast<std::size_t>(share * static_cast<double>(times.size() - 1));
    return std::chrono::duration<double, std::milli>(times[index]).count();
  };
  state.counters["p50_ms"] = at(0.5);
  state.counters["p99_ms"] = at(0.99);
}
BENCHMARK(BM_DurableTaskOneAtATime)->Unit(benchmark::kMillisecond)->Iterations(3);

// Outputs of unlike lengths, half as long as the argument to half as long again.
void BM_BytesStored(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  constexpr int kOutputs = 1'000;
  double stored = 0;
  std::size_t given = 0;
  for (auto _ : state) {
    const std::string path = fresh_file();
    std::uint32_t number = 0;
    {
      Durable durable(path, [&](const Question&) -> AskResult {
        std::string text = random_text(size / 2 + size * (number % 101) / 100, number + 1);
        ++number;
        given += text.size();
        return TestModels::says(std::move(text));
      });
      durable.run(load(flow(kOutputs, kOutputs)));
    }
    stored += static_cast<double>(std::filesystem::file_size(path));
  }
  state.counters["of_outputs"] = stored / static_cast<double>(given);
}
BENCHMARK(BM_BytesStored)->Arg(2'000)->Arg(10'000)->Arg(100'000)->Iterations(1);

// From the call of resume() to the first request, of 100,000 tasks with 50,000 done. In many
// chains, as a commit for each of them would take minutes.
void BM_ResumeHalfOf100000(benchmark::State& state) {
  constexpr int kMany = 100'000;
  constexpr int kChains = 200;
  const auto workflow = load(flow(kMany, kChains));
  double seconds = 0;
  for (auto _ : state) {
    const std::string path = fresh_file();
    RunId run;
    {
      int asked = 0;
      Durable* self = nullptr;
      Durable durable(path, [&](const Question& question) -> AskResult {
        run = question.run;
        if (++asked == kMany / 2) self->engine->abandon();
        return TestModels::says("done");
      });
      self = &durable;
      durable.run(workflow);
    }
    TimePoint first{};
    Durable* self = nullptr;
    Durable durable(path, [&](const Question&) -> AskResult {
      if (first == TimePoint{}) {
        first = self->clock.now();
        self->engine->abandon();
      }
      return TestModels::says("done");
    });
    self = &durable;
    durable.again = workflow;
    const TimePoint began = durable.clock.now();
    (void)durable.engine->resume(run,
                                 {.on_end = [&](RunId, const RunEnd&) { durable.loop.stop(); }});
    durable.loop.run();
    seconds += std::chrono::duration<double>(first - began).count();
  }
  state.counters["seconds_to_first"] = seconds / static_cast<double>(state.iterations());
}
BENCHMARK(BM_ResumeHalfOf100000)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace tidegate::engine
