#include "workflow/tree.h"

#include <algorithm>
#include <ranges>

#include "base/text.h"
#include "json/checked_text.h"
#include "workflow/yaml_reader.h"

namespace tidegate::workflow {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Where the first character stands that a text file does not have; npos: nowhere.
std::size_t first_control(std::string_view text) {
  const auto control = [](char c) {
    return c == 0x7f || (c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r');
  };
  const auto found = std::ranges::find_if(text, control);
  return found == text.end() ? std::string_view::npos
                             : static_cast<std::size_t>(found - text.begin());
}

// Line ends of other systems as \n, in as many lines.
std::string with_plain_line_ends(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      out += text[i];
    } else if (i + 1 >= text.size() || text[i + 1] != '\n') {
      out += '\n';
    }
  }
  return out;
}

}  // namespace

std::string_view kind_name(NodeKind kind) {
  switch (kind) {
    case NodeKind::null:
      return "nothing";
    case NodeKind::scalar:
      return "a single value";
    case NodeKind::list:
      return "a list ([a, b] or lines with -)";
    case NodeKind::map:
      return "a map (name: value)";
  }
  return "";
}

Place place_in(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  const auto character = [](char c) { return (c & 0xc0) != 0x80; };
  return {static_cast<int>(std::ranges::count(before, '\n')) + 1,
          static_cast<int>(std::ranges::count_if(before.substr(start), character)) + 1};
}

std::expected<Tree, SyntaxError> Tree::parse(std::shared_ptr<const std::string> text) {
  if (text->find('\r') != std::string::npos) {
    text = std::make_shared<const std::string>(with_plain_line_ends(*text));
  }
  if (!text->empty() && text->find_first_not_of(" \t\n") != std::string::npos) {
    if (const auto checked = json::check_text(*text); !checked) {
      return std::unexpected(SyntaxError{0, "not a text file; expected UTF-8"});
    }
  }
  if (const std::size_t control = first_control(*text); control != std::string::npos) {
    return std::unexpected(SyntaxError{control, "a control character; a text file has none"});
  }
  Tree tree;
  tree.text_ = std::move(text);
  std::string_view view = *tree.text_;
  // Room is only taken from the system where it is written to.
  tree.nodes_.reserve(std::min(view.size() / 8 + 16, kMaxNodes));
  YamlReader reader(view, tree);
  if (!reader.read()) return std::unexpected(reader.error());
  return tree;
}

std::size_t Tree::find(std::string_view what, std::size_t from, std::size_t nth) const {
  std::size_t at = text_->find(what, from);
  for (; nth > 1 && at != std::string::npos; --nth) at = text_->find(what, at + 1);
  return at == std::string::npos ? from : at;
}

Place Tree::place(std::size_t offset) const {
  const std::string_view text = *text_;
  if (lines_.empty()) {
    lines_.push_back(0);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') lines_.push_back(static_cast<std::uint32_t>(i + 1));
    }
  }
  const auto after = std::ranges::upper_bound(lines_, offset);
  const std::size_t start = *std::prev(after);
  std::string_view before = text.substr(start, std::min(offset, text.size()) - start);
  if (start == 0 && before.starts_with(kByteOrderMark)) before.remove_prefix(3);
  return {
      static_cast<int>(after - lines_.begin()),
      static_cast<int>(std::ranges::count_if(before, [](char c) { return (c & 0xc0) != 0x80; })) +
          1};
}

}  // namespace tidegate::workflow
