#include "engine/resumer.h"

#include <algorithm>

namespace tidegate::engine {

Resumer::Resumer(Engine& engine, Loop& loop, RunArchive& archive, Options options, Report report)
    : engine_(engine),
      loop_(loop),
      archive_(archive),
      options_(options),
      report_(std::move(report)),
      timer_(
          [](void* self) {
            auto& resumer = *static_cast<Resumer*>(self);
            resumer.group_.spawn(resumer.look());
          },
          this) {
  // Where the store took a run's records no more: it may go on from what was written.
  engine_.on_lost([this](RunId run, const Error& error) { failed(run, error); });
}

void Resumer::start() { group_.spawn(look()); }

void Resumer::stop() {
  stopped_ = true;
  timer_.disarm();
}

Task<void> Resumer::look() {
  auto asking = archive_.ask<std::vector<RunId>>(
      loop_, [mine = engine_.options().owner](RunArchive::Access access) {
        return free_runs(access.store, mine);
      });
  // A store that is away is asked again the next time.
  const Result<std::vector<RunId>> free = co_await asking;
  std::size_t taken = 0;
  bool more = false;
  if (free) {
    std::erase_if(tries_, [&](const auto& each) {
      return std::ranges::find(*free, each.first) == free->end();
    });
    for (const RunId run : *free) {
      if (stopped_) break;
      if (engine_.find(run) != nullptr) continue;
      const auto before = tries_.find(run);
      if (before != tries_.end() && before->second.next > loop_.now()) continue;
      more = taken == options_.at_once;
      if (more) break;
      ++taken;
      co_await take(run);
    }
  }
  if (stopped_) co_return;
  const Duration wait = engine_.options().lease / options_.looks_per_lease;
  loop_.arm(timer_, loop_.now() + (more ? options_.soon : wait));
}

Task<void> Resumer::take(RunId run) {
  auto asking =
      archive_.ask<TakenRun>(loop_, [run, options = engine_.options()](RunArchive::Access access) {
        return take_run(access.reader, access.store, run, options.owner, options.lease);
      });
  Result<TakenRun> taken = co_await asking;
  // Taken by a person or another process meanwhile, or ended.
  const bool gone = !taken && (taken.error().code == ErrorCode::unavailable ||
                               taken.error().code == ErrorCode::invalid);
  if (gone) co_return;
  Result<void> done;
  if (!taken) {
    done = std::unexpected(taken.error());
  } else {
    done = engine_.go_on(std::move(*taken), {});
  }
  if (!done) failed(run, done.error());
}

void Resumer::failed(RunId run, const Error& error) {
  Try& tried = tries_[run];
  const Duration wait =
      std::min(options_.last_retry, options_.first_retry * (1 << std::min(tried.count, 20)));
  ++tried.count;
  tried.next = loop_.now() + wait;
  if (report_) report_(run, error.message);
}

}  // namespace tidegate::engine
