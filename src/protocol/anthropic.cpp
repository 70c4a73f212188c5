// Anthropic: the Messages surface, and its layer of Chat Completions.
#include "protocol/dialect.h"

namespace tidegate::protocol {

const DialectTable kAnthropic = {
    .name = "anthropic",
    .paths = {"", "", "/messages", "", ""},
    .surface = Surface::messages,
    .auth = AuthStyle::x_api_key,
    .headers = "anthropic-version: 2023-06-01\r\n",
    // 400 "Thinking may not be enabled when tool_choice forces tool use."
    .forced_tool_when_thinking = false,
    .images_in_tool_results = true,
};

}  // namespace tidegate::protocol
