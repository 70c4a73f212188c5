// Token counts of one answer, in one meaning for all providers. Plain value, any thread.
#pragma once

#include "tidegate/amounts.h"

namespace tidegate {

struct Usage {
  Tokens prompt = 0;       // all prompt tokens, cached ones included
  Tokens cached = 0;       // of `prompt`: read from the provider's prompt cache
  Tokens cache_write = 0;  // of `prompt`: written to the cache at a price of its own (Anthropic)
  Tokens completion = 0;   // all generated tokens, reasoning included
  Tokens reasoning = 0;    // of `completion`: reasoning

  bool operator==(const Usage&) const = default;
  Usage& operator+=(const Usage& more) {
    prompt += more.prompt;
    cached += more.cached;
    cache_write += more.cache_write;
    completion += more.completion;
    reasoning += more.reasoning;
    return *this;
  }
};

}  // namespace tidegate
