// Leases: keeps the slices of shared limits filled. Each slice in use has a lease: an account with
// the bound in Redis, from which tokens are fetched ahead of the demand and to which they go back
// when it falls. Without Redis the slice gets this gateway's fair share instead, and what was spent
// of it is settled when Redis is back. The protocol and its bounds: docs/many-gateways.md.
//
// called() is for any thread, all else for the link's.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "sharing/lease.h"
#include "sharing/membership.h"
#include "tidegate/slice.h"

namespace tidegate::sharing {

class Leases final : public Errand, public Lender {
 public:
  Leases(std::string prefix, Link& link, const Membership& members);
  ~Leases() override;

  void called(std::shared_ptr<Slice> slice) override;

  // Any thread.
  [[nodiscard]] std::size_t open() const { return open_.load(std::memory_order_relaxed); }

  TimePoint due(TimePoint now) override;
  void ask(redis::Commands& commands, TimePoint now) override;
  void hear(std::span<const redis::Reply> replies, TimePoint now) override;
  void lost(TimePoint now) override;
  void joined(TimePoint now) override;
  void alone(TimePoint now) override;
  void leaving() override { leaving_ = true; }

 private:
  // At most one round trip for 100 requests, where so many come that it matters; a few more, since
  // how many come is an estimate.
  static constexpr double kRequestsPerRound = 115;
  struct Call {
    std::shared_ptr<Slice> slice;
    Call* next;
  };
  void take_calls(TimePoint now);
  void pace(TimePoint now);

  const std::string prefix_;
  Link& link_;
  const Membership& members_;
  std::atomic<Call*> calls_{nullptr};  // the latest first
  // Resting: not used, and not full again as far as we know: what is known of it is kept for when
  // it is used again, or there would be a whole share of it in an outage. At most one of each
  // slice.
  std::unordered_map<Slice*, Lease> leases_, resting_;
  std::vector<Lease*> asked_;  // in this round
  std::atomic<std::size_t> open_{0};
  TimePoint last_round_{}, paced_{};
  double requests_per_second_ = 0;
  std::uint32_t most_takes_ = 0;  // of one slice, since it was paced
  Duration gap_ = 5ms;            // between two rounds
  Duration longest_gap_{};        // that the slices allow
  bool urgent_ = false, leaving_ = false;
};

}  // namespace tidegate::sharing
