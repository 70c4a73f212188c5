#include "engine/helping.h"

#include <algorithm>
#include <set>

#include "engine/answer_text.h"
#include "engine/redaction.h"

namespace tidegate::engine {
namespace {

AskResult ended_here(Failure failure) {
  failure.error_class = workflow::ErrorClass::transport;
  failure.error = {ErrorCode::unavailable, "the process that made the request has ended", {}};
  failure.cancelled = false;
  failure.retryable = true;
  return std::unexpected(std::move(failure));
}

// An answer is written down until its owner has taken it in.
void redact_answer(AskResult& result, std::span<const std::string> secrets) {
  if (!result) {
    redact(result.error().error.message, secrets);
    return;
  }
  redact(result->text, secrets);
  redact(result->reasoning, secrets);
  for (ToolCall& call : result->tool_calls) redact(call.arguments, secrets);
}

}  // namespace

// Lies in the frame of make().
struct Helping::Request {
  Cancel cancel;
  bool wanted = true;  // by its owner
};

// What is asked of the store at one look, and what it said.
struct Helping::Look {
  std::string name;
  Duration lease{};
  bool tell = false;  // that this process is there
  bool leave = false;
  bool busy = false;  // there is more to do than to look for offers
  std::size_t most = 0, room = 0;
  std::set<OfferKey> known{};
  std::vector<std::pair<OfferKey, std::string>> answers{};

  std::vector<HeldClaim> held{};
  std::vector<Claim> claimed{};
};

Helping::Helping(Loop& loop, RunArchive::OpenStore open_store, Models& models, Options options)
    : loop_(loop),
      archive_(std::move(open_store)),
      models_(models),
      options_(std::move(options)),
      changed_(loop) {
  for (const std::string& secret : options_.secrets) add_secret(secrets_, secret);
}

void Helping::stop() {
  stopped_ = true;
  std::vector<Request*> under_way;
  for (const auto& [key, request] : made_) under_way.push_back(request);
  for (Request* const request : under_way) request->cancel.cancel();
  changed_.give();
}

Task<void> Helping::help() {
  bool all_left = false;
  while (!all_left) {
    const TimePoint asked = loop_.now();
    const bool last = stopped_ && made_.empty();
    Result<Look> found = co_await look();
    if (found) {
      for (const auto& [key, answer] : found->answers) {
        std::erase_if(answers_, [&](const auto& each) { return each.first == key; });
      }
      if (found->tell) heard_ = asked;
      take(*found, asked);
    }
    // A store that is away hears of the rest by the lease.
    all_left = last;
    const bool more = found && found->claimed.size() == found->room && found->room != 0;
    if (all_left || (found && (more || !answers_.empty()))) continue;
    co_await changed_.until_given(loop_.now() + options_.look);
  }
  while (!requests_.empty()) co_await loop_.sleep_until(loop_.now() + 1ms);
}

// One look: what is to be written goes before what is claimed.
Task<Result<Helping::Look>> Helping::look() {
  Look look{.name = options_.name, .lease = options_.lease, .most = options_.most};
  look.tell = !stopped_ && loop_.now() >= heard_ + options_.lease / 3;
  look.leave = stopped_ && made_.empty();
  look.room = stopped_ ? 0 : options_.most - std::min(options_.most, made_.size());
  look.answers = answers_;
  look.busy = look.tell || look.leave || !made_.empty() || !answers_.empty();
  for (const auto& [key, request] : made_) look.known.insert(key);
  auto asking = archive_.ask<Look>(
      loop_, [look = std::move(look)](RunArchive::Access access) mutable -> Result<Look> {
        store::Store& store = access.store;
        if (!look.busy) {
          const auto open = has_open_offers(store, look.name);
          if (!open) return std::unexpected(open.error());
          if (!*open) return look;
        }
        Result<void> done;
        if (look.tell) done = be_there(store, look.name, look.most, look.lease);
        if (done) done = answer_offers(store, look.name, look.answers);
        if (done && look.leave) done = leave(store, look.name);
        if (!done) return std::unexpected(std::move(done.error()));
        auto held = claims_of(store, look.name);
        if (!held) return std::unexpected(std::move(held.error()));
        look.held = std::move(*held);
        // Claimed, and the word of it was lost.
        for (const HeldClaim& claim : look.held) {
          if (look.known.contains(claim.key)) continue;
          if (done = give_back(store, look.name, claim.key); !done) {
            return std::unexpected(std::move(done.error()));
          }
        }
        if (look.room != 0) {
          auto claimed = claim_offers(store, look.name, look.room);
          if (!claimed) return std::unexpected(std::move(claimed.error()));
          look.claimed = std::move(*claimed);
        }
        return look;
      });
  co_return co_await asking;
}

void Helping::take(Look& found, TimePoint asked) {
  for (const OfferKey& key : found.known) {
    const auto request = made_.find(key);
    if (request == made_.end()) continue;
    const auto held = std::ranges::find(found.held, key, &HeldClaim::key);
    if (held != found.held.end() && !held->withdrawn) continue;
    if (!std::exchange(request->second->wanted, false)) continue;
    request->second->cancel.cancel();
  }
  // Whoever was stopped in between may have lost them.
  if (stopped_ || loop_.now() >= asked + options_.lease) return;
  for (Claim& claim : found.claimed) requests_.spawn(make(std::move(claim)));
}

Task<void> Helping::make(Claim claim) {
  Request request;
  made_.emplace(claim.key, &request);
  const TimePoint now = loop_.now();
  Question question{.run = claim.key.run,
                    .role = claim.role,
                    .body = std::move(claim.body),
                    .queue = claim.queue,
                    .idle = claim.idle,
                    .until = claim.total == Duration{} ? kNever : now + claim.total,
                    .cancel = &request.cancel};
  AskResult result = co_await models_.ask(std::move(question));
  made_.erase(claim.key);
  if (!result && result.error().cancelled && request.wanted) {
    result = ended_here(std::move(result.error()));
  }
  redact_answer(result, secrets_);
  answers_.emplace_back(claim.key, to_text(result));
  changed_.give();
}

}  // namespace tidegate::engine
