// What a model is told where the provider knows no json_schema: the schema in the prompt, with the
// word "json" that json_object mode demands. Pure function, any thread.
#pragma once

#include <string>
#include <string_view>

namespace tidegate::translation {

// `schema` is a JSON value; the sentence is plain text, not yet escaped.
[[nodiscard]] inline std::string schema_instruction(std::string_view schema) {
  return "Answer with one json object and nothing else, no text or code fence around it. It must "
         "be valid under this JSON schema: " +
         std::string(schema);
}

}  // namespace tidegate::translation
