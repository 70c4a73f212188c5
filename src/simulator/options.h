// Options of the provider simulator. Set once before it starts; immutable afterwards, any thread.
// A request may override most of them by x-sim-* headers (settings.h).
#pragma once

#include <cstddef>

#include "base/money.h"
#include "base/time.h"

namespace tidegate::simulator {

struct Options {
  Duration first_token = 5ms;       // from the request to the first token
  double tokens_per_second = 1000;  // afterwards, per stream; > 0
  bool require_key = true;          // 401 without an Authorization header, as real providers do

  // The wire limits of deepseek-v4-* (fact sheet 1.1) and of gpt-5.5 (section 5).
  Tokens deepseek_context = 1'048'576;
  Tokens deepseek_max_output = 393'216;
  Tokens openai_input = 922'000;
  Tokens openai_max_output = 128'000;
  Tokens anthropic_context = 1'000'000;  // at most; older models have less

  // Real OpenAI refuses fields it does not know; here they are echoed, so that a test can see that
  // they passed through a gateway.
  bool refuse_unknown_fields = false;
  // Reports disagree on whether DeepSeek takes "" as reasoning_content (fact sheet 1.3, item 7).
  bool refuse_empty_reasoning = false;
  // Anthropic asks for the thinking block of a tool loop's last turn only with budget_tokens; here
  // with adaptive thinking as well, so that a test sees when it is lost.
  bool thinking_comes_first = false;

  // GET /sim/log: the last requests as received, within both bounds.
  std::size_t log_entries = 100;
  std::size_t log_bytes = 32u << 20;
};

}  // namespace tidegate::simulator
