// What a record costs the whole process: record() on a worker's side, encoding, insert, commit and
// fsync on the writer's. CPU time is that of the process (user + system), all threads.
// Budget: 2 us and 5,000 user instructions a record at 20,000 records/s (groups of 400).
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/hash.h"
#include "ledger/ledger.h"
#include "ledger/ledger_address.h"
#include "ledger/ledger_store.h"
#include "ledger/report.h"
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

// Records a second that go on for seconds: recorded as fast as the ledger takes them, until all are
// in the store. Must: 50,000 in SQLite; 20,000 in PostgreSQL (TIDEGATE_TEST_POSTGRES has its
// address).
void BM_Sustained(benchmark::State& state) {
  const bool postgres = state.range(0) != 0;
  const char* const server = std::getenv("TIDEGATE_TEST_POSTGRES");
  if (postgres && server == nullptr) {
    state.SkipWithError("no server in TIDEGATE_TEST_POSTGRES");
    return;
  }
  const auto dir = std::filesystem::temp_directory_path() / "tidegate_ledger_sustained";
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir);
  auto ledger = Ledger::open({.path = postgres ? std::string(server) : (dir / "l.db").string(),
                              .journal_path = dir / "l.journal",
                              .open_store = {}});
  constexpr std::uint64_t kRecords = 300'000;
  constexpr std::uint64_t kMostQueued = 50'000;
  std::uint64_t number = 0;
  for (auto _ : state) {
    const std::uint64_t end = number + kRecords;
    while (number < end) {
      (*ledger)->record(sample_record(number++));
      if (number % 4096 == 0) {
        while ((*ledger)->stats().queued > kMostQueued) std::this_thread::sleep_for(1ms);
      }
    }
    while ((*ledger)->stats().committed < end && (*ledger)->stats().store_available) {
      (*ledger)->flush();
    }
    if ((*ledger)->stats().committed < end) {
      state.SkipWithError((*ledger)->stats().last_error.c_str());
      break;
    }
  }
  ledger->reset();
  std::filesystem::remove_all(dir);
  state.counters["records_per_second"] =
      benchmark::Counter(static_cast<double>(number), benchmark::Counter::kIsRate);
}
BENCHMARK(BM_Sustained)
    ->ArgNames({"postgres"})
    ->Arg(0)
    ->Arg(1)
    ->Iterations(10)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// A ledger of range(0) records over 30 days: 20 keys, 5 models, 3 routes, 4 roles, tasks of 100
// requests. Made once and kept in the temporary folder, as that takes a while.
class BigLedger {
 public:
  explicit BigLedger(std::uint64_t records)
      : path_(std::filesystem::temp_directory_path() / fmt::format("tidegate_{}_v4.db", records)) {
    if (std::filesystem::exists(path_)) return;
    const std::string unfinished = path_.string() + ".new";
    std::filesystem::remove(unfinished);
    {
      auto store = LedgerStore::open(*open_to_write("sqlite:" + unfinished)({}));
      fill(**store, records);
    }
    std::filesystem::rename(unfinished, path_);
  }
  [[nodiscard]] LedgerPlace place() const { return sqlite_ledger(path_, path_.string() + ".none"); }

 private:
  static void fill(LedgerStore& store, std::uint64_t records) {
    constexpr std::uint64_t kPerSegment = 400;
    constexpr std::array<std::string_view, 5> kModels{"a", "b", "c", "d", "e"};
    constexpr std::array<std::string_view, 3> kRoutes{"short", "long", "plan"};
    constexpr std::array<std::string_view, 4> kRoles{"coder", "reviewer", "planner", ""};
    std::vector<Segment> segments;
    SegmentBuilder builder;
    for (std::uint64_t n = 0; n < records; ++n) {
      UsageRecord record = sample_record(n);
      const std::uint64_t task = n / 5000 * 50 + n % 50;  // 50 at a time
      const std::uint64_t mix = hash_bytes(std::to_string(n % 50)) + task;
      record.started = WallTime{1'790'000'000s} +
                       std::chrono::microseconds(n * (30ull * 24 * kMicrosPerHour / records));
      record.task = "task-" + std::to_string(task);
      record.key = "key-" + std::to_string(mix % 20);
      record.model = kModels[mix % kModels.size()];
      record.route = kRoutes[mix % kRoutes.size()];
      record.role = kRoles[mix % kRoles.size()];
      record.peak = n % 7 == 0;
      builder.add(record);
      if (builder.count() == kPerSegment || n + 1 == records) {
        segments.push_back(builder.finish(static_cast<std::int64_t>(n + 1)));
      }
      if (segments.size() == 500 || n + 1 == records) {
        std::ignore = store.insert(segments);
        segments.clear();
      }
    }
  }

  std::filesystem::path path_;
};

// What one asks of a month, with all rows or the first twenty. Must: 50 ms each at 10 million
// records.
void BM_Report(benchmark::State& state) {
  const BigLedger ledger(static_cast<std::uint64_t>(state.range(0)));
  constexpr std::array kGroups{GroupBy::model, GroupBy::provider, GroupBy::route,  GroupBy::role,
                               GroupBy::key,   GroupBy::tenant,   GroupBy::client, GroupBy::day,
                               GroupBy::hour,  GroupBy::task};
  Query query;
  query.by = {kGroups[static_cast<std::size_t>(state.range(1))]};
  state.SetLabel(std::string(name(query.by[0])));
  query.top = static_cast<std::size_t>(state.range(3));
  if (state.range(2) != 0) query.since = WallTime{1'790'000'000s} + 29 * 24h + 17min;
  std::int64_t attempts = 0;
  for (auto _ : state) {
    const auto report = run_report(ledger.place(), query);
    if (!report) {
      state.SkipWithError(report.error().message.c_str());
      return;
    }
    for (const ReportRow& row : report->rows) benchmark::DoNotOptimize(row.sums);
    attempts = report->total.sums[Measure::attempts];
  }
  state.counters["attempts"] = static_cast<double>(attempts);
}
BENCHMARK(BM_Report)
    ->ArgNames({"records", "by", "last_day", "top"})
    ->ArgsProduct({{10'000'000}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {0, 1}, {0, 20}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tidegate::ledger
