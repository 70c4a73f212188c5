// What a call of a tool gave. Immutable values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "mcp/tool.h"

namespace tidegate::mcp {

struct Content {
  enum class Kind : std::uint8_t { text, image, audio, link, resource, other };
  Kind kind = Kind::text;
  std::string text;       // text, or that of an embedded resource
  std::string data;       // base64 of image, audio or resource
  std::string mime_type;  // may be empty
  std::string uri;        // link, resource
  std::string name;       // link; other: the type
};

struct ToolResult {
  std::vector<Content> content;
  std::string structured;    // JSON; empty: none
  bool is_error = false;     // the tool ran and says that it failed
  bool needs_input = false;  // 2026-07-28: it asks for more than the arguments
  std::string violation;     // what of `structured` is not as the tool's outputSchema says
};

// `result` is the result of `tools/call`. Error bad_answer: it is none.
[[nodiscard]] Result<ToolResult> read_tool_result(std::string_view result, const Tool& tool);

// What a model reads of it: texts as they are, a line in the place of what is no text, the
// structured content where there is no text.
[[nodiscard]] std::string as_text(const ToolResult& result);

}  // namespace tidegate::mcp
