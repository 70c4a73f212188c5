#include "config/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace tidegate::config {
namespace {

std::string_view kind_name(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "a single value";
    case Node::Kind::list:
      return "a list ([a, b] or lines with -)";
    case Node::Kind::map:
      return "a map (name: value)";
  }
  return "";
}

bool is_variable_name(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), good) &&
         !(name.front() >= '0' && name.front() <= '9');
}

}  // namespace

void Reader::problem(Position at, std::string message) {
  problems_.push_back({std::move(at), std::move(message), false});
}

void Reader::warning(Position at, std::string message) {
  problems_.push_back({std::move(at), std::move(message), true});
}

bool Reader::expect(const Node& node, Node::Kind kind, const std::string& path) {
  if (node.kind == kind) return true;
  problem(at(node),
          fmt::format("{}: {} is here; expected {}", path, kind_name(node.kind), kind_name(kind)));
  return false;
}

std::optional<std::string> Reader::scalar(const Node& node, const std::string& path) {
  if (!expect(node, Node::Kind::scalar, path)) return std::nullopt;
  Expansion expansion = expand(node.text);
  if (expansion.malformed) {
    problem(at(node), path + ": a ${ without its name or }; expected ${NAME} or ${NAME:-default}");
    return std::nullopt;
  }
  if (!expansion.missing.empty()) {
    problem(at(node), fmt::format("{0}: {1} is not set; set it in the environment or in .env, or "
                                  "write ${{{1}:-default}}",
                                  path, expansion.missing));
    return std::nullopt;
  }
  return std::move(expansion.text);
}

Expansion expand(std::string_view text) {
  Expansion result;
  while (true) {
    const std::size_t start = text.find("${");
    result.text += text.substr(0, start);
    if (start == std::string_view::npos) return result;
    const std::size_t end = text.find('}', start);
    const std::string_view inside =
        text.substr(start + 2, end == std::string_view::npos ? 0 : end - start - 2);
    const std::size_t split = inside.find(":-");
    const std::string name(inside.substr(0, split));
    if (!is_variable_name(name)) {
      result.malformed = true;
      return result;
    }
    if (result.variable.empty()) result.variable = name;
    const char* value = std::getenv(name.c_str());
    if (value != nullptr && *value != '\0') {
      result.text += value;
    } else if (split != std::string_view::npos) {
      result.text += inside.substr(split + 2);
    } else if (result.missing.empty()) {
      result.missing = name;
    }
    text.remove_prefix(end + 1);
  }
}

}  // namespace tidegate::config
