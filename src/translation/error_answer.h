// Errors in the words of the client's surface: ours, and a provider's translated. Used wherever the
// gateway answers for itself or for a provider of another surface. Pure functions, any thread.
#pragma once

#include <string>

#include "base/error.h"
#include "protocol/error_body.h"
#include "protocol/surface.h"

namespace tidegate::translation {

[[nodiscard]] int error_status(protocol::Surface surface, const Error& error);
[[nodiscard]] std::string error_body(protocol::Surface surface, const Error& error);
// The SSE event that ends a stream which broke.
[[nodiscard]] std::string error_event(protocol::Surface surface, const Error& error);

// A provider's error as one of ours, so that its class survives the change of surface.
[[nodiscard]] Error as_error(const protocol::ProviderError& error);

}  // namespace tidegate::translation
