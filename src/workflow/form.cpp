#include "workflow/form.h"

#include <fmt/format.h>

#include <algorithm>

#include "json/writer.h"

namespace tidegate::workflow {

void unknown_key(FileReader& reader, Tree::Index member, const std::vector<const Form*>& known) {
  std::vector<std::string> names;
  for (const Form* form : known) names.emplace_back(form->name);
  reader.problem_at_key(member,
                        fmt::format("unknown key.{}", reader.near(reader.node(member).key, names)));
}

void check_required(FileReader& reader, Tree::Index map, const std::vector<const Form*>& known) {
  for (const Form* form : known) {
    if (!form->required) continue;
    bool found = false;
    reader.tree().each(map, [&](Tree::Index member) {
      const TreeNode& node = reader.node(member);
      found = found || (node.key == form->name && node.kind != NodeKind::null);
    });
    if (!found) reader.problem(map, fmt::format("{} is missing", form->name));
  }
}

std::string integer_schema(std::int64_t min, std::int64_t max) {
  return fmt::format(R"({{"type":"integer","minimum":{},"maximum":{}}})", min, max);
}

std::string number_schema(double min, double max) {
  return fmt::format(R"({{"type":"number","minimum":{},"maximum":{}}})", min, max);
}

std::string words_schema(const std::vector<std::string_view>& words) {
  std::string out;
  json::Writer json(out);
  json.begin_object().key("enum").begin_array();
  for (const std::string_view word : words) {
    json.value(word);
    if (word == "off") json.value(false);  // what YAML 1.1's editors make of it
  }
  json.end_array().end_object();
  return out;
}

std::optional<std::size_t> read_word(FileReader& reader, Tree::Index at,
                                     const std::vector<std::string_view>& words) {
  const TreeNode& node = reader.node(at);
  std::string_view given = node.text;
  if (given == "false" && !node.quoted) given = "off";
  const auto found = std::ranges::find(words, given);
  if (node.kind == NodeKind::scalar && found != words.end()) {
    return static_cast<std::size_t>(found - words.begin());
  }
  std::string expected;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) expected += i + 1 == words.size() ? " or " : ", ";
    expected += words[i];
    names.emplace_back(words[i]);
  }
  reader.invalid(at, expected, reader.near(node.text, names));
  return std::nullopt;
}

}  // namespace tidegate::workflow
