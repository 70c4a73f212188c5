// Aligned tables, CSV lines and numbers for people, as reports print them. Functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidegate::ledger {

// 1234567 -> "1,234,567"
[[nodiscard]] std::string grouped(std::int64_t number);

using Line = std::vector<std::string>;
// The first `names` columns are aligned to the left, the others to the right. Widths count
// characters, not bytes: names may be in any script.
[[nodiscard]] std::string aligned(const std::vector<Line>& lines, std::size_t names);
// One line of RFC 4180. What a spreadsheet would take for a formula gets an apostrophe in front.
void append_csv(std::string& out, const Line& line);

}  // namespace tidegate::ledger
