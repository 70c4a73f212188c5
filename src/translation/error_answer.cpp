#include "translation/error_answer.h"

#include "protocol/error_answer.h"
#include "translation/messages_error.h"
#include "translation/responses_error.h"

namespace tidegate::translation {

using protocol::ErrorClass;
using protocol::Surface;

int error_status(Surface surface, const Error& error) {
  return surface == Surface::messages ? messages_status(error) : protocol::http_status(error);
}

std::string error_body(Surface surface, const Error& error) {
  return surface == Surface::messages ? messages_error(error) : protocol::openai_error(error);
}

std::string error_event(Surface surface, const Error& error) {
  switch (surface) {
    case Surface::messages:
      return messages_error_event(error);
    case Surface::responses:
      return responses_error_event(error);
    default:
      break;
  }
  return protocol::openai_error_event(error);
}

Error as_error(const protocol::ProviderError& error) {
  const auto as = [&](ErrorCode code, std::string field = {}) {
    return Error{code, error.message, std::move(field)};
  };
  switch (error.error_class) {
    case ErrorClass::bad_request:
      return as(ErrorCode::invalid);
    case ErrorClass::context_overflow:
      return as(ErrorCode::too_large, "messages");
    case ErrorClass::too_large:
      return as(ErrorCode::too_large);
    case ErrorClass::authentication:
      return as(ErrorCode::unauthorized);
    case ErrorClass::insufficient_balance:
    case ErrorClass::permission:
      return as(ErrorCode::forbidden);
    case ErrorClass::not_found:
      return as(ErrorCode::not_found);
    case ErrorClass::rate_limited:
      return as(ErrorCode::rate_limited);
    case ErrorClass::timeout:
      return as(ErrorCode::timeout);
    case ErrorClass::conflict:
    case ErrorClass::overloaded:
    case ErrorClass::server_error:
    case ErrorClass::unexpected:
      break;
  }
  return as(ErrorCode::unavailable);
}

}  // namespace tidegate::translation
