#include "ledger/text_table.h"

#include <algorithm>
#include <array>

namespace tidegate::ledger {
namespace {

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

}  // namespace

std::string grouped(std::int64_t number) {
  std::array<char, 32> text;
  char* const end = text.data() + text.size();
  char* at = end;
  auto left = static_cast<std::uint64_t>(number);
  if (number < 0) left = 0 - left;
  for (int digit = 0; digit == 0 || left > 0; ++digit, left /= 10) {
    if (digit > 0 && digit % 3 == 0) *--at = ',';
    *--at = static_cast<char>('0' + left % 10);
  }
  if (number < 0) *--at = '-';
  return std::string(at, end);
}

void TextTable::add(std::string_view cell) {
  std::size_t& most = widths_[column_];
  most = std::max(most, width(cell));
  column_ = column_ + 1 == widths_.size() ? 0 : column_ + 1;
  std::size_t size = cell.size();
  for (; size > 127; size >>= 7) cells_ += static_cast<char>(size | 128);
  cells_ += static_cast<char>(size);
  cells_ += cell;
}

void TextTable::write(Pieces& pieces) const {
  for (std::size_t at = 0; at < cells_.size();) {
    std::string& out = pieces.next();
    for (std::size_t column = 0; column < widths_.size(); ++column) {
      std::size_t size = 0;
      for (int shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(cells_[at++]);
        size |= std::size_t{byte & 127u} << shift;
        if (byte < 128) break;
      }
      const auto cell = std::string_view(cells_).substr(at, size);
      at += size;
      const std::size_t padding = widths_[column] - width(cell);
      if (column > 0) out += "  ";
      if (column >= names_) out.append(padding, ' ');
      out += cell;
      if (column < names_) out.append(padding, ' ');
    }
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  }
}

std::string aligned(const std::vector<Line>& lines, std::size_t names) {
  TextTable table(lines.front().size(), names);
  for (const Line& line : lines) {
    for (const std::string& cell : line) table.add(cell);
  }
  std::string text;
  const Output output = [&](std::string_view piece) { text += piece; };
  Pieces pieces(output);
  table.write(pieces);
  return text;
}

void append_csv(std::string& out, std::string_view cell) {
  constexpr std::string_view kFormula = "=+-@\t\r";
  const bool is_formula = !cell.empty() && kFormula.contains(cell.front()) && !is_number(cell);
  if (cell.find_first_of(",\"\r\n") == std::string_view::npos) {
    if (is_formula) out += '\'';
    out += cell;
    return;
  }
  out += is_formula ? "\"'" : "\"";
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_csv(std::string& out, const Line& line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (i > 0) out += ',';
    append_csv(out, line[i]);
  }
  out += "\r\n";
}

}  // namespace tidegate::ledger
