// The response object that clients get: in the first and the last event of a stream, and as a whole
// answer. Used by the encoder alone. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "translation/codec.h"

namespace tidegate::translation {

struct ResponseState {
  std::string_view status = "in_progress";
  std::string_view incomplete_reason;          // empty: null
  std::string_view error_code, error_message;  // message in plain text; code empty: null
  std::string_view output;                     // the items of the list, JSON
  const Usage* usage = nullptr;                // null: not known
};

// The request's settings, which OpenAI says again: members without braces. Null: the defaults.
std::string response_settings(const Request* request);

void append_response(std::string& out, const AnswerContext& context, std::string_view settings,
                     const ResponseState& state);

// "resp_" and the context's id.
void append_response_id(std::string& out, const AnswerContext& context);

}  // namespace tidegate::translation
