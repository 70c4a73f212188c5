// Sharing: what this gateway shares with others through Redis: limits, budgets, news,
// texts. One per process, made at the start where state.limits is configured. Any thread, but for
// start() and stop().
#pragma once

#include <string>

#include "sharing/archive.h"
#include "sharing/bulletin.h"
#include "sharing/leases.h"
#include "sharing/link.h"
#include "sharing/membership.h"
#include "sharing/purses.h"
#include "telemetry/log.h"

namespace tidegate::sharing {

struct SharingOptions {
  redis::Server server;
  std::string prefix;  // of all names in Redis
  int gateways = 1;    // that there are, until Redis says it
  Spending spending{};
};

class Sharing {
 public:
  // Says in `log` when the server goes away and when it is back.
  Sharing(const Clock& clock, SharingOptions options, telemetry::Log& log);
  ~Sharing();

  void start();
  // Gives back what is leased; nothing is fetched any more.
  void stop();

  [[nodiscard]] Lender& lender() { return leases_; }
  [[nodiscard]] budgets::Treasury& treasury() { return purses_; }
  [[nodiscard]] Bulletin& bulletin() { return bulletin_; }
  [[nodiscard]] Archive& archive() { return archive_; }
  // False: this gateway takes its fair share, 1 / gateways(), of every limit.
  [[nodiscard]] bool connected() const { return link_.connected(); }
  [[nodiscard]] int gateways() const { return members_.gateways(); }
  [[nodiscard]] std::size_t open_leases() const { return leases_.open(); }
  [[nodiscard]] Link::State link() const { return link_.state(); }

 private:
  Link link_;
  Membership members_;
  Leases leases_;
  Purses purses_;
  Bulletin bulletin_;
  Archive archive_;
};

}  // namespace tidegate::sharing
