// JSON string contents: escape for writing, unescape after reading raw. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidegate::json {

// Appends `text` as the inside of a JSON string. Invalid UTF-8 becomes U+FFFD, one per bad byte.
void append_escaped(std::string& out, std::string_view text);
[[nodiscard]] std::string escape(std::string_view text);

// Undoes the escapes of a raw string (without its quotes). nullopt: an escape that JSON does not
// have, or half a surrogate pair.
[[nodiscard]] std::optional<std::string> unescape(std::string_view raw);
// The same, appended to `out`; false: an error, and `out` holds what was good.
[[nodiscard]] bool append_unescaped(std::string& out, std::string_view raw);

// Whether `raw` may stand between quotes as it is: valid UTF-8, with nothing bare that must be
// escaped. For what did not come out of a JSON text.
[[nodiscard]] bool is_raw_string(std::string_view raw);

// Whether there is nothing but white space in it, escaped or not.
[[nodiscard]] bool is_blank(std::string_view raw);

}  // namespace tidegate::json
