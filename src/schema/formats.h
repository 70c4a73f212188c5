// Formats: what the keyword `format` demands, for the formats that providers' structured outputs
// hold to; others say nothing. Constants and pure functions, any thread.
#pragma once

#include <string_view>

namespace tidegate::schema {

struct Format {
  std::string_view name;
  std::string_view described;  // "a date (2026-09-30)"
  bool (*holds)(std::string_view text);
};

// Null: not a format that is checked.
[[nodiscard]] const Format* find_format(std::string_view name);

}  // namespace tidegate::schema
