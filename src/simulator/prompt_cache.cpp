#include "simulator/prompt_cache.h"

#include <algorithm>
#include <vector>

#include "base/hash.h"
#include "simulator/tokens.h"

namespace tidegate::simulator {
namespace {

// Reasoning stays out: whether a client sends it back depends on the rules, not on the prefix.
std::uint64_t extend(std::uint64_t prefix, const Message& message) {
  prefix = hash_bytes(message.role, prefix);
  prefix = hash_bytes(message.content, prefix);
  prefix = hash_bytes(message.tool_call_id, prefix);
  for (const ToolCall& call : message.tool_calls) {
    prefix = hash_bytes(call.id, hash_bytes(call.name, hash_bytes(call.arguments, prefix)));
  }
  return prefix;
}

}  // namespace

Tokens PromptCache::look_up(const ChatRequest& request, const Message& answer, std::uint64_t domain,
                            Tokens granularity, Tokens minimum) {
  std::uint64_t prefix = hash_bytes(request.tools_json, domain);
  Tokens tokens = count_tokens(std::string_view(request.tools_json));
  std::vector<std::pair<std::uint64_t, Tokens>> prefixes;
  for (const Message& message : request.messages) {
    prefix = extend(prefix, message);
    tokens += count_tokens(message);
    prefixes.emplace_back(prefix, tokens);
  }

  const std::lock_guard lock(mutex_);
  Tokens cached = 0;
  for (const auto& [hash, length] : prefixes) {
    if (Prefix* known = prefixes_.find(hash)) {
      if (known->unit) cached = length;
      known->unit = true;  // from now on: it is common to two requests
    } else {
      prefixes_.get(hash, {});
    }
  }
  prefixes_.get(prefix, {}).unit = true;
  prefixes_.get(extend(prefix, answer), {}).unit = true;
  cached = cached / granularity * granularity;
  return tokens < minimum ? 0 : cached;
}

void PromptCache::reset() {
  const std::lock_guard lock(mutex_);
  prefixes_.clear();
}

}  // namespace tidegate::simulator
