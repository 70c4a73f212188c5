// Names of tools as chat APIs allow them: letters, digits, _ and -, at most 64. Pure functions, any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidegate::engine {

// For each "server.tool" the name that a model sees: "server__tool". Always the same for the same
// name; where two would be alike or one is too long, its end is a hash. Different names give
// different ones.
[[nodiscard]] std::vector<std::string> model_names(const std::vector<std::string>& tools);

}  // namespace tidegate::engine
