// What a Responses client leaves with us between its requests: the responses that it names by
// previous_response_id, and the items that it refers to instead of sending them again. Kept only
// where the provider keeps nothing of the kind, that is where the answer was translated; of others
// it is known which provider keeps them.
// Used by the walk on its worker; the store is safe for any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "translation/request.h"
#include "translation/response_store.h"

namespace tidegate::gateway {

// One request's part of a conversation, until its answer is complete.
struct PendingResponse {
  std::string owner;
  std::string previous;  // response that it goes on from; empty: none
  std::string items;     // of its input, as the client sent them
  std::string provider;  // that keeps the response itself; empty: we do
};

// The body with what it refers to in the place of the references. nullopt: it refers to nothing,
// or to nothing that we keep, and is to be sent as it is.
[[nodiscard]] std::optional<std::string> restore_state(translation::ResponseStore& store,
                                                       std::string_view owner,
                                                       const translation::Request& request);

// `answer`: the whole response object as the client got it.
void remember_response(translation::ResponseStore& store, const PendingResponse& pending,
                       std::string answer);

// Forgets a response and the items of its answer.
void forget_response(translation::ResponseStore& store, std::string_view owner,
                     std::string_view id);

// Why a request that goes on from a response cannot go to `provider`, which has not made it.
[[nodiscard]] Error missing_previous(translation::ResponseStore* store, std::string_view owner,
                                     std::string_view id, std::string_view provider);

}  // namespace tidegate::gateway
