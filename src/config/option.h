// Options as described objects: one table says an option's name, meaning, default and bounds, and
// drives reading, checking, the messages and the reference page. Immutable, any thread.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "config/reader.h"

namespace tidegate::config {

struct Description {
  std::string name;
  std::string sentence;  // what it does and why one would change it
  std::string example;
  std::string expected;  // "a duration from 1ms to 10m"
  std::string standard;  // the default; empty: none
  bool required = false;
  bool restart = false;  // a change needs a restart; else a reload is enough
};

template <class Target>
struct Option {
  Description description;
  std::function<void(Target&, const Node&, const std::string& path, Reader&)> read;

  Option required() && {
    description.required = true;
    return std::move(*this);
  }
  Option needs_restart() && {
    description.restart = true;
    return std::move(*this);
  }
};

template <class Target>
using Section = std::vector<Option<Target>>;

// An option that is one value of a kind (kinds.h): a kind parses, shows and describes its values.
template <class Target, class Value, class Kind>
Option<Target> option(std::string name, Value Target::* member, Kind kind, std::string example,
                      std::string sentence) {
  Description description{std::move(name), std::move(sentence), std::move(example), kind.expected(),
                          kind.show(Target{}.*member)};
  auto read = [member, kind, example = description.example](
                  Target& target, const Node& node, const std::string& path, Reader& reader) {
    const auto text = reader.scalar(node, path);
    if (!text) return;
    auto value = kind.parse(*text);
    if (value) {
      target.*member = std::move(*value);
      return;
    }
    // The text as written, not as expanded: a variable may hold a secret.
    const std::string what = kind.may_quote(*text) ? fmt::format("\"{}\"", node.text) : "the value";
    reader.problem(reader.at(node),
                   fmt::format("{}: {} is not valid; expected {}, e.g. {}.{}", path, what,
                               kind.expected(), example, kind.hint(*text)));
  };
  return {std::move(description), std::move(read)};
}

// Reads a map, reports the names that `section` does not know and those that it misses.
template <class Target>
void read_section(const Section<Target>& section, const Node& node, const std::string& path,
                  Target& out, Reader& reader) {
  if (!reader.expect(node, Node::Kind::map, path.empty() ? "the config" : path)) return;
  const std::string prefix = path.empty() ? "" : path + ".";
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const Key& key = node.keys[i];
    const Option<Target>* known = nullptr;
    for (const auto& candidate : section) {
      if (candidate.description.name == key.name) known = &candidate;
    }
    if (known != nullptr) {
      // "models:" with every entry commented out is the same as no "models:".
      if (node.items[i].kind != Node::Kind::null) {
        known->read(out, node.items[i], prefix + key.name, reader);
      } else if (known->description.required) {
        reader.problem(reader.at(key),
                       fmt::format("{}{}: no value; expected {}, e.g. {}", prefix, key.name,
                                   known->description.expected, known->description.example));
      }
      continue;
    }
    std::vector<std::string> names;
    for (const auto& candidate : section) names.push_back(candidate.description.name);
    reader.problem(reader.at(key), fmt::format("{}{}: unknown option.{}", prefix, key.name,
                                               did_you_mean(key.name, names)));
  }
  for (const auto& candidate : section) {
    const auto& description = candidate.description;
    if (description.required && node.find(description.name) == nullptr) {
      reader.problem(reader.at(node),
                     fmt::format("{}{}: missing; expected {}, e.g. {}", prefix, description.name,
                                 description.expected, description.example));
    }
  }
}

// The option of a part, as an option of the whole.
template <class Target, class Part>
Option<Target> within(Part Target::* member, const Option<Part>& option) {
  return {option.description, [member, read = option.read](
                                  Target& target, const Node& node, const std::string& path,
                                  Reader& reader) { read(target.*member, node, path, reader); }};
}

// An option that is a list of values of one kind.
template <class Target, class Value, class Kind>
Option<Target> list_option(std::string name, std::vector<Value> Target::* member, Kind kind,
                           std::string example, std::string sentence) {
  auto read = [member, kind](Target& target, const Node& node, const std::string& path,
                             Reader& reader) {
    if (!reader.expect(node, Node::Kind::list, path)) return;
    for (const Node& item : node.items) {
      const auto text = reader.scalar(item, path);
      if (!text) continue;
      auto value = kind.parse(*text);
      if (value) {
        (target.*member).push_back(std::move(*value));
      } else {
        reader.problem(reader.at(item), fmt::format("{}: \"{}\" is not valid; expected {}", path,
                                                    item.text, kind.expected()));
      }
    }
  };
  return {{std::move(name), std::move(sentence), std::move(example),
           "a list, each " + kind.expected(), ""},
          std::move(read)};
}

// An option that is a section of its own. `part` must outlive the option.
template <class Target, class Part>
Option<Target> subsection(std::string name, Part Target::* member, const Section<Part>& part,
                          std::string example, std::string sentence) {
  auto read = [member, &part](Target& target, const Node& node, const std::string& path,
                              Reader& reader) {
    read_section(part, node, path, target.*member, reader);
  };
  return {{std::move(name), std::move(sentence), std::move(example), "a map, see below", ""}, read};
}

}  // namespace tidegate::config
