// Models behind a program's Client: requests go through the gateway's pipeline in this process,
// without a socket, so that the client's limits, retries, fallbacks and ledger hold for them, and
// interactive requests go before them. One per loop.
#pragma once

#include "client/access.h"
#include "engine/models.h"
#include "loop/loop.h"

namespace tidegate::agents {

class InProcessModels final : public engine::Models {
 public:
  // `client` must outlive every request.
  InProcessModels(Loop& loop, Client& client) : loop_(loop), client_(client) {}

  Task<engine::AskResult> ask(engine::Question question) override;

 private:
  Loop& loop_;
  Client& client_;
};

}  // namespace tidegate::agents
