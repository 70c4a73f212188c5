#include "sharing/sharing.h"

#include <utility>

namespace tidegate::sharing {

Sharing::Sharing(const Clock& clock, SharingOptions options, telemetry::Log& log)
    : link_(clock, std::move(options.server), log),
      members_(options.prefix, options.gateways),
      leases_(options.prefix, link_, members_),
      purses_(options.prefix, std::move(options.spending), link_, members_, clock),
      bulletin_(options.prefix, link_, members_),
      archive_(options.prefix, link_) {
  link_.add(members_);  // first: who is not there holds nothing
  link_.add(leases_);
  link_.add(purses_);
  link_.add(bulletin_);
  link_.add(archive_);
}

Sharing::~Sharing() { stop(); }

void Sharing::start() { link_.start(); }

void Sharing::stop() { link_.stop(); }

}  // namespace tidegate::sharing
