// Where a request goes and why: the request's own wish, its task's last route, or the policy.
// decide() is a pure function over an immutable table and the shared affinity table; it allocates
// nothing unless it refuses. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "routing/affinity.h"
#include "routing/reason.h"
#include "routing/table.h"
#include "workload/workload.h"

namespace tidegate::routing {

// What the caller may use: ids or aliases of models, names of routes. Empty lists: anything.
struct Permit {
  std::span<const std::string> models{}, routes{};
};

// What decide() knows of a request. Views live as long as the call.
struct Query {
  workload::Workload workload{};
  std::string_view model{};         // as asked for; empty counts as "auto"
  std::string_view forced_route{};  // the header x-tidegate-route
  std::string_view task{};          // the header x-tidegate-task
  std::string_view role{};          // the header x-tidegate-role
  std::string_view user_agent{};
  std::uint64_t fingerprint = 0;  // Conversation::fingerprint
  TimePoint now{};
  WallTime wall{};
  Permit permit{};
};

// Points into the table.
struct Decision {
  const Route* route = nullptr;
  int rule = 0;         // of the policy, from 1; 0: another reason
  bool sticky = false;  // the task's last route was kept
  bool moved = false;   // the task's last route no longer fits
  Reason reason{};      // for x-tidegate-reason

  // After the request was sent: affinity.remember(task, route->hash, now), unless task is 0.
  std::uint64_t task = 0;

  // The first target that was left out since it cannot take what is shown; null: none was.
  const Target* blind = nullptr;

  // The targets to try in order; without those that the permit leaves out, those that cannot take
  // what is shown, and those whose context is too small when another one fits. At least one.
  [[nodiscard]] std::span<const Target* const> targets() const { return {list.data(), count}; }
  std::array<const Target*, Route::kMaxTargets> list{};
  std::uint8_t count = 0;
};

// In this order: the forced route; model "route:NAME"; model "auto" or none: the route of the task
// if it is known and fits, else the policy; a catalogue model or alias. Else not_found with near
// names; field: "x-tidegate-route" or "model". affinity: may be null.
// A model asked for by name must take what is shown, of a route one of its models: else invalid;
// field: the kind of media, by its name.
//
// What is asked for by name and not permitted is Error::forbidden with what is. Under "auto" the
// policy's rules for such routes count as absent; if no rule is left that holds, the permit's own
// first route or model is taken.
Result<Decision> decide(const Table& table, const Affinity* affinity, const Query& query);

// not_found, with near names, or else where the names are listed. `what`: "model", "route".
[[nodiscard]] Error unknown_name(std::string_view what, std::string_view name,
                                 std::span<const std::string> known, std::string_view field);

// Whether a permit allows the route, or the model that was asked for by name (a route without one).
[[nodiscard]] bool allows(const Permit& permit, const Table& table, const Route& route);

// Prompt and answer fit into the target's window, as far as it is known.
[[nodiscard]] bool fits(const Target& target, const workload::Workload& workload);

}  // namespace tidegate::routing
