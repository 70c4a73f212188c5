// Admin: the endpoints of the admin listener: health, readiness, metrics.
// One object for all workers.
#pragma once

#include <functional>
#include <string>

#include "gateway/shared_state.h"
#include "http/exchange.h"

namespace tidegate::gateway {

class Admin final : public http::Handler {
 public:
  // `ready`: false while we are stopping.
  Admin(SharedState& shared, std::function<bool()> ready)
      : shared_(shared), ready_(std::move(ready)) {}

  Task<void> serve(http::Exchange& exchange) override;
  std::string error_body(int status, std::string_view problem) override;

 private:
  [[nodiscard]] std::string readiness(bool ready) const;

  SharedState& shared_;
  std::function<bool()> ready_;
};

}  // namespace tidegate::gateway
