// A value that fits a JSON schema: what a model answers where one is demanded. Pure function.
#pragma once

#include <string>
#include <string_view>

namespace tidegate::simulator {

// Obeys type, enum, const, properties, items, anyOf (its first), $ref within the schema, and simple
// patterns; numbers and other texts are those of AskedValues. "{}" for a schema that is no JSON.
[[nodiscard]] std::string sample_of_schema(std::string_view schema, std::string_view asked);

}  // namespace tidegate::simulator
