// A text that a regular expression matches, for samples of JSON schemas. Pure function.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidegate::simulator {

// The shortest and first that `pattern` allows: "^CWE-[0-9]+$" gives "CWE-0". nullopt for what a
// schema's pattern seldom has: look-around, references, classes that exclude.
[[nodiscard]] std::optional<std::string> sample_of_pattern(std::string_view pattern);

}  // namespace tidegate::simulator
