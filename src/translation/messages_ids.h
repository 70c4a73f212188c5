// Tool names and ids as Anthropic takes them: it refuses all characters but letters, digits, '_'
// and '-', and other providers use more (Kimi's "functions.read:0"). What it would refuse is
// encoded on the way there and decoded on the way back, so that neither the client nor the provider
// that made an id ever sees another one: rewritten ids cost Kimi most of its tool calls (fact sheet
// 2.1, row 29). Pure functions, any thread.
//
// "tgid_" and the id, with '_' as "__" and every other forbidden byte as '_' and two hex digits.
#pragma once

#include <string>
#include <string_view>

namespace tidegate::translation::messages {

inline constexpr std::string_view kIdMark = "tgid_";

// Whether it goes to Anthropic as it is.
[[nodiscard]] bool is_wire_id(std::string_view id);
void append_wire_id(std::string& out, std::string_view id);

// The id that `wire` stands for, in `storage` if it was encoded.
[[nodiscard]] std::string_view read_wire_id(std::string_view wire, std::string& storage);

}  // namespace tidegate::translation::messages
