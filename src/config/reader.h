// Reads values out of a Document and collects everything that is wrong with them.
// Used by the option tables; one per load, not shared.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"

namespace tidegate::config {

class Reader {
 public:
  Reader(std::string file, std::vector<Problem>& problems)
      : file_(std::move(file)), problems_(problems) {}

  void problem(Position at, std::string message);
  void warning(Position at, std::string message);
  [[nodiscard]] Position at(const Node& node) const { return {file_, node.line, node.column}; }
  [[nodiscard]] Position at(const Key& key) const { return {file_, key.line, key.column}; }

  // False, and a problem, if `node` is of another kind.
  bool expect(const Node& node, Node::Kind kind, const std::string& path);
  // A scalar with ${VARIABLE} and ${VARIABLE:-default} expanded; nullopt, and a problem, if it is
  // no scalar or a variable is not set.
  std::optional<std::string> scalar(const Node& node, const std::string& path);

 private:
  std::string file_;
  std::vector<Problem>& problems_;
};

struct Expansion {
  std::string text;
  std::string variable;    // the first one named; empty: none
  std::string missing;     // the first one that is not set and has no default; empty: none
  bool malformed = false;  // "${" without a name or its "}"
};

// Expands variables of the environment. A variable that is set but empty counts as not set.
Expansion expand(std::string_view text);

}  // namespace tidegate::config
