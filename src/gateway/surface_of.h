// Whose words a caller understands where no surface serves it: errors of keys and paths, lists.
// Pure function.
#pragma once

#include "http/head.h"
#include "protocol/surface.h"

namespace tidegate::gateway {

// Messages below /v1/messages and for whoever sends anthropic-version, as Anthropic's SDKs always
// do; else Chat Completions.
[[nodiscard]] inline protocol::Surface surface_of(const http::RequestHead& head) {
  const bool messages =
      head.path().starts_with("/v1/messages") || !head.headers.find("anthropic-version").empty();
  return messages ? protocol::Surface::messages : protocol::Surface::chat;
}

}  // namespace tidegate::gateway
