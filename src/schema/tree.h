// Tree: a JSON text as nodes in one vector, in the order of the text, so that a value can be looked
// at more than once. Used by the compiler for schemas and by evaluations for texts. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "json/reader.h"

namespace tidegate::schema {

// Index of a node; 0 is the whole text.
using NodeIndex = std::uint32_t;

struct Node {
  json::Kind kind = json::Kind::null;
  std::uint32_t size = 0;  // members or elements
  NodeIndex next = 0;      // behind its last descendant
  double number = 0;       // infinite where a double cannot hold it
  std::string_view key;    // of a member, without escapes
  std::string_view text;   // of a string, without escapes; else as it is written
};

class Tree {
 public:
  static constexpr std::size_t kMaxNodes = 250'000;

  // Views into `text`, which must outlive the tree. Error invalid: no JSON, `message` says where;
  // too_large: more than kMaxNodes values.
  static Result<Tree> parse(std::string_view text);

  [[nodiscard]] const Node& operator[](NodeIndex at) const { return nodes_[at]; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }

  // Calls on_child(index) for each member or element.
  template <class OnChild>
  void each(NodeIndex at, OnChild&& on_child) const {
    for (NodeIndex child = at + 1; child < nodes_[at].next; child = nodes_[child].next) {
      on_child(child);
    }
  }
  // The last member of that name, as JSON's readers take it; 0: there is none.
  [[nodiscard]] NodeIndex find(NodeIndex at, std::string_view key) const;
  // Where a JSON pointer leads, without its percent encoding; nullopt: nowhere.
  [[nodiscard]] std::optional<NodeIndex> follow(std::string_view pointer) const;
  // The JSON pointer that leads to `to`.
  [[nodiscard]] std::string pointer(NodeIndex to) const;

  // The same for values that are equal().
  [[nodiscard]] std::uint64_t hash(NodeIndex at) const;

 private:
  bool add(json::Reader& reader, std::string_view key);
  std::string_view plain(std::string_view raw);

  std::vector<Node> nodes_;
  std::deque<std::string> kept_;  // strings that had escapes
  std::string fault_;             // that the reader does not see
};

// The same value: the order of members does not matter, nor how a number is written.
[[nodiscard]] bool equal(const Tree& a, NodeIndex at_a, const Tree& b, NodeIndex at_b);

// Appends "/" and the token, escaped as a JSON pointer wants it.
void append_token(std::string& pointer, std::string_view token);

}  // namespace tidegate::schema
