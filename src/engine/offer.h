// Offers: requests that a run's owner gives to other processes of the same store, its helpers. The
// owner has reserved the money and written the attempt; a helper claims the offer, makes the
// request and leaves the answer, which the owner takes in and settles.
//
// An offer is open, then claimed by one helper, then answered or lost. It is claimed once at most:
// a request that is made again is another attempt with an offer of its own. So the number of the
// attempt is the token that fences a helper: whoever was taken for dead finds its offer lost, and
// the store takes no answer from it. A claim holds as long as its helper is in the table of
// helpers. Functions for any thread with a store of its own, which is in no transaction.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "engine/records.h"
#include "store/store.h"

namespace tidegate::engine {

// The attempt whose request it is.
struct OfferKey {
  RunId run{};
  std::uint32_t task = 0;
  std::uint32_t number = 0;
  auto operator<=>(const OfferKey&) const = default;
};

// What helpers call.
struct Claim {
  OfferKey key;
  std::string role, body;
  Duration queue{}, idle{}, total{};
};
struct HeldClaim {
  OfferKey key;
  bool withdrawn = false;  // its owner wants no answer
};
Result<void> be_there(store::Store& store, const std::string& helper, std::size_t room,
                      Duration lease);
// What it has claimed is open again.
Result<void> leave(store::Store& store, const std::string& helper);
Result<bool> has_open_offers(store::Store& store, const std::string& helper);
// The oldest that are not its own; what another one is about to claim is passed over.
Result<std::vector<Claim>> claim_offers(store::Store& store, const std::string& helper,
                                        std::size_t most);
Result<std::vector<HeldClaim>> claims_of(store::Store& store, const std::string& helper);
Result<void> give_back(store::Store& store, const std::string& helper, OfferKey key);
// All with one wait for the disk. Nothing happens where the claim was lost.
Result<void> answer_offers(store::Store& store, const std::string& helper,
                           std::span<const std::pair<OfferKey, std::string>> answers);

// What owners call.
struct HelperRoom {
  std::size_t helpers = 0;  // without oneself
  std::size_t room = 0;     // for requests, of all together
};
// Claims of helpers that died, or were not heard of for longer than their lease, are lost.
Result<void> bury_helpers(store::Store& store, const std::string& owner);
Result<HelperRoom> helper_room(store::Store& store, const std::string& owner);
// Those that are answered or lost.
Result<std::vector<OfferKey>> offers_over(store::Store& store, const std::string& owner);
struct OfferEnd {
  bool lost = false;
  std::string helper, answer;
};
Result<OfferEnd> end_of_offer(store::Store& store, OfferKey key);
// yes: nobody has claimed it, and nobody will. gone: another process has the run, or the word of an
// earlier call was lost; so its request must not be made by who asks.
enum class TakenBack { yes, no, gone };
Result<TakenBack> take_back(store::Store& store, const std::string& owner, OfferKey key);
Result<void> withdraw(store::Store& store, OfferKey key);
// Of a helper that is there and does not answer.
Result<void> lose_offer(store::Store& store, OfferKey key);

}  // namespace tidegate::engine
