// The same JSON with every plain value of another type, so that it fits no schema that names types.
// Pure function.
#pragma once

#include <string>
#include <string_view>

namespace tidegate::simulator {

// Texts become numbers, all else that is no object and no list becomes a text. Of a text that is no
// JSON, a JSON string.
[[nodiscard]] std::string misfit(std::string_view json);

}  // namespace tidegate::simulator
