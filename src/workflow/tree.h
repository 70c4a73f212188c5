// Tree: a workflow file as nodes in one vector, in the order of the text. 100,000 tasks are a
// million nodes, so a node is small and most texts are views of the file. Used by the loader; one
// thread.
//
// YAML as people write it, and JSON, which is a part of it. Refused, since it makes a file hard to
// read and a small file huge: anchors, aliases, tags, merge keys, keys that are no words, several
// documents. An expression ${{ ... }} may stand unquoted anywhere where a value may.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tidegate::workflow {

enum class NodeKind : std::uint8_t { null, scalar, list, map };

// "a list", for messages.
[[nodiscard]] std::string_view kind_name(NodeKind kind);

struct TreeNode {
  NodeKind kind = NodeKind::null;
  bool quoted = false;       // a scalar in quotes or a block: a text whatever it looks like
  bool verbatim = false;     // `text` is, byte for byte, what stands in the file from `offset` on
  std::uint32_t size = 0;    // members or items
  std::uint32_t next = 0;    // behind its last descendant
  std::uint32_t offset = 0;  // in bytes
  std::uint32_t key_offset = 0;  // of a map's member
  std::string_view key, text;
};

struct SyntaxError {
  std::size_t offset = 0;
  std::string message;
};

// A key that its map has already.
struct Repeated {
  std::string_view key;
  std::uint32_t offset = 0, first = 0;
};

struct Place {
  int line = 1, column = 1;  // the column in characters
};

class Tree {
 public:
  using Index = std::uint32_t;
  static constexpr int kMaxDepth = 64;
  static constexpr std::size_t kMaxNodes = 8'000'000;

  // The tree keeps what it needs of `text` by holding it.
  static std::expected<Tree, SyntaxError> parse(std::shared_ptr<const std::string> text);

  // The whole file; null if there is nothing in it.
  [[nodiscard]] const TreeNode& root() const { return nodes_.front(); }
  [[nodiscard]] const TreeNode& operator[](Index at) const { return nodes_[at]; }
  [[nodiscard]] const std::vector<Repeated>& repeated() const { return repeated_; }

  // Calls on_child(index) for each member or item.
  template <class OnChild>
  void each(Index at, OnChild&& on_child) const {
    for (Index child = at + 1; child < nodes_[at].next; child = nodes_[child].next) on_child(child);
  }

  // Where `what` stands the `nth` time (from 1) behind `from`; `from` if it does not.
  [[nodiscard]] std::size_t find(std::string_view what, std::size_t from, std::size_t nth) const;

  // Lines are counted when the first place is asked for.
  [[nodiscard]] Place place(std::size_t offset) const;

 private:
  friend class YamlReader;
  std::shared_ptr<const std::string> text_;
  std::vector<TreeNode> nodes_;
  std::deque<std::string> kept_;  // texts that differ from the file's bytes
  std::vector<Repeated> repeated_;
  mutable std::vector<std::uint32_t> lines_;  // where each begins
};

[[nodiscard]] Place place_in(std::string_view text, std::size_t offset);

}  // namespace tidegate::workflow
