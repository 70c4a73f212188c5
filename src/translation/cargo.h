// Cargo: reasoning of one provider that travels through a client which cannot read it, and comes
// back. Where the client's surface has an opaque field (a thinking block's signature, a reasoning
// item's encrypted_content, reasoning_details), we write an envelope of our own into it that says
// what is inside and who made it; what comes back is unwrapped here. Pure functions, any thread.
//
// "tidegate1." and base64url (no padding) of: seal, maker, id, proof, text, each after the first as
// a length of four bytes, most significant first, and its bytes. An envelope that does not read
// well counts as none: clients may cut or forge it, and what it holds is worth as much as any text
// of the client.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "translation/request.h"

namespace tidegate::translation {

struct Cargo {
  Seal seal = Seal::none;  // none: plain text
  std::string maker;       // provider and model: "deepseek/deepseek-v4-pro"
  std::string id;          // of the provider's item; of the tool call that a gemini_signature is on
  std::string proof;
  std::string
      text;  // raw JSON string contents; empty where the surface shows it beside the envelope

  bool operator==(const Cargo&) const = default;
};

inline constexpr std::string_view kEnvelopeMark = "tidegate1.";

// Safe inside a JSON string as it is.
[[nodiscard]] std::string wrap(const Cargo& cargo);
[[nodiscard]] std::optional<Cargo> unwrap(std::string_view envelope);

}  // namespace tidegate::translation
