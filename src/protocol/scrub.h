// Takes key material out of texts that providers send: they echo the tail of a bad key ("Your api
// key: ****abcd is invalid", fact sheet 1.6) or the key itself. For logs, error sentences and
// bodies that are passed on. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

namespace tidegate::protocol {

// Each key, masked key and bearer token becomes "***"; everything else stays as it is, so JSON
// stays JSON. `secret` is a key that is known, whatever its shape; empty: none. Scrubbing twice is
// scrubbing once.
[[nodiscard]] std::string scrub_keys(std::string_view text, std::string_view secret = {});

// Whether scrub_keys() would change the text.
[[nodiscard]] bool leaks_key(std::string_view text, std::string_view secret = {});

}  // namespace tidegate::protocol
