// PromptCache: DeepSeek's prefix cache in small (fact sheet 1.8). A stored unit is a whole prefix
// of messages: the prompt of each request, prompt and answer, and a prefix that two requests had in
// common. A request hits only a unit that it begins with. Thread-safe; forgets the oldest.
#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>

#include "base/money.h"
#include "simulator/lru.h"
#include "simulator/request.h"

namespace tidegate::simulator {

class PromptCache {
 public:
  static constexpr std::size_t kPrefixes = 1u << 16;

  // Tokens of the prompt that were cached, and remembers the prompt with the answer it gets.
  // `domain` separates caches: provider, key, user_id, model. Rounded down to whole multiples of
  // `granularity` (DeepSeek 64, OpenAI 128); below `minimum` tokens nothing counts as cached.
  Tokens look_up(const ChatRequest& request, const Message& answer, std::uint64_t domain,
                 Tokens granularity, Tokens minimum);
  void reset();

 private:
  struct Prefix {
    bool unit = false;  // false: seen once, in the middle of a prompt
  };

  std::mutex mutex_;  // requests of all workers share what is cached, as they do at a provider
  LruMap<Prefix> prefixes_{kPrefixes};
};

}  // namespace tidegate::simulator
