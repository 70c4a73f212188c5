// Outgoing: the bytes of one request to a provider, in pieces, and who owns those that are not the
// client's. Made by an attempt and freed once the answer's head is here.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/recycle.h"
#include "gateway/attempt.h"
#include "protocol/edits.h"

namespace tidegate::gateway {

struct Attempt::Outgoing : Recycled {
  // The client's body, or `body`, with what a rule changes.
  std::optional<protocol::Edits> edits;
  std::string body;                                    // repaired or translated
  std::optional<protocol::Conversation> conversation;  // of a repaired body
  std::string fields;  // header lines, where the client's need a change
  bool beta = false;   // uses what the provider has among its beta features alone
  char length_line[48];
  std::array<std::string_view, protocol::Edits::kMostPieces + 4> pieces;
  static_assert(std::tuple_size_v<decltype(pieces)> <= http::Call::kMostPieces);
  std::size_t count = 0;

  void add(std::string_view piece) { pieces[count++] = piece; }
  [[nodiscard]] std::span<const std::string_view> all() const { return {pieces.data(), count}; }
};

}  // namespace tidegate::gateway
