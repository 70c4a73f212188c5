// How a request's thinking is said to one model behind the Messages surface, and what that means
// for max_tokens, of which the thinking is a part. Used by the writer of requests. Pure function.
#pragma once

#include <string>
#include <string_view>

#include "protocol/dialect.h"
#include "translation/messages_model.h"
#include "translation/request.h"

namespace tidegate::translation::messages {

struct ThinkingPlan {
  bool thinks = false;      // or cannot be kept from it; false also where nobody asked
  std::string member;       // JSON value of `thinking`; empty: not to be sent
  std::string_view effort;  // of output_config; empty: not to be sent
  Tokens max_tokens = 0;
};

// Efforts become budgets and budgets efforts, by what the model takes; changes are noted.
[[nodiscard]] ThinkingPlan plan_thinking(const Request& request,
                                         const protocol::DialectTable& dialect,
                                         const ModelRules& rules, Notes& notes);

}  // namespace tidegate::translation::messages
