// kill -9 at any moment: what flush() had confirmed is there afterwards, once, and in order.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <thread>

#include "base/random.h"
#include "base/scratch_dir.h"
#include "ledger/ledger.h"
#include "ledger/report.h"
#include "ledger/sample_record.h"
#include "store/sqlite.h"

namespace tidegate::ledger {
namespace {

constexpr int kRounds = 20;

struct Place {
  std::string path, journal;
  bool store_works = true;
};

// Records numbers from `next` on and writes each to `confirmed` once it is durable.
[[noreturn]] void record_until_killed(const Place& place, std::uint64_t next, int confirmed) {
  auto ledger = Ledger::open(
      {.path = place.path,
       .journal_path = place.journal,
       .open_store = [place](const WhileWaiting&) -> Result<std::unique_ptr<store::Store>> {
         if (!place.store_works) return fail(ErrorCode::io, "away");
         return store::open_sqlite({.path = place.path});
       }});
  if (!ledger) _exit(1);
  while (true) {
    for (int i = 0; i < 50; ++i) (*ledger)->record(sample_record(next++));
    (*ledger)->flush();
    const std::uint64_t last = next - 1;
    if (write(confirmed, &last, sizeof(last)) != sizeof(last)) _exit(1);
  }
}

// Starts a child, kills it at a random moment after its first confirmation, and gives back the
// last number that it confirmed.
std::uint64_t run_and_kill(const Place& place, std::uint64_t next) {
  int pipe_ends[2];
  EXPECT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(pipe_ends[0]);
    record_until_killed(place, next, pipe_ends[1]);
  }
  close(pipe_ends[1]);
  std::uint64_t last = 0;
  EXPECT_EQ(read(pipe_ends[0], &last, sizeof(last)), sizeof(last)) << "the child ended by itself";
  std::this_thread::sleep_for(std::chrono::microseconds(random_below(30'000)));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  while (read(pipe_ends[0], &last, sizeof(last)) == sizeof(last)) {
  }
  close(pipe_ends[0]);
  return last;
}

std::map<std::uint64_t, int> stored(const Place& place) {
  std::map<std::uint64_t, int> times;
  auto store = store::open_sqlite({.path = place.path});
  EXPECT_TRUE(store);
  auto read = (*store)->query("SELECT records FROM segment", {}, [&](const store::Row& row) {
    auto parsed = read_records(row.text(0), 1'000'000, [&](const Entry& entry) {
      RequestId id;
      EXPECT_TRUE(RequestId::parse(entry.request, id));
      ++times[id.low()];
    });
    EXPECT_TRUE(parsed);
  });
  EXPECT_TRUE(read);
  return times;
}

TEST(LedgerKill, NothingDurableIsLostAndNothingComesTwice) {
  const ScratchDir dir;
  Place place{.path = dir / "l.db", .journal = dir / "l.journal"};
  std::map<std::uint64_t, std::uint64_t> confirmed;  // first and last number of each round
  std::uint64_t next = 0;
  for (int round = 0; round < kRounds; ++round) {
    // Every second child finds the store away and leaves its journal to the next, which is killed
    // while it loads the file.
    place.store_works = round % 2 == 0;
    const std::uint64_t last = run_and_kill(place, next);
    confirmed[next] = last;
    next += 1'000'000;
  }
  place.store_works = true;
  {
    auto ledger =
        Ledger::open({.path = place.path, .journal_path = place.journal, .open_store = {}});
    ASSERT_TRUE(ledger);
    // Each flush loads one step of the journal.
    do {
      (*ledger)->flush();
      ASSERT_TRUE((*ledger)->stats().store_available) << (*ledger)->stats().last_error;
    } while ((*ledger)->stats().journal_bytes > 0);
  }
  // Roll-ups went with their segments: what both say is the same.
  Query by_rollup;
  by_rollup.by = {GroupBy::model, GroupBy::task};
  Query by_record = by_rollup;
  by_record.reprice = [](const Label&, const Entry& entry) { return entry.cost; };
  const LedgerPlace ledger = sqlite_ledger(place.path, place.journal);
  const auto rolled_up = run_report(ledger, by_rollup);
  const auto read = run_report(ledger, by_record);
  ASSERT_TRUE(rolled_up && read);
  ASSERT_EQ(rolled_up->rows.size(), read->rows.size());
  for (std::size_t i = 0; i < read->rows.size(); ++i) {
    EXPECT_EQ(rolled_up->rows[i].names, read->rows[i].names);
    EXPECT_EQ(rolled_up->rows[i].sums, read->rows[i].sums);
  }
  const auto times = stored(place);
  for (const auto& [number, count] : times) ASSERT_EQ(count, 1) << number;
  for (const auto& [first, last] : confirmed) {
    for (std::uint64_t number = first; number <= last; ++number) {
      ASSERT_TRUE(times.contains(number)) << number << " was confirmed";
    }
  }
}

}  // namespace
}  // namespace tidegate::ledger
