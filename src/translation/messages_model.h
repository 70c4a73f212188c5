// What a model behind the Messages surface takes and refuses, by its name: Anthropic changed the
// settings of thinking and of sampling with nearly every release, and answers 400 to those of
// another one. Used by the writer of requests. Pure function, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidegate::translation::messages {

struct ModelRules {
  enum class Thinking : std::uint8_t {
    none,      // Claude before 3.7
    budget,    // {"type":"enabled","budget_tokens":N}: Claude 3.7 to 4.5; others' models
    adaptive,  // {"type":"adaptive"}: Claude from 4.6 on; from 4.7 on a budget is refused
  };
  Thinking thinking = Thinking::budget;
  bool effort = true;               // output_config.effort: Opus 4.5, all from 4.6 on
  bool xhigh = false;               // its level above high and below max: from 4.7 on
  bool always_thinks = false;       // {"type":"disabled"} and forced tools are refused: from 5.5 on
  bool hides_thinking = false;      // unless display says "summarized": from 4.7 on
  bool sampling = true;             // temperature, top_p, top_k are refused from 4.7 on
  bool either_of_sampling = false;  // temperature or top_p, not both: from 4.1 on
  bool prefill = true;              // an assistant's message may come last: up to 4.5
  bool json_schema = true;          // output_config.format and strict tools: from 4.5 on
};

[[nodiscard]] ModelRules model_rules(std::string_view wire_model);

}  // namespace tidegate::translation::messages
