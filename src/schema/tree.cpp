#include "schema/tree.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "base/hash.h"
#include "base/text.h"
#include "json/checked_text.h"
#include "json/escape.h"

namespace tidegate::schema {
namespace {

using json::Kind;
using json::Reader;

double to_number(std::string_view text) {
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc::result_out_of_range) return number;
  // Too small to tell from zero, or too large.
  const std::size_t exponent = text.find_first_of("eE");
  const bool small = exponent != std::string_view::npos && text.substr(exponent + 1, 1) == "-";
  if (small) return 0;
  const double huge = std::numeric_limits<double>::infinity();
  return text.starts_with('-') ? -huge : huge;
}

// An integer whose digits say more than a double can hold.
bool is_long_integer(const Node& node) {
  constexpr std::size_t kExactDigits = 15;
  return node.text.size() > kExactDigits &&
         node.text.find_first_not_of("-0123456789") == std::string_view::npos;
}

// The members of an object, in the order of their keys.
std::vector<NodeIndex> by_key(const Tree& tree, NodeIndex at) {
  std::vector<NodeIndex> members;
  members.reserve(tree[at].size);
  tree.each(at, [&](NodeIndex child) { members.push_back(child); });
  std::ranges::sort(members, {}, [&](NodeIndex child) { return tree[child].key; });
  return members;
}

std::optional<std::string> unescape_token(std::string_view token) {
  std::string plain;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      plain += token[i];
      continue;
    }
    const char code = ++i < token.size() ? token[i] : '\0';
    if (code != '0' && code != '1') return std::nullopt;
    plain += code == '0' ? '~' : '/';
  }
  return plain;
}

}  // namespace

Result<Tree> Tree::parse(std::string_view text) {
  const auto checked = json::check_text(text);
  if (!checked) return std::unexpected(checked.error());
  Reader reader(*checked);
  Tree tree;
  const bool good = tree.add(reader, {}) && reader.finish();
  if (reader.is_malformed()) return std::unexpected(reader.error());
  if (tree.nodes_.size() > kMaxNodes) {
    return fail(ErrorCode::too_large, "more than 250000 values, the most that are checked");
  }
  if (!good) return fail(ErrorCode::invalid, std::move(tree.fault_));
  return tree;
}

std::string_view Tree::plain(std::string_view raw) {
  if (raw.find('\\') == std::string_view::npos) return raw;
  auto unescaped = json::unescape(raw);
  if (!unescaped) {
    if (fault_.empty()) fault_ = "a string has an invalid escape";
    return raw;
  }
  return kept_.emplace_back(std::move(*unescaped));
}

bool Tree::add(Reader& reader, std::string_view key) {
  if (nodes_.size() > kMaxNodes) return false;
  const auto at = static_cast<NodeIndex>(nodes_.size());
  nodes_.emplace_back();
  nodes_[at].kind = reader.kind();
  nodes_[at].key = key;
  std::uint32_t size = 0;
  bool good = false;
  switch (reader.kind()) {
    case Kind::object:
      good = reader.object([&](std::string_view raw) {
        ++size;
        return add(reader, plain(raw));
      });
      break;
    case Kind::array:
      good = reader.array([&] {
        ++size;
        return add(reader, {});
      });
      break;
    case Kind::string: {
      std::string_view raw;
      good = reader.string(raw);
      nodes_[at].text = plain(raw);
      break;
    }
    default:
      good = reader.scalar(nodes_[at].text);
      if (good && nodes_[at].kind == Kind::number) nodes_[at].number = to_number(nodes_[at].text);
  }
  nodes_[at].size = size;
  nodes_[at].next = static_cast<NodeIndex>(nodes_.size());
  return good && fault_.empty();
}

NodeIndex Tree::find(NodeIndex at, std::string_view key) const {
  NodeIndex found = 0;
  if (nodes_[at].kind != Kind::object) return found;
  each(at, [&](NodeIndex child) {
    if (nodes_[child].key == key) found = child;
  });
  return found;
}

std::optional<NodeIndex> Tree::follow(std::string_view pointer) const {
  NodeIndex at = 0;
  while (!pointer.empty()) {
    if (pointer.front() != '/') return std::nullopt;
    pointer.remove_prefix(1);
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(token.size());
    const auto plain = unescape_token(token);
    if (!plain) return std::nullopt;
    NodeIndex found = 0;
    if (nodes_[at].kind == Kind::array) {
      const auto wanted = parse_u64(*plain);
      if (!wanted || *wanted >= nodes_[at].size) return std::nullopt;
      std::uint64_t number = 0;
      each(at, [&](NodeIndex child) {
        if (number++ == *wanted) found = child;
      });
    } else {
      found = find(at, *plain);
    }
    if (found == 0) return std::nullopt;
    at = found;
  }
  return at;
}

std::string Tree::pointer(NodeIndex to) const {
  std::string out;
  NodeIndex at = 0;
  while (at != to) {
    NodeIndex inside = at;
    std::size_t number = 0;
    for (NodeIndex child = at + 1; child < nodes_[at].next; child = nodes_[child].next, ++number) {
      if (to >= nodes_[child].next) continue;
      inside = child;
      break;
    }
    const bool member = nodes_[at].kind == Kind::object;
    append_token(out, member ? nodes_[inside].key : std::string_view(std::to_string(number)));
    at = inside;
  }
  return out;
}

bool equal(const Tree& a, NodeIndex at_a, const Tree& b, NodeIndex at_b) {
  const Node& one = a[at_a];
  const Node& other = b[at_b];
  if (one.kind != other.kind || one.size != other.size) return false;
  switch (one.kind) {
    case Kind::object: {
      const std::vector<NodeIndex> ours = by_key(a, at_a), theirs = by_key(b, at_b);
      return std::ranges::equal(ours, theirs, [&](NodeIndex mine, NodeIndex twin) {
        return a[mine].key == b[twin].key && equal(a, mine, b, twin);
      });
    }
    case Kind::array: {
      bool same = true;
      NodeIndex twin = at_b + 1;
      a.each(at_a, [&](NodeIndex child) {
        same = same && equal(a, child, b, twin);
        twin = b[twin].next;
      });
      return same;
    }
    case Kind::number:
      if (is_long_integer(one) && is_long_integer(other)) return one.text == other.text;
      return one.number == other.number;
    default:
      return one.text == other.text;
  }
}

std::uint64_t Tree::hash(NodeIndex at) const {
  const Node& node = nodes_[at];
  auto sum = static_cast<std::uint64_t>(node.kind);
  switch (node.kind) {
    case Kind::object:
      each(at, [&](NodeIndex child) { sum += hash_bytes(nodes_[child].key, hash(child)); });
      return sum;
    case Kind::array:
      each(at, [&](NodeIndex child) {
        const std::uint64_t inner = hash(child);
        sum = hash_bytes({reinterpret_cast<const char*>(&inner), sizeof inner}, sum);
      });
      return sum;
    case Kind::number: {
      const double number = node.number + 0.0;  // -0 is 0
      return hash_bytes({reinterpret_cast<const char*>(&number), sizeof number}, sum);
    }
    default:
      return hash_bytes(node.text, sum);
  }
}

void append_token(std::string& pointer, std::string_view token) {
  pointer += '/';
  for (const char c : token) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

}  // namespace tidegate::schema
