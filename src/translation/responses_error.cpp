#include "translation/responses_error.h"

#include "json/writer.h"
#include "protocol/error_answer.h"

namespace tidegate::translation {

std::string_view response_error_code(protocol::ErrorClass error_class) {
  using protocol::ErrorClass;
  switch (error_class) {
    case ErrorClass::bad_request:
      return "invalid_prompt";
    case ErrorClass::context_overflow:
      return "context_length_exceeded";
    case ErrorClass::insufficient_balance:
      return "insufficient_quota";
    case ErrorClass::rate_limited:
      return "rate_limit_exceeded";
    case ErrorClass::overloaded:
      return "server_is_overloaded";
    default:
      return "server_error";
  }
}

std::string responses_error_event(const Error& error) {
  const std::string body = protocol::openai_error(error);  // {"error":{...}}
  std::string out = "event: error\ndata: {\"type\":\"error\",\"sequence_number\":0,";
  json::Writer json(out);
  out += "\"message\":";
  json.value(error.message);
  out += ",\"code\":null,\"param\":null,";
  out.append(body, 1);
  return out += "\n\n";
}

}  // namespace tidegate::translation
