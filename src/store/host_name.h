// Looks a host's name up for those who may not wait for it: the system's resolver takes as long as
// it likes, ten seconds and more where a name server is away, and cannot be stopped. So it works on
// a thread of its own, which is left alone when the deadline has passed. Any thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace tidegate::store {

using Addresses = std::vector<std::string>;  // as numbers, in the order to try
// Blocks.
using LookUp = std::function<Result<Addresses>(const std::string& name)>;

// The system's.
Result<Addresses> look_up(const std::string& name);

// Calls while_waiting, unless it is empty, again and again. Errors: unavailable.
Result<Addresses> addresses_of(const std::string& name, TimePoint deadline,
                               const std::function<void()>& while_waiting,
                               LookUp look_up_name = look_up);

}  // namespace tidegate::store
