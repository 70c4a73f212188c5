// Outline: the messages of a body, where each lies, how much it weighs, which tool calls it makes
// or answers, and what else a prompt is made of. For cutting messages out of a body; read only for
// prompts that do not fit. Pure function, any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "protocol/byte_classes.h"
#include "protocol/conversation.h"
#include "protocol/surface.h"

namespace tidegate::translation {

// What the tokens of a prompt, or of a part of one, are estimated from.
struct PromptSize {
  protocol::ByteClasses text;
  std::uint32_t messages = 0, tools = 0, images = 0;

  PromptSize& operator+=(const PromptSize& other);
};

struct Outline {
  enum class Speaker : std::uint8_t {
    kept,  // system and developer messages, and what we do not know: nobody's to leave out
    user,
    assistant,  // also its reasoning and calls, where they are items of their own
    result,     // of a tool; on the messages surface with what else the message holds
  };
  struct Item {
    protocol::Range place;  // from its first to its last byte
    Speaker speaker = Speaker::kept;
    bool sealed = false;  // carries reasoning whose maker checks that it comes back whole
    PromptSize size;
  };
  struct Call {
    std::uint32_t item = 0;
    bool answered = false;  // this item answers it; else it makes it
    std::string_view id;    // raw
  };

  std::vector<Item> items;
  std::vector<Call> calls;  // ascending by item
  PromptSize rest;          // the system prompt where it stands apart, tools

  [[nodiscard]] PromptSize whole() const;
};

// Views into `body`. Counts on the chat surface what read_conversation() counts. Error invalid:
// malformed JSON. A body without a list of messages has no items.
Result<Outline> read_outline(protocol::Surface surface, std::string_view body);

}  // namespace tidegate::translation
