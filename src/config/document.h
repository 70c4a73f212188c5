// A YAML document as a plain tree that remembers where everything stands.
// Used by config and catalog, which read their values out of it. Plain values, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace tidegate::config {

struct Key {
  std::string name;
  int line = 0;
  int column = 0;
};

struct Node {
  enum class Kind { null, scalar, list, map };

  Kind kind = Kind::null;
  std::string text;         // scalar: as written, quotes removed
  bool quoted = false;      // scalar: in quotes, so that its text starts one column later
  std::vector<Node> items;  // list: its items; map: its values
  std::vector<Key> keys;    // map: keys[i] names items[i]; no name twice
  int line = 0;
  int column = 0;

  // The value of a map's key; nullptr if there is none.
  [[nodiscard]] const Node* find(std::string_view name) const;
};

struct Document {
  Node root;                      // null when the text is empty or broken
  std::vector<Problem> problems;  // bad syntax (one), keys given twice (all)
};

// At most 32 levels deep. Anchors, aliases and several documents in one text are refused: they make
// a config hard to read and a small file huge.
Document parse_document(std::string_view text, const std::string& file);

}  // namespace tidegate::config
