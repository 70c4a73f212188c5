// Whatever an MCP server sends is read or refused: as a message, a page of tools, a result.
#include <cstdint>
#include <string>
#include <string_view>

#include "mcp/message.h"
#include "mcp/tool.h"
#include "mcp/tool_result.h"
#include "require.h"

namespace {

using namespace tidegate;

void try_tools(std::string_view result) {
  const auto page = mcp::read_tool_page(result);
  if (!page) return;
  for (const mcp::Tool& tool : page->tools) {
    require_json(tool.input_schema);
    const std::string lines = mcp::header_lines(tool.headers, result);
    std::size_t ends = 0;
    for (std::size_t at = 0; (at = lines.find_first_of("\r\n", at)) != lines.npos; ++at) ++ends;
    require(ends == 0 || (ends % 2 == 0 && ends / 2 <= tool.headers.size()));
    if (const auto read = mcp::read_tool_result(result, tool)) (void)mcp::as_text(*read);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const mcp::Tool any;
  mcp::each_message(text, [&](std::string_view one) {
    const auto message = mcp::read_message(one);
    if (!message) return;
    (void)mcp::progress_of(*message);
    if (message->kind == mcp::Message::Kind::request) require_json(mcp::answer_to(*message));
    if (message->result.empty()) return;
    try_tools(message->result);
    if (const auto read = mcp::read_tool_result(message->result, any)) (void)mcp::as_text(*read);
  });
  try_tools(text);
  return 0;
}
