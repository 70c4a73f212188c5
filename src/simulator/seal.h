// Seals: the opaque fields in which a provider's reasoning leaves and must come back untouched:
// a thinking block's signature, a reasoning item's encrypted_content, a thought_signature.
// Made and checked here alone, so that one that was changed, cut or made elsewhere is found.
// A keyed hash, not cryptography. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidegate::simulator {

// What a thought_signature of Gemini's and OpenRouter's encrypted details begin with.
inline constexpr std::string_view kThoughtMark = "Ct";

// Base64 of a hash over all arguments, and of `hidden`. It begins with `prefix` (real ones do).
// `model` and `shown` must be the same when it is opened: which model made it, and what of the
// reasoning the client can see beside it.
[[nodiscard]] std::string seal(std::string_view prefix, std::string_view model,
                               std::string_view shown, std::string_view hidden);

// What was hidden; nullopt when the seal is not one of ours for this model and this text.
[[nodiscard]] std::optional<std::string> open_seal(std::string_view prefix, std::string_view model,
                                                   std::string_view shown, std::string_view sealed);

}  // namespace tidegate::simulator
