#include "engine/giving.h"

#include <algorithm>
#include <optional>

#include "engine/answer_text.h"

namespace tidegate::engine {

// Lies in the frame of who waits.
struct Giving::Wait {
  Giving& giving;
  OfferKey key;
  Cancel& cancel;
  const bool& left;
  TimePoint since, until;
  bool claimed = false;    // or the store has it so
  bool withdrawn = false;  // it knows that the answer is not wanted
  std::optional<End> end{};
  std::coroutine_handle<> waiter{};

  [[nodiscard]] bool await_ready() const { return end.has_value(); }
  void await_suspend(std::coroutine_handle<> coroutine) { waiter = coroutine; }
  void await_resume() const {}

  void on_cancel() const {
    if (left) {
      giving.end(key, {.fate = Fate::left});
    } else {
      giving.changed_.give();
    }
  }
};

// What is asked of the store at one look, and what it said.
struct Giving::Errands {
  std::string owner;
  bool count = false, bury = false;
  std::vector<OfferKey> take_back{}, withdraw{}, lose{};

  HelperRoom others{};
  std::vector<OfferKey> taken_back{}, gone{}, over{};
};

Giving::Giving(Loop& loop, RunArchive::OpenStore open_store, Options options)
    : loop_(loop), archive_(std::move(open_store)), options_(std::move(options)), changed_(loop) {}

void Giving::start() {
  stopped_ = false;
  if (!running_) group_.spawn(look());
}

void Giving::stop() {
  stopped_ = true;
  changed_.give();
}

bool Giving::shall_give() const {
  const std::size_t given = waits_.size();
  return own_ >= options_.keep && given < others_.room && own_ * others_.helpers >= given &&
         loop_.now() >= full_until_;
}

Task<Giving::End> Giving::answer(OfferKey key, Duration limit, Cancel& cancel, const bool& left) {
  const TimePoint now = loop_.now();
  Wait wait{.giving = *this,
            .key = key,
            .cancel = cancel,
            .left = left,
            .since = now,
            .until = limit == Duration{} ? kNever : now + limit + options_.lease};
  waits_.emplace(key, &wait);
  const Cancel::Listener listener(cancel, [&wait] { wait.on_cancel(); });
  if (cancel.canceled()) wait.on_cancel();
  if (waits_.size() == 1) changed_.give();  // it looks often from now on
  co_await wait;
  co_return std::move(*wait.end);
}

// Not from here: who ends it may be looking at what its end changes.
void Giving::end(OfferKey key, End how) {
  const auto found = waits_.find(key);
  if (found == waits_.end()) return;
  Wait& wait = *found->second;
  waits_.erase(found);
  wait.end = std::move(how);
  if (wait.waiter) loop_.post([waiter = wait.waiter] { waiter.resume(); });
}

Giving::Errands Giving::errands() {
  const TimePoint now = loop_.now();
  Errands errands{.owner = options_.owner};
  errands.count = now >= counted_ + options_.census;
  errands.bury = errands.count && now >= bury_from_;
  for (const auto& [key, wait] : waits_) {
    const bool cancelled = wait->cancel.canceled();
    if (!wait->claimed && (cancelled || now >= wait->since + options_.patience)) {
      errands.take_back.push_back(key);
    }
    if (cancelled && wait->claimed && !wait->withdrawn) errands.withdraw.push_back(key);
    if (now >= wait->until) errands.lose.push_back(key);
  }
  return errands;
}

Task<void> Giving::look() {
  running_ = true;
  while (!stopped_ || !waits_.empty()) {
    auto asking = archive_.ask<Errands>(
        loop_, [errands = errands()](RunArchive::Access access) mutable -> Result<Errands> {
          store::Store& store = access.store;
          Result<void> done;
          if (errands.bury) done = bury_helpers(store, errands.owner);
          for (const OfferKey& key : errands.withdraw) {
            if (done) done = withdraw(store, key);
          }
          for (const OfferKey& key : errands.lose) {
            if (done) done = lose_offer(store, key);
          }
          if (!done) return std::unexpected(std::move(done.error()));
          for (const OfferKey& key : errands.take_back) {
            const auto taken = take_back(store, errands.owner, key);
            if (!taken) return std::unexpected(taken.error());
            if (*taken == TakenBack::yes) errands.taken_back.push_back(key);
            if (*taken == TakenBack::gone) errands.gone.push_back(key);
          }
          if (errands.count) {
            const auto others = helper_room(store, errands.owner);
            if (!others) return std::unexpected(others.error());
            errands.others = *others;
          }
          auto over = offers_over(store, errands.owner);
          if (!over) return std::unexpected(std::move(over.error()));
          errands.over = std::move(*over);
          return errands;
        });
    const Result<Errands> done = co_await asking;
    if (done) {
      run_errands_done(*done);
      std::vector<OfferKey> over = done->over;
      std::erase_if(over, [&](const OfferKey& key) { return !waits_.contains(key); });
      if (!over.empty()) {
        co_await take_in(std::move(over));
        continue;
      }
    } else {
      bury_from_ = loop_.now() + options_.lease;
    }
    const Duration wait = !done            ? options_.census
                          : waits_.empty() ? options_.census
                                           : options_.look;
    co_await changed_.until_given(loop_.now() + wait);
  }
  running_ = false;
}

void Giving::run_errands_done(const Errands& done) {
  const TimePoint now = loop_.now();
  if (done.count) {
    others_ = done.others;
    counted_ = now;
  }
  for (const OfferKey& key : done.withdraw) {
    if (const auto wait = waits_.find(key); wait != waits_.end()) wait->second->withdrawn = true;
  }
  for (const OfferKey& key : done.take_back) {
    const auto wait = waits_.find(key);
    if (wait == waits_.end()) continue;
    if (std::ranges::find(done.gone, key) != done.gone.end()) {
      end(key, {.fate = Fate::lost});
      continue;
    }
    if (std::ranges::find(done.taken_back, key) == done.taken_back.end()) {
      wait->second->claimed = true;
      continue;
    }
    if (!wait->second->cancel.canceled()) full_until_ = now + options_.patience;
    end(key, {.fate = Fate::taken_back});
  }
}

Task<void> Giving::take_in(std::vector<OfferKey> over) {
  auto asking = archive_.ask<std::vector<OfferEnd>>(
      loop_, [over](RunArchive::Access access) -> Result<std::vector<OfferEnd>> {
        std::vector<OfferEnd> ends;
        for (const OfferKey& key : over) {
          auto end = end_of_offer(access.store, key);
          if (!end) return std::unexpected(std::move(end.error()));
          ends.push_back(std::move(*end));
        }
        return ends;
      });
  Result<std::vector<OfferEnd>> ends = co_await asking;
  if (!ends) co_return;  // looked at again
  for (std::size_t i = 0; i < over.size(); ++i) {
    OfferEnd& over_now = (*ends)[i];
    End how{.fate = Fate::lost, .helper = std::move(over_now.helper)};
    if (!over_now.lost) {
      auto read = ask_result(over_now.answer);
      if (read) {
        how.fate = Fate::answered;
        how.result = std::move(*read);
      }
    }
    end(over[i], std::move(how));
  }
}

}  // namespace tidegate::engine
