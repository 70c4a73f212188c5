// What a record costs the whole process: record() on a worker's side, encoding, insert, commit and
// fsync on the writer's. CPU time is that of the process (user + system), all threads.
// Budget: 2 us and 5,000 user instructions a record at 20,000 records/s (groups of 400).
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <filesystem>

#include "ledger/ledger.h"
#include "ledger/sample_record.h"
#include "ledger/segment.h"

namespace tidegate::ledger {
namespace {

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

// A group of range(0) records, flushed: as many as one commit takes at 50 times that rate.
void BM_Record(benchmark::State& state) {
  const auto dir = std::filesystem::temp_directory_path() / "tidegate_ledger_bench";
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir);
  auto ledger =
      Ledger::open({.path = dir / "l.db", .journal_path = dir / "l.journal", .open_store = {}});
  const auto group = static_cast<std::uint64_t>(state.range(0));
  std::uint64_t number = 0;
  const double before = cpu_seconds();
  for (auto _ : state) {
    for (std::uint64_t i = 0; i < group; ++i) (*ledger)->record(sample_record(number++));
    (*ledger)->flush();
  }
  const double used = cpu_seconds() - before;
  state.counters["cpu_us_per_record"] = used * 1e6 / static_cast<double>(number);
  state.counters["bytes_per_record"] =
      static_cast<double>(std::filesystem::file_size(dir / "l.db")) / static_cast<double>(number);
  if ((*ledger)->stats().lost != 0) state.SkipWithError("records were lost");
  ledger->reset();
  std::filesystem::remove_all(dir);
}
BENCHMARK(BM_Record)->Arg(1)->Arg(40)->Arg(400)->UseRealTime();

// The bench's own share of the above: making the record.
void BM_MakeRecord(benchmark::State& state) {
  std::uint64_t number = 0;
  for (auto _ : state) benchmark::DoNotOptimize(sample_record(number++));
}
BENCHMARK(BM_MakeRecord);

void BM_Encode(benchmark::State& state) {
  SegmentBuilder builder;
  const UsageRecord record = sample_record(7);
  for (auto _ : state) {
    builder.add(record);
    if (builder.count() == 400) benchmark::DoNotOptimize(builder.finish(1));
  }
}
BENCHMARK(BM_Encode);

}  // namespace
}  // namespace tidegate::ledger
