// The input of a tool call: Anthropic's is an object, where other surfaces have JSON within a
// string. Used by the writers of requests and of answers. Pure function, any thread.
#pragma once

#include <string>
#include <string_view>

namespace tidegate::translation::messages {

enum class Input {
  good,
  wrapped,  // no object: {"_raw":"..."} was written
  bad,      // no JSON string at all: nothing was written
};

// Without blanks behind the last visible character; raw.
[[nodiscard]] std::string_view without_space_at_end(std::string_view raw);

// Appends the object that `escaped` holds; {} where it is blank.
Input append_input(std::string& out, std::string_view escaped);

}  // namespace tidegate::translation::messages
