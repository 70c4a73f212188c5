// Models behind the gateway of this process: requests go over loopback to its client listener, so
// that routes, limits, budgets, fallbacks, breakers and the ledger hold for them as for any
// client's, and interactive requests go before them. One per loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/models.h"
#include "http/client_pool.h"
#include "loop/address.h"
#include "loop/resolver.h"

namespace tidegate::engine {

class GatewayModels final : public Models {
 public:
  struct Options {
    Address address;         // of the client listener
    std::string credential;  // which that listener knows
    int max_connections = 16'384;
  };
  GatewayModels(Loop& loop, const Clock& clock, Options options);
  ~GatewayModels() override;

  Task<AskResult> ask(Question question) override;

 private:
  class Leash;
  class Waiting;
  std::unique_ptr<Leash> take_leash();

  Loop& loop_;
  Resolver resolver_;
  std::string credential_;
  http::ClientPool pool_;
  std::vector<std::unique_ptr<Leash>> leashes_;  // those that nobody uses
};

}  // namespace tidegate::engine
