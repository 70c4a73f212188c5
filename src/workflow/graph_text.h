// The graph of a workflow as text for tools that draw: Graphviz and Mermaid. Used by the commands
// and reports. Pure functions, any thread.
#pragma once

#include <string>

#include "workflow/definition.h"

namespace tidegate::workflow {

[[nodiscard]] std::string to_dot(const Workflow& workflow);
[[nodiscard]] std::string to_mermaid(const Workflow& workflow);
// Tasks that must follow one another.
[[nodiscard]] std::uint32_t longest_chain(const Workflow& workflow);

}  // namespace tidegate::workflow
