// MissingReasoning: what to send in the place of reasoning that a client did not send back: what is
// remembered of that turn, or, as the last resort where the provider would refuse the request, a
// sentence. Used by the rules for one request; on the stack.
#pragma once

#include <string>
#include <vector>

#include "translation/aim.h"
#include "translation/request.h"

namespace tidegate::translation {

class MissingReasoning {
 public:
  explicit MissingReasoning(const Aim& aim) : aim_(aim) {}

  // Of a turn, as its provider gave it; empty: nothing is remembered.
  [[nodiscard]] std::vector<Cargo> recall(const ReasoningMemory::Turn& turn) const;
  // Something of it could be used.
  void count_restored() { ++restored_; }

  // Unlike that of any other turn, since equal ones make DeepSeek give empty answers, up to 47 % of
  // them (fact sheet 1.3, item 7). The same for the same turn, for the sake of the prompt cache.
  [[nodiscard]] std::string stand_in(std::uint32_t turn_number, const ReasoningMemory::Turn& turn);

  // What Gemini takes in the place of the signature on a step's first call (fact sheet, section 4).
  [[nodiscard]] std::string_view signature_stand_in();
  // The same as reasoning_details, for Gemini behind OpenRouter (Roo-Code #10759); `call` is the id
  // of the step's first call, raw.
  [[nodiscard]] std::string details_stand_in(std::string_view call);

  // "reasoning of 2 turns restored", "reasoning of 1 turn missing".
  void note(Notes& notes) const;

 private:
  const Aim& aim_;
  std::uint32_t restored_ = 0, missing_ = 0;
};

}  // namespace tidegate::translation
