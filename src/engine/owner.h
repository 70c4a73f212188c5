// The name of a process that owns runs. Functions, any thread.
#pragma once

#include <string>

namespace tidegate::engine {

// Names this process among all that may share a journal, in such a way that another one on the same
// machine can tell whether it still lives: the boot of the machine and the namespace of process
// ids, which two containers with one name do not have in common; process id and when it began; and
// random bits.
[[nodiscard]] std::string this_owner();
// Whether `owner` is a process that this one would see, and that has ended.
[[nodiscard]] bool has_died(const std::string& owner);

}  // namespace tidegate::engine
