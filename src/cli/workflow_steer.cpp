// `tidegate workflow cancel`, `approve` and `reject`: through the journal, to whichever process
// works on the run.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "cli/commands.h"
#include "cli/workflow_commands.h"
#include "engine/command.h"
#include "engine/journal_place.h"
#include "engine/lease.h"
#include "engine/owner.h"
#include "engine/record_writer.h"

namespace tidegate::cli {
namespace {

constexpr Duration kPatience = 5s;
constexpr Duration kLook = 50ms;

// A run that nobody works on is cancelled here. Error unavailable: somebody does.
Result<void> cancel_unattended(store::Store& store, engine::RunId run, WallTime now) {
  const auto epoch = engine::take_lease(store, run, engine::this_owner(), 0s);
  if (!epoch) return std::unexpected(epoch.error());
  engine::RecordWriter writer(store);
  auto done = store.begin();
  if (done) done = writer.write(engine::OrphanAttempts{.run = run, .at = now});
  if (done) {
    done = writer.write(engine::SetRunState{
        .run = run, .state = engine::RunState::cancelled, .reason = "cancelled", .at = now});
  }
  if (done) done = store.commit();
  if (!done) store.rollback();
  return done;
}

}  // namespace

int steer_run(const SteerRunOptions& options) {
  auto found = find_run(options.config, options.run);
  if (!found) return kCouldNotRun;
  if (const auto live = found->reader.live_run(found->run.id); !live) {
    fmt::print(stderr, "{}\n", live.error().message);
    return kNo;
  }
  auto store = engine::open_journal_store(found->journal);
  if (!store) {
    fmt::print(stderr, "{}\n", store.error().message);
    return kCouldNotRun;
  }
  const SystemClock clock;
  if (options.verb == "cancel" && options.task.empty() &&
      cancel_unattended(**store, found->run.id, clock.wall())) {
    fmt::print("cancelled\n");
    return kDone;
  }
  const char* const user = std::getenv("USER");
  const auto id = engine::give_command(**store,
                                       {.run = found->run.id,
                                        .verb = options.verb,
                                        .task = options.task,
                                        .argument = user == nullptr ? "" : user},
                                       clock.wall());
  if (!id) {
    fmt::print(stderr, "{}\n", id.error().message);
    return kCouldNotRun;
  }
  const TimePoint until = clock.now() + kPatience;
  while (clock.now() < until) {
    const auto answer = engine::answer_of(**store, *id);
    if (answer && !answer->empty()) {
      const bool good = *answer == "cancelled" || *answer == "approved" || *answer == "rejected";
      fmt::print(good ? stdout : stderr, "{}\n", *answer);
      return good ? kDone : kNo;
    }
    std::this_thread::sleep_for(kLook);
  }
  fmt::print(stderr,
             "no process works on run {} now; this is carried out when it goes on "
             "(tidegate workflow resume {})\n",
             found->run.id.text(), found->run.id.text());
  return kNo;
}

}  // namespace tidegate::cli
