// Writes an Answer as OpenAI's Responses API does: as one response or as the events of a stream.
// Pure functions, any thread.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "simulator/answer.h"
#include "simulator/fault.h"
#include "simulator/value.h"

namespace tidegate::simulator {

// One item of an answer's output.
struct OutputItem {
  enum class Kind : std::uint8_t { reasoning, message, function_call, custom_call };
  Kind kind = Kind::message;
  std::string id;
  const ToolCall* call = nullptr;  // of the answer
};

struct ResponseShape {
  const Value& request;  // its members come back
  std::string id;
  WallTime created;
  bool encrypted = false;  // reasoning items hold their encrypted_content
  bool summary = false;    // and show their text as a summary
  std::vector<OutputItem> items;
};

// The items of an answer. `custom`: tool names whose calls are free text.
[[nodiscard]] std::vector<OutputItem> output_items(const Answer& answer, std::string_view seed,
                                                   const std::vector<std::string>& custom);

[[nodiscard]] std::string response_body(const Answer& answer, const ResponseShape& shape,
                                        const Fault& fault);
// Each element is one whole event with its blank line.
[[nodiscard]] std::vector<std::string> response_events(const Answer& answer,
                                                       const ResponseShape& shape,
                                                       const Fault& fault);
// A whole item as JSON, as the server keeps it: reasoning with all it has.
[[nodiscard]] std::string stored_item(const Answer& answer, const OutputItem& item);

}  // namespace tidegate::simulator
