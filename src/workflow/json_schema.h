// The JSON Schema of workflow files, for editors: made from the tables of keys that read them.
// Used by `tidegate workflow schema`; data/workflow.schema.json is its text, which a test checks.
#pragma once

#include <string>

namespace tidegate::workflow {

// Ends with a line break.
[[nodiscard]] std::string json_schema();

}  // namespace tidegate::workflow
