// Commands to a run that another process may own: they are rows of the journal, which its owner
// looks for. Given by the command line and the admin API; carried out by the engine.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/time.h"
#include "engine/records.h"
#include "store/store.h"

namespace tidegate::engine {

struct Command {
  std::int64_t id = 0;
  RunId run{};
  std::string verb{};      // cancel, approve, reject, budget
  std::string task{};      // id, with [key] for one item; empty: the run
  std::string argument{};  // who, why, or how much
};

// Adds the command for whoever owns the run. Gives its id.
Result<std::int64_t> give_command(store::Store& store, const Command& command, WallTime now);
// What the owner answered; empty: nothing yet.
Result<std::string> answer_of(store::Store& store, std::int64_t command);

}  // namespace tidegate::engine
