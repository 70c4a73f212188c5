#include "workflow/filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tidegate::workflow {
namespace {

constexpr std::size_t kShownBytes = 300;

constexpr std::array kForms{FilterForm{"default", Filter::otherwise, true, true},
                            FilterForm{"json", Filter::json},
                            FilterForm{"length", Filter::length},
                            FilterForm{"join", Filter::join, true},
                            FilterForm{"first", Filter::first},
                            FilterForm{"last", Filter::last},
                            FilterForm{"compact", Filter::compact},
                            FilterForm{"lines", Filter::lines},
                            FilterForm{"trim", Filter::trim},
                            FilterForm{"results_table", Filter::results_table}};

std::int64_t characters(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; });
}

Value join(const List& items, std::string_view between) {
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += between;
    items[i].append_text(out);
  }
  return Value(std::move(out));
}

Value lines(std::string_view text) {
  List out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return Value(std::move(out));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// One line of a table's cell.
std::string cell(const Value& value) {
  std::string text;
  if (value.is_null()) return text;
  value.append_text(text);
  const std::size_t whole = text.size();
  if (whole > kShownBytes) {
    std::size_t cut = kShownBytes;
    while ((text[cut] & 0xc0) == 0x80) --cut;
    text.resize(cut);
  }
  const std::size_t shown = text.size();
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += ' ';
    } else if (c == '|') {
      out += "\\|";
    } else if (c != '\r') {
      out += c;
    }
  }
  if (shown < whole) out += fmt::format(" ... ({} more bytes)", whole - shown);
  return out;
}

}  // namespace

std::span<const FilterForm> filter_forms() { return kForms; }

Result<Value> apply(Filter filter, const Value& value, const Value& argument) {
  if (value.is_null()) return Value{};
  const auto wrong = [&](std::string_view name, std::string_view expected) {
    return fail(ErrorCode::invalid,
                fmt::format("{} takes {}, not {}", name, expected, kind_name(value.kind())));
  };
  switch (filter) {
    case Filter::json:
      return Value(value.json());
    case Filter::length:
      if (value.is_list()) return Value(static_cast<std::int64_t>(value.items().size()));
      if (value.is_map()) return Value(static_cast<std::int64_t>(value.members().size()));
      if (value.is_string()) return Value(characters(value.text()));
      return wrong("length", "a list, a map or a text");
    case Filter::join:
      if (!value.is_list()) return wrong("join", "a list");
      return join(value.items(), argument.is_string() ? argument.text() : ", ");
    case Filter::first:
      if (!value.is_list()) return wrong("first", "a list");
      return value.at(0);
    case Filter::last:
      if (!value.is_list()) return wrong("last", "a list");
      return value.at(-1);
    case Filter::compact: {
      if (!value.is_list()) return wrong("compact", "a list");
      List kept = value.items();
      std::erase_if(kept, [](const Value& item) { return item.is_null(); });
      return Value(std::move(kept));
    }
    case Filter::lines:
      if (!value.is_string()) return wrong("lines", "a text");
      return lines(value.text());
    case Filter::trim:
      if (!value.is_string()) return wrong("trim", "a text");
      return Value(trimmed(value.text()));
    case Filter::otherwise:
    case Filter::results_table:
      break;
  }
  return value;
}

Value results_table(const std::vector<const Need*>& needs) {
  std::string out =
      "| task | result | succeeded | failed | cost USD | output |\n|---|---|---|---|---|---|\n";
  for (const Need* need : needs) {
    out += fmt::format("| {} | {} | {} | {} | {:.6f} | {} |\n", need->id, name(need->outcome),
                       need->succeeded, need->failed, static_cast<double>(need->cost.value) / 1e9,
                       cell(need->output));
  }
  return Value(std::move(out));
}

}  // namespace tidegate::workflow
