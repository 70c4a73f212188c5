// Aim: where a request is going, as far as the rules of translation care. Plain value, made by the
// gateway for each attempt.
#pragma once

#include <string_view>

#include "config/config.h"
#include "protocol/dialect.h"
#include "translation/reasoning_memory.h"

namespace tidegate::translation {

struct Aim {
  const protocol::DialectTable* dialect = nullptr;
  protocol::Surface surface = protocol::Surface::chat;  // that the request will be written in
  std::string_view maker;                               // "deepseek/deepseek-v4-pro"
  std::string_view wire_model = {};                     // as the provider calls it
  protocol::MustReturn must_return = protocol::MustReturn::nothing;  // of this model
  bool can_think = false;
  bool thinks_by_default = false;
  config::Thinking thinking = config::Thinking::unset;  // what the route asks for
  Tokens max_tokens = 0;                    // the most that the route allows; 0: it does not say
  Tokens max_output = 0;                    // the most that the model can give; 0: not known
  const ReasoningMemory* memory = nullptr;  // null: nothing is remembered
  std::string_view owner = {};              // of what is remembered
  ReasoningMemory::Unknown* unknown = nullptr;  // null: nobody else can be asked

  // Gemini behind OpenRouter refuses a step with calls that brings no reasoning_details.
  [[nodiscard]] bool wants_details() const;
  // Whether the model will think: by the client's word, else the route's, else its default.
  [[nodiscard]] bool thinks(protocol::Toggle toggle, protocol::Effort effort) const;
};

}  // namespace tidegate::translation
