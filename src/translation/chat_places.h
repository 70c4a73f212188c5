// MessagePlaces: where the members of one message of a chat request lie that a repair may cut.
// Views and offsets are of the request's body. Plain values, one worker.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json/escape.h"
#include "json/reader.h"
#include "protocol/conversation.h"
#include "translation/reasoning_memory.h"

namespace tidegate::translation {

struct CallPlace {
  std::string_view id;
  std::uint32_t end = 0;            // of its object, the brace included
  bool extra = false;               // it brings extra_content
  std::string_view signature;       // Gemini's thought_signature in that
  protocol::Range signature_place;  // of the string, the quotes included
};

// A message's reasoning under one name.
struct NamedReasoning {
  protocol::Range key, value;  // empty: the member is not there
  std::string_view text;
  [[nodiscard]] bool blank() const { return json::is_blank(text); }
};

// A part of a message's content.
struct ContentElement {
  protocol::Range place;
  bool reasoning = false;
};

// Where the members of one message lie.
struct MessagePlaces {
  protocol::Range object, role, content;
  std::string_view role_name;
  NamedReasoning reasoning_content, reasoning;
  std::vector<ContentElement> parts;  // of its content, if any is reasoning
  std::string thoughts;               // what those say
  protocol::Range prefix_key;         // of a mark that is true
  std::uint32_t prefix_end = 0;       // of its value
  protocol::Range details;            // the value of reasoning_details
  ReasoningMemory::Turn turn;
  std::vector<CallPlace> calls;
};

// `reader` stands before a message of `body`. False: it is no object, or malformed.
bool read_places(json::Reader& reader, std::string_view body, MessagePlaces& message);

}  // namespace tidegate::translation
