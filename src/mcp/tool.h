// A tool as its server describes it, and the reading of a page of `tools/list`.
// Immutable values, any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "mcp/failure.h"
#include "mcp/param_headers.h"
#include "schema/schema.h"

namespace tidegate::mcp {

struct Tool {
  std::string name;
  std::string title;
  std::string description;
  std::string input_schema;  // JSON, as the server wrote it
  Hints hints;
  std::vector<ParamHeader> headers;      // arguments that HTTP headers repeat
  std::optional<schema::Schema> input;   // set in every tool that was read
  std::optional<schema::Schema> output;  // of structuredContent
};

struct ToolPage {
  std::vector<Tool> tools;
  std::vector<std::string> refused;  // a sentence for each tool that was left out
  std::string next_cursor;           // empty: this was the last page
};

// `result` is the result of `tools/list`. A tool that cannot be used is left out, and said; a page
// that is none is an error (bad_answer).
[[nodiscard]] Result<ToolPage> read_tool_page(std::string_view result);

}  // namespace tidegate::mcp
