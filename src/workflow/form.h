// Keys as described objects: one table says a key's name, meaning and form, and drives reading, the
// messages and the published JSON Schema. Tables are built at the first use; immutable, any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workflow/file_reader.h"

namespace tidegate::workflow {

struct Form {
  std::string_view name;
  std::string_view sentence;
  std::string schema;  // JSON Schema of the value, a JSON object
  bool required = false;
};

template <class Target>
struct Key {
  Form form;
  std::function<void(Target&, FileReader&, Tree::Index)> read;

  Key required() && {
    form.required = true;
    return std::move(*this);
  }
};

template <class Target>
using Keys = std::vector<Key<Target>>;

template <class Target>
const Key<Target>* find_key(const Keys<Target>& keys, std::string_view name) {
  for (const Key<Target>& key : keys) {
    if (key.form.name == name) return &key;
  }
  return nullptr;
}

template <class Target>
std::vector<const Form*> forms(const Keys<Target>& keys) {
  std::vector<const Form*> all;
  for (const Key<Target>& key : keys) all.push_back(&key.form);
  return all;
}

// Problems that all maps share.
void unknown_key(FileReader& reader, Tree::Index member, const std::vector<const Form*>& known);
void check_required(FileReader& reader, Tree::Index map, const std::vector<const Form*>& known);

// Reads a map, reports the names that `keys` does not know and those that it misses.
template <class Target>
void read_keys(const Keys<Target>& keys, FileReader& reader, Tree::Index at, Target& out) {
  if (!reader.expect(at, NodeKind::map)) return;
  reader.tree().each(at, [&](Tree::Index member) {
    const TreeNode& node = reader.node(member);
    const FileReader::Inside inside(reader, node.key);
    const Key<Target>* key = find_key(keys, node.key);
    if (key == nullptr) {
      unknown_key(reader, member, forms(keys));
    } else if (node.kind != NodeKind::null) {
      key->read(out, reader, member);
    }
  });
  check_required(reader, at, forms(keys));
}

// The forms of values, as JSON Schema.
std::string integer_schema(std::int64_t min, std::int64_t max);
std::string number_schema(double min, double max);
std::string words_schema(const std::vector<std::string_view>& words);
inline constexpr const char* kTextSchema = R"({"type":"string"})";
inline constexpr const char* kDurationSchema =
    R"({"type":"string","pattern":"^[0-9]+(ns|us|ms|s|m|h|d)$"})";
inline constexpr const char* kBooleanSchema = R"({"type":"boolean"})";
inline constexpr const char* kTextsSchema =
    R"({"anyOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}]})";
inline constexpr const char* kAnySchema = "true";

// A problem, and nullopt, if the node is none of `words`.
std::optional<std::size_t> read_word(FileReader& reader, Tree::Index at,
                                     const std::vector<std::string_view>& words);

// What an optional or a plain member holds.
template <class Member>
struct Held {
  using type = Member;
};
template <class Member>
struct Held<std::optional<Member>> {
  using type = Member;
};

template <class Target, class Member>
Key<Target> integer_key(std::string_view name, Member Target::* member, std::int64_t min,
                        std::int64_t max, std::string_view sentence) {
  return {{name, sentence, integer_schema(min, max)},
          [=](Target& target, FileReader& reader, Tree::Index at) {
            if (const auto number = reader.integer(at, min, max)) {
              target.*member = static_cast<typename Held<Member>::type>(*number);
            }
          }};
}

template <class Target, class Member>
Key<Target> number_key(std::string_view name, Member Target::* member, double min, double max,
                       std::string_view sentence) {
  return {{name, sentence, number_schema(min, max)},
          [=](Target& target, FileReader& reader, Tree::Index at) {
            if (const auto number = reader.number(at, min, max)) target.*member = *number;
          }};
}

template <class Target, class Member>
Key<Target> boolean_key(std::string_view name, Member Target::* member, std::string_view sentence) {
  return {{name, sentence, kBooleanSchema},
          [=](Target& target, FileReader& reader, Tree::Index at) {
            if (const auto flag = reader.boolean(at)) target.*member = *flag;
          }};
}

template <class Target, class Member>
Key<Target> duration_key(std::string_view name, Member Target::* member, Duration min, Duration max,
                         std::string_view sentence) {
  return {{name, sentence, kDurationSchema},
          [=](Target& target, FileReader& reader, Tree::Index at) {
            if (const auto duration = reader.duration(at, min, max)) target.*member = *duration;
          }};
}

template <class Target, class Member>
Key<Target> text_key(std::string_view name, Member Target::* member, std::string_view sentence) {
  return {{name, sentence, kTextSchema}, [=](Target& target, FileReader& reader, Tree::Index at) {
            if (const auto text = reader.text(at)) target.*member = std::string(*text);
          }};
}

template <class Target, class Member>
Key<Target> template_key(std::string_view name, Member Target::* member,
                         std::string_view sentence) {
  return {{name, sentence, kTextSchema}, [=](Target& target, FileReader& reader, Tree::Index at) {
            if (auto text = reader.text_template(at)) target.*member = std::move(*text);
          }};
}

template <class Target, class Member, class Enum>
Key<Target> word_key(std::string_view name, Member Target::* member,
                     std::vector<std::pair<std::string_view, Enum>> words,
                     std::string_view sentence) {
  std::vector<std::string_view> names;
  for (const auto& word : words) names.push_back(word.first);
  return {{name, sentence, words_schema(names)},
          [=](Target& target, FileReader& reader, Tree::Index at) {
            if (const auto index = read_word(reader, at, names)) {
              target.*member = words[*index].second;
            }
          }};
}

// A map of its own, of which the schema says "#/$defs/NAME".
template <class Target, class Part>
Key<Target> part_key(std::string_view name, Part Target::* member, const Keys<Part>& keys,
                     std::string_view definition, std::string_view sentence) {
  return {{name, sentence, R"({"$ref":"#/$defs/)" + std::string(definition) + "\"}"},
          [member, &keys](Target& target, FileReader& reader, Tree::Index at) {
            read_keys(keys, reader, at, target.*member);
          }};
}

// Where the value stands, for a part that is read later.
template <class Target>
Key<Target> later_key(std::string_view name, Tree::Index Target::* member, std::string schema,
                      std::string_view sentence) {
  return {{name, sentence, std::move(schema)},
          [=](Target& target, FileReader&, Tree::Index at) { target.*member = at; }};
}

// The key of a part as a key of the whole.
template <class Target, class Part>
Key<Target> within(Part Target::* member, const Key<Part>& key) {
  return {key.form, [member, read = key.read](Target& target, FileReader& reader, Tree::Index at) {
            read(target.*member, reader, at);
          }};
}

}  // namespace tidegate::workflow
