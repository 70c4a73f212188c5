// The messages of a conversation with tools, as chat APIs and the journal have them. Pure
// functions, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/models.h"

namespace tidegate::engine {

// The assistant's message with its calls. The reasoning goes with it: DeepSeek answers 400 to a
// conversation in which a tool was called and the reasoning that led there is missing.
[[nodiscard]] std::string assistant_message(const Answer& answer);
// Its calls back, out of the journal. Error invalid: it is no such message.
[[nodiscard]] Result<std::vector<ToolCall>> calls_of(std::string_view assistant_message);

[[nodiscard]] std::string tool_message(std::string_view call_id, std::string_view content);
[[nodiscard]] std::string as_array(const std::vector<std::string>& messages);
[[nodiscard]] Result<std::vector<std::string>> from_array(std::string_view json);

// Arguments with members in order of their names and without spaces: the same for calls that mean
// the same. Error invalid: they are no JSON object.
[[nodiscard]] Result<std::string> canonical_arguments(std::string_view arguments);

// `text`, or its beginning and its end with a note of what was left out, at most `bytes` and the
// note. Whole characters.
[[nodiscard]] std::string bounded(std::string_view text, std::size_t bytes);

}  // namespace tidegate::engine
