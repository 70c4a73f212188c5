#include "workflow/yaml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace tidegate::workflow {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t'; }
bool is_blank(char c) { return is_space(c) || c == '\n'; }

}  // namespace

bool YamlReader::wrong(std::size_t offset, std::string message) {
  if (!failed_) error_ = {offset, std::move(message)};
  failed_ = true;
  return false;
}

bool YamlReader::read() {
  if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
  line_start_ = at_;
  if (!to_token()) return !failed_ && add_null(text_.size());
  if (peek() == '%') return wrong(at_, "directives are not supported; remove this line");
  if (text_.substr(at_, 3) == "---" && column() == 0 && is_blank(peek(3))) {
    at_ += 3;
    if (!to_token()) return !failed_ && add_null(text_.size());
  }
  if (!block_node(-1)) return false;
  if (!to_token()) return !failed_;
  const std::string_view rest = text_.substr(at_);
  if (rest.starts_with("---") && column() == 0) {
    return wrong(at_, "more than one document; expected one (remove the ---)");
  }
  if (rest.starts_with("...") && column() == 0) {
    at_ += 3;
    return !to_token() ? !failed_ : wrong(at_, "more than one document; expected one");
  }
  return wrong(at_, "not expected here; is the line indented as its siblings are?");
}

bool YamlReader::to_token(bool flow) {
  bool only_space = at_ == line_start_;  // so far in this line
  for (; !ended(); ++at_) {
    const char c = text_[at_];
    if (c == '\n') {
      line_start_ = at_ + 1;
      only_space = true;
    } else if (c == '#' && (only_space || is_blank(text_[at_ - 1]))) {
      while (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
    } else if (!is_space(c)) {
      if (only_space && !flow &&
          text_.substr(line_start_, at_ - line_start_).find('\t') != std::string_view::npos) {
        return wrong(at_, "a tab in the indentation; use spaces");
      }
      return true;
    }
  }
  return false;
}

void YamlReader::skip_spaces() {
  while (!ended() && is_space(text_[at_])) ++at_;
}

bool YamlReader::at_line_end() const {
  std::size_t at = at_;
  while (at < text_.size() && is_space(text_[at])) ++at;
  if (at == text_.size() || text_[at] == '\n') return true;
  return text_[at] == '#' && (at == line_start_ || is_space(text_[at - 1]));
}

bool YamlReader::expect_line_end() {
  if (failed_ || at_line_end()) return !failed_;
  skip_spaces();
  return wrong(at_, peek() == ':' ? "a second : in one line; put the value in quotes"
                                  : "more text behind the value; expected the end of the line");
}

bool YamlReader::is_dash() const { return peek() == '-' && is_blank(peek(1)); }

std::size_t YamlReader::quoted_end(std::size_t at) const {
  const char quote = text_[at];
  for (++at; at < text_.size(); ++at) {
    if (text_[at] == '\\' && quote == '"') {
      ++at;
    } else if (text_[at] == quote) {
      if (quote == '"' || at + 1 >= text_.size() || text_[at + 1] != '\'') return at + 1;
      ++at;
    }
  }
  return std::string_view::npos;
}

std::size_t YamlReader::expression_end(std::size_t at) const {
  if (!text_.substr(at).starts_with("${{")) return at;
  char quote = 0;
  for (std::size_t i = at + 3; i < text_.size() && text_[i] != '\n'; ++i) {
    const char c = text_[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '}' && text_.substr(i, 2) == "}}") {
      return i + 2;
    }
  }
  return at;
}

// Whether a key begins here: a word or a text in quotes, in one line, then a colon.
bool YamlReader::is_block_key() const {
  const char c = peek();
  if (c == '"' || c == '\'') {
    const std::size_t end = quoted_end(at_);
    if (end == std::string_view::npos ||
        text_.substr(at_, end - at_).find('\n') != std::string_view::npos) {
      return false;
    }
    std::size_t colon = end;
    while (colon < text_.size() && is_space(text_[colon])) ++colon;
    return colon < text_.size() && text_[colon] == ':';
  }
  const std::size_t end = plain_line_end(false);
  return end < text_.size() && text_[end] == ':';
}

// Where a plain text ends in this line: at ": ", " #" or the line's end, in flow also at , [ ] { }.
std::size_t YamlReader::plain_line_end(bool flow) const {
  std::size_t at = at_;
  while (at < text_.size() && text_[at] != '\n') {
    const char c = text_[at];
    const char after = at + 1 < text_.size() ? text_[at + 1] : '\n';
    if (c == '$') {
      if (const std::size_t end = expression_end(at); end != at) {
        at = end;
        continue;
      }
    }
    if (c == ':' && (is_blank(after) || (flow && std::string_view(",[]{}").contains(after)))) break;
    if (c == '#' && at > at_ && is_space(text_[at - 1])) break;
    if (flow && std::string_view(",[]{}").contains(c)) break;
    ++at;
  }
  return at;
}

// NOLINTBEGIN(misc-no-recursion): ends at Tree::kMaxDepth
bool YamlReader::block_node(int parent) {
  if (depth_ >= Tree::kMaxDepth) return wrong(at_, "nested deeper than 64 levels");
  ++depth_;
  bool good = false;
  if (is_dash()) {
    good = block_list();
  } else if (peek() == '{' || peek() == '[') {
    good = flow_node() && expect_line_end();
  } else if (peek() == '|' || peek() == '>') {
    Scalar scalar;
    good = block_scalar(parent, scalar) && add(scalar);
  } else if (!check_start(false)) {
    good = false;
  } else if (is_block_key()) {
    good = block_map();
  } else if (peek() == '"' || peek() == '\'') {
    Scalar scalar;
    good = quoted(scalar) && expect_line_end() && add(scalar);
  } else {
    Scalar scalar;
    good = plain(parent, false, scalar) && expect_line_end() && add(scalar);
  }
  --depth_;
  return good;
}

bool YamlReader::block_list() {
  const int indent = column();
  const Index list = open(NodeKind::list, at_);
  do {
    const std::size_t dash = at_;
    ++at_;
    const std::size_t line = line_start_;
    const bool more = to_token();
    if (failed_) return false;
    if (!more || (line_start_ != line && column() <= indent)) {
      if (!add_null(dash)) return false;
    } else if (!block_node(indent)) {
      return false;
    }
    ++tree_.nodes_[list].size;
    if (!to_token()) break;
    if (column() > indent) {
      return wrong(at_, "indented more than the items above; align it with them");
    }
  } while (column() == indent && is_dash());
  close(list);
  return !failed_;
}

bool YamlReader::block_map() {
  const int indent = column();
  const Index map = open(NodeKind::map, at_);
  for (;;) {
    const std::size_t key_at = at_;
    Scalar word;
    if (!key(word)) return false;
    ++at_;  // the colon
    key_ = word;
    if (!map_value(indent, key_at)) return false;
    ++tree_.nodes_[map].size;
    if (!to_token() || column() < indent) break;
    if (column() > indent) {
      return wrong(at_, "indented more than the keys above; align it with them");
    }
    if (text_.substr(at_, 3) == "---" || text_.substr(at_, 3) == "...") break;
    if (is_dash()) return wrong(at_, "a list among keys; indent it below the key it belongs to");
    if (!check_start(false)) return false;
    if (!is_block_key()) {
      return wrong(at_,
                   "expected a key and a colon, e.g. prompt: text. A text of several lines "
                   "begins with | behind its key");
    }
  }
  close(map);
  find_repeated(map);
  return !failed_;
}

bool YamlReader::map_value(int indent, std::size_t key_at) {
  if (!at_line_end()) {
    skip_spaces();
    if (is_dash()) return wrong(at_, "a list begins in the line below its key");
    if (peek() == '|' || peek() == '>') {
      Scalar scalar;
      return block_scalar(indent, scalar) && add(scalar);
    }
    if (peek() == '{' || peek() == '[') {
      // Counted as a level, as block_node() would.
      return flow_node() && expect_line_end();
    }
    if (!check_start(false)) return false;
    Scalar scalar;
    const bool read =
        peek() == '"' || peek() == '\'' ? quoted(scalar) : plain(indent, false, scalar);
    return read && expect_line_end() && add(scalar);
  }
  const bool more = to_token();
  if (failed_) return false;
  if (more && (column() > indent || (column() == indent && is_dash()))) return block_node(indent);
  return add_null(key_at);
}

bool YamlReader::flow_node() {
  if (depth_ >= Tree::kMaxDepth) return wrong(at_, "nested deeper than 64 levels");
  ++depth_;
  bool good = false;
  if (peek() == '{') {
    good = flow_map();
  } else if (peek() == '[') {
    good = flow_list();
  } else if (check_start(true)) {
    Scalar scalar;
    good =
        (peek() == '"' || peek() == '\'' ? quoted(scalar) : plain(-1, true, scalar)) && add(scalar);
  }
  --depth_;
  return good;
}

bool YamlReader::flow_list() {
  const std::size_t begin = at_;
  const Index list = open(NodeKind::list, at_);
  ++at_;
  for (;;) {
    if (!to_token(true)) return wrong(begin, "a [ without its ]");
    if (peek() == ']') break;
    if (!flow_node()) return false;
    ++tree_.nodes_[list].size;
    if (!to_token(true)) return wrong(begin, "a [ without its ]");
    if (peek() == ':') return wrong(at_, "a key in a list; put { } around it");
    if (peek() == ',') {
      ++at_;
    } else if (peek() != ']') {
      return wrong(at_, "expected , or ] in a list");
    }
  }
  ++at_;
  close(list);
  return true;
}

bool YamlReader::flow_map() {
  const std::size_t begin = at_;
  const Index map = open(NodeKind::map, at_);
  ++at_;
  for (;;) {
    if (!to_token(true)) return wrong(begin, "a { without its }");
    if (peek() == '}') break;
    if (peek() == '{' || peek() == '[') {
      return wrong(at_, "expected a word as key. An expression ${{ ... }} stands in one line");
    }
    const std::size_t key_at = at_;
    Scalar word;
    if (!check_start(true)) return false;
    if (!(peek() == '"' || peek() == '\'' ? quoted(word) : plain(-1, true, word))) return false;
    word.offset = key_at;
    if (!to_token(true)) return wrong(begin, "a { without its }");
    key_ = word;
    if (peek() == ':') {
      ++at_;
      if (!to_token(true)) return wrong(begin, "a { without its }");
      if (!(peek() == ',' || peek() == '}' ? add_null(key_at) : flow_node())) return false;
    } else if (!add_null(key_at)) {
      return false;
    }
    ++tree_.nodes_[map].size;
    if (!to_token(true)) return wrong(begin, "a { without its }");
    if (peek() == ',') {
      ++at_;
    } else if (peek() != '}') {
      return wrong(at_, "expected , or } in a map; a text with : or , in it stands in quotes");
    }
  }
  ++at_;
  close(map);
  find_repeated(map);
  return true;
}
// NOLINTEND(misc-no-recursion)

bool YamlReader::key(Scalar& out) {
  out.offset = at_;
  if (peek() == '"' || peek() == '\'') {
    if (!quoted(out)) return false;
    skip_spaces();
    return true;
  }
  const std::size_t end = plain_line_end(false);
  std::string_view word = text_.substr(at_, end - at_);
  while (!word.empty() && is_space(word.back())) word.remove_suffix(1);
  if (word == "<<") return wrong(at_, "merge keys are not supported; repeat the values");
  out.text = word;
  at_ = end;
  return true;
}

// What a text without quotes may not begin with.
bool YamlReader::check_start(bool flow) {
  const char c = peek();
  switch (c) {
    case '&':
    case '*':
      return wrong(at_,
                   "anchors and aliases are not supported; repeat the value, or put a text that "
                   "begins so in quotes");
    case '!':
      return wrong(at_, "tags are not supported; put a text that begins with ! in quotes");
    case '?':
      if (is_blank(peek(1))) return wrong(at_, "a key must be a word");
      return true;
    case '-':
      // Only in flow: elsewhere it begins a list.
      if (flow && is_blank(peek(1))) return wrong(at_, "a - in brackets; expected a value");
      return true;
    case ':':
      if (is_blank(peek(1))) return wrong(at_, "a : without a key");
      return true;
    case ',':
    case ']':
    case '}':
      return wrong(at_,
                   fmt::format("{} is not expected here; put a text that begins so in quotes", c));
    case '%':
    case '@':
    case '`':
      return wrong(at_, fmt::format("a text that begins with {} stands in quotes", c));
    default:
      return true;
  }
}

YamlReader::Index YamlReader::open(NodeKind kind, std::size_t offset) {
  TreeNode node;
  node.kind = kind;
  node.offset = static_cast<std::uint32_t>(offset);
  push(node);
  return static_cast<Index>(tree_.nodes_.size() - 1);
}

void YamlReader::close(Index at) {
  tree_.nodes_[at].next = static_cast<Index>(tree_.nodes_.size());
}

bool YamlReader::add(const Scalar& scalar) {
  TreeNode node;
  const bool null =
      !scalar.quoted && (scalar.text.empty() || scalar.text == "~" || scalar.text == "null");
  node.kind = null ? NodeKind::null : NodeKind::scalar;
  node.quoted = scalar.quoted;
  node.verbatim = scalar.verbatim;
  node.offset = static_cast<std::uint32_t>(scalar.offset);
  node.text = scalar.text;
  return push(node);
}

bool YamlReader::add_null(std::size_t offset) {
  TreeNode node;
  node.offset = static_cast<std::uint32_t>(offset);
  return push(node);
}

bool YamlReader::push(TreeNode node) {
  if (tree_.nodes_.size() >= Tree::kMaxNodes) {
    return wrong(node.offset, fmt::format("more than {} values in one file; split it with `uses`",
                                          Tree::kMaxNodes));
  }
  node.key = key_.text;
  node.key_offset = static_cast<std::uint32_t>(key_.offset);
  key_ = {};
  node.next = static_cast<Index>(tree_.nodes_.size() + 1);
  tree_.nodes_.push_back(node);
  return true;
}

std::string_view YamlReader::keep(std::string text) {
  return tree_.kept_.emplace_back(std::move(text));
}

void YamlReader::find_repeated(Index map) {
  constexpr std::uint32_t kFew = 12;
  if (tree_.nodes_[map].size < 2) return;
  if (tree_.nodes_[map].size <= kFew) {
    tree_.each(map, [&](Index later) {
      for (Index first = map + 1; first < later; first = tree_.nodes_[first].next) {
        if (tree_.nodes_[first].key != tree_.nodes_[later].key) continue;
        tree_.repeated_.push_back({tree_.nodes_[later].key, tree_.nodes_[later].key_offset,
                                   tree_.nodes_[first].key_offset});
        break;
      }
    });
    return;
  }
  std::vector<Index> members;
  members.reserve(tree_.nodes_[map].size);
  tree_.each(map, [&](Index member) { members.push_back(member); });
  std::ranges::sort(members, [&](Index a, Index b) {
    const auto& left = tree_.nodes_[a].key;
    const auto& right = tree_.nodes_[b].key;
    return left != right ? left < right : a < b;
  });
  std::size_t first = 0;
  for (std::size_t i = 1; i < members.size(); ++i) {
    const TreeNode& node = tree_.nodes_[members[i]];
    if (node.key != tree_.nodes_[members[first]].key) {
      first = i;
    } else {
      tree_.repeated_.push_back(
          {node.key, node.key_offset, tree_.nodes_[members[first]].key_offset});
    }
  }
}

}  // namespace tidegate::workflow
