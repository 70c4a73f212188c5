// Aligned tables, CSV lines and numbers for people, as reports print them. Functions, any thread; a
// table belongs to one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/pieces.h"

namespace tidegate::ledger {

// 1234567 -> "1,234,567"
[[nodiscard]] std::string grouped(std::int64_t number);

using Line = std::vector<std::string>;

// The first `names` columns are aligned to the left, the others to the right. Widths count
// characters, not bytes: names may be in any script.
class TextTable {
 public:
  TextTable(std::size_t columns, std::size_t names) : widths_(columns), names_(names) {}
  // Line by line, in each as many as there are columns.
  void add(std::string_view cell);
  void write(Pieces& pieces) const;

 private:
  std::vector<std::size_t> widths_;
  std::size_t names_;
  std::size_t column_ = 0;  // of the next cell
  std::string cells_;       // each behind its size
};
[[nodiscard]] std::string aligned(const std::vector<Line>& lines, std::size_t names);

// Cells of one line of RFC 4180. What a spreadsheet would take for a formula gets an apostrophe in
// front.
void append_csv(std::string& out, std::string_view cell);
void append_csv(std::string& out, const Line& line);

}  // namespace tidegate::ledger
