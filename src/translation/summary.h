// What routing policies and workload measures read of a request that did not come on the chat
// surface, in the same terms as for chat. Used once per such request. Pure function, any thread.
#pragma once

#include "protocol/conversation.h"
#include "translation/request.h"

namespace tidegate::translation {

// Its views point into the request's body and `kept`; the places are those of the request.
[[nodiscard]] protocol::Conversation summarize(const Request& request);

}  // namespace tidegate::translation
