// The way to JSON: checks that a text is UTF-8, for json::Reader to walk. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tidegate::json {

// A text of valid UTF-8, below 4 GiB and not blank. A view.
struct CheckedText {
  std::string_view text;
};

// Refuses (invalid) a blank text and invalid UTF-8, with its place; (too_large) 4 GiB and more.
// All else is checked by the Reader. Nothing beyond the text's end is read.
Result<CheckedText> check_text(std::string_view text);

// "line 3, column 14 (byte 231)": lines and columns count from 1, columns in bytes.
[[nodiscard]] std::string describe_place(std::string_view text, std::size_t offset);

}  // namespace tidegate::json
