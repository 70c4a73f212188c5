#include "schema/compiler.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/text.h"

namespace tidegate::schema {
namespace {

using json::Kind;

constexpr std::size_t kMaxSubschemas = 5000;
constexpr std::size_t kMaxPatterns = 100;
constexpr std::size_t kMaxUnchecked = 16;     // that are named
constexpr std::size_t kMaxWork = 50'000'000;  // nodes passed by in search of what is referred to

struct TypeName {
  std::string_view name, described;
  Type type;
};
constexpr TypeName kTypes[] = {{"null", "null", Type::null},
                               {"boolean", "true or false", Type::boolean},
                               {"object", "an object", Type::object},
                               {"array", "an array", Type::array},
                               {"number", "a number", Type::number},
                               {"string", "a string", Type::string},
                               {"integer", "an integer", Type::integer}};

// A reference percent-encodes what a URI may not have.
std::string decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) -> int {
      const char c = at < text.size() ? text[at] : 'x';
      if (c >= '0' && c <= '9') return c - '0';
      if (c >= 'a' && c <= 'f') return c - 'a' + 10;
      return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    };
    const bool encoded = text[i] == '%' && digit(i + 1) >= 0 && digit(i + 2) >= 0;
    out += encoded ? static_cast<char>(digit(i + 1) * 16 + digit(i + 2)) : text[i];
    if (encoded) i += 2;
  }
  return out;
}

class Compiler {
 public:
  explicit Compiler(std::string_view text) : out_(std::make_shared<Compiled>()) {
    out_->text = text;
  }

  Result<std::shared_ptr<const Compiled>> run() {
    Result<Tree> tree = Tree::parse(out_->text);
    if (!tree) return std::unexpected(std::move(tree.error()));
    out_->tree = std::move(*tree);
    subschema(0);
    // Without recursion: references may form chains of any length.
    for (std::size_t next = 0; next < places_.size() && error_.message.empty(); ++next) {
      current_ = Rules();
      unread_names_ = false;
      read(places_[next]);
      // Nobody can tell which members are the others then.
      if (unread_names_) current_.other_properties.reset();
      out_->rules[next] = std::move(current_);
    }
    RulesIndex endless = 0;
    if (error_.message.empty() && has_endless_chain(*out_, endless)) {
      refuse(places_[endless],
             "leads back to itself, or through more than 32 references in a row, without looking "
             "into the value");
    }
    if (!error_.message.empty()) return std::unexpected(std::move(error_));
    return std::move(out_);
  }

 private:
  [[nodiscard]] const Node& node(NodeIndex at) const { return out_->tree[at]; }

  void refuse(NodeIndex at, std::string_view what, ErrorCode code = ErrorCode::invalid) {
    if (!error_.message.empty()) return;
    std::string pointer = out_->tree.pointer(at);
    error_ = {code, fmt::format("the schema{}{} {}", pointer.empty() ? "" : " at ", pointer, what),
              std::move(pointer)};
  }
  void expect(bool holds, NodeIndex at, std::string_view what) {
    if (!holds) refuse(at, fmt::format("must be {}", what));
  }

  RulesIndex subschema(NodeIndex at) {
    const auto [known, is_new] = by_place_.try_emplace(at, static_cast<RulesIndex>(places_.size()));
    if (!is_new) return known->second;
    if (places_.size() == kMaxSubschemas) {
      refuse(at, "is one of more than 5000 subschemas, the most that are checked",
             ErrorCode::too_large);
      return 0;
    }
    places_.push_back(at);
    out_->rules.emplace_back();
    return known->second;
  }

  void read(NodeIndex at) {
    if (node(at).kind == Kind::boolean) {
      current_.never = node(at).text == "false";
      return;
    }
    expect(node(at).kind == Kind::object, at, "a JSON Schema: an object, true or false");
    if (node(at).kind != Kind::object) return;
    at_ = at;
    out_->tree.each(at, [&](NodeIndex child) { keyword(node(child).key, child); });
  }

  void keyword(std::string_view name, NodeIndex value) {
    (void)(of_any(name, value) || of_numbers(name, value) || of_strings(name, value) ||
           of_objects(name, value) || of_arrays(name, value) || of_schemas(name, value));
  }

  // Each returns whether it knows the keyword.
  bool of_any(std::string_view name, NodeIndex value) {
    if (name == "type") {
      types(value);
    } else if (name == "const") {
      current_.choices.emplace().emplace_back(out_->tree.hash(value), value);
    } else if (name == "enum") {
      expect(node(value).kind == Kind::array, value, "an array");
      auto& choices = current_.choices.emplace();
      each(value, [&](NodeIndex choice) { choices.emplace_back(out_->tree.hash(choice), choice); });
      std::ranges::sort(choices);
    } else if (name == "$dynamicRef" || name == "$recursiveRef" ||
               name == "unevaluatedProperties" || name == "unevaluatedItems" ||
               name == "dependencies") {
      unchecked(value);
    } else {
      return false;
    }
    return true;
  }

  void types(NodeIndex value) {
    current_.types = 0;
    const auto add = [&](NodeIndex at) {
      const auto found = std::ranges::find(kTypes, node(at).text, &TypeName::name);
      if (node(at).kind != Kind::string || found == std::end(kTypes)) {
        return refuse(at,
                      "must be one of the types null, boolean, object, array, number, integer and "
                      "string, or a list of them");
      }
      current_.types |= bit(found->type);
      if (!current_.type_names.empty()) current_.type_names += " or ";
      current_.type_names += found->described;
    };
    if (node(value).kind == Kind::array) {
      each(value, add);
    } else {
      add(value);
    }
  }

  bool of_numbers(std::string_view name, NodeIndex value) {
    std::optional<double>* bound = nullptr;
    if (name == "minimum") bound = &current_.minimum;
    if (name == "maximum") bound = &current_.maximum;
    if (name == "exclusiveMinimum") bound = &current_.above;
    if (name == "exclusiveMaximum") bound = &current_.below;
    if (name == "multipleOf") bound = &current_.multiple_of;
    if (bound == nullptr) return false;
    expect(node(value).kind == Kind::number, value, "a number");
    *bound = node(value).number;
    if (name == "multipleOf") expect(**bound > 0, value, "a number above 0");
    return true;
  }

  bool of_strings(std::string_view name, NodeIndex value) {
    if (name == "minLength") {
      current_.length.least = count(value);
    } else if (name == "maxLength") {
      current_.length.most = count(value);
    } else if (name == "pattern") {
      expect(node(value).kind == Kind::string, value, "a regular expression");
      current_.pattern = pattern(node(value).text, value);
    } else if (name == "format") {
      expect(node(value).kind == Kind::string, value, "the name of a format");
      current_.format = find_format(node(value).text);
    } else {
      return false;
    }
    return true;
  }

  bool of_objects(std::string_view name, NodeIndex value) {
    if (name == "minProperties") {
      current_.members.least = count(value);
    } else if (name == "maxProperties") {
      current_.members.most = count(value);
    } else if (name == "required") {
      current_.required = names(value);
    } else if (name == "properties") {
      current_.properties = named(value);
    } else if (name == "patternProperties") {
      each_member(value, [&](NodeIndex child) {
        if (auto compiled = pattern(node(child).key, child)) {
          current_.pattern_properties.push_back({std::move(compiled), subschema(child)});
        } else {
          unread_names_ = true;
        }
      });
    } else if (name == "additionalProperties") {
      current_.other_properties = subschema(value);
    } else if (name == "propertyNames") {
      current_.property_names = subschema(value);
    } else if (name == "dependentRequired") {
      each_member(value, [&](NodeIndex child) {
        current_.dependent_required.emplace_back(node(child).key, names(child));
      });
    } else if (name == "dependentSchemas") {
      current_.dependent_schemas = named(value);
    } else {
      return false;
    }
    return true;
  }

  bool of_arrays(std::string_view name, NodeIndex value) {
    if (name == "minItems") {
      current_.items.least = count(value);
    } else if (name == "maxItems") {
      current_.items.most = count(value);
    } else if (name == "uniqueItems") {
      expect(node(value).kind == Kind::boolean, value, "true or false");
      current_.unique_items = node(value).text == "true";
    } else if (name == "prefixItems" || (name == "items" && node(value).kind == Kind::array)) {
      current_.first_items = list(value);
    } else if (name == "items") {
      current_.other_items = subschema(value);
    } else if (name == "additionalItems") {
      // Of a list as `items` only; beside a schema it says nothing.
      const NodeIndex items = out_->tree.find(at_, "items");
      if (items != 0 && node(items).kind == Kind::array) current_.other_items = subschema(value);
    } else if (name == "contains") {
      current_.contains = subschema(value);
    } else if (name == "minContains") {
      current_.contained.least = count(value);
    } else if (name == "maxContains") {
      current_.contained.most = count(value);
    } else {
      return false;
    }
    return true;
  }

  bool of_schemas(std::string_view name, NodeIndex value) {
    if (name == "$ref") {
      reference(value);
    } else if (name == "allOf") {
      for (const RulesIndex rules : list(value)) current_.all_of.push_back(rules);
    } else if (name == "anyOf") {
      current_.any_of = list(value);
    } else if (name == "oneOf") {
      current_.one_of = list(value);
    } else if (name == "not") {
      current_.negated = subschema(value);
    } else if (name == "if") {
      current_.condition = subschema(value);
    } else if (name == "then") {
      current_.then = subschema(value);
    } else if (name == "else") {
      current_.otherwise = subschema(value);
    } else {
      return false;
    }
    return true;
  }

  void reference(NodeIndex value) {
    const std::string_view text = node(value).text;
    if (node(value).kind != Kind::string || !text.starts_with('#')) {
      return refuse(value,
                    "must refer to a place in the schema itself (#/$defs/name); nothing is "
                    "fetched");
    }
    if (work_ += out_->tree.size(); work_ > kMaxWork) {
      return refuse(value, "is one of more references than are followed in a schema of its size",
                    ErrorCode::too_large);
    }
    const std::string fragment = decode_percent(text.substr(1));
    const std::optional<NodeIndex> target = fragment.empty() || fragment.starts_with('/')
                                                ? out_->tree.follow(fragment)
                                                : anchor(fragment);
    if (!target) return refuse(value, "refers to a place that is not there");
    current_.all_of.push_back(subschema(*target));
  }

  [[nodiscard]] std::optional<NodeIndex> anchor(std::string_view name) const {
    std::optional<NodeIndex> found;
    // An object stands right before its first member, and holds the others.
    std::vector<NodeIndex> around;
    for (NodeIndex at = 0; at < out_->tree.size() && !found; ++at) {
      while (!around.empty() && node(around.back()).next <= at) around.pop_back();
      if (node(at).key == "$anchor" && node(at).text == name) found = around.back();
      around.push_back(at);
    }
    return found;
  }

  std::uint64_t count(NodeIndex value) {
    const double number = node(value).number;
    const bool whole = node(value).kind == Kind::number && number >= 0 && number < 1e15 &&
                       number == static_cast<double>(static_cast<std::uint64_t>(number));
    expect(whole, value, "a whole number, 0 or more");
    return whole ? static_cast<std::uint64_t>(number) : 0;
  }

  template <class OnElement>
  void each(NodeIndex list, OnElement&& on_element) {
    if (node(list).kind == Kind::array) out_->tree.each(list, on_element);
  }
  template <class OnMember>
  void each_member(NodeIndex map, OnMember&& on_member) {
    expect(node(map).kind == Kind::object, map, "an object");
    if (node(map).kind == Kind::object) out_->tree.each(map, on_member);
  }

  std::vector<std::string_view> names(NodeIndex value) {
    std::vector<std::string_view> all;
    expect(node(value).kind == Kind::array, value, "an array of strings");
    each(value, [&](NodeIndex child) {
      expect(node(child).kind == Kind::string, child, "a string");
      all.push_back(node(child).text);
    });
    return all;
  }

  std::vector<RulesIndex> list(NodeIndex value) {
    std::vector<RulesIndex> all;
    expect(node(value).kind == Kind::array, value, "an array of schemas");
    each(value, [&](NodeIndex child) { all.push_back(subschema(child)); });
    return all;
  }

  std::vector<NamedRules> named(NodeIndex value) {
    std::vector<NamedRules> all;
    each_member(value,
                [&](NodeIndex child) { all.push_back({node(child).key, subschema(child)}); });
    std::ranges::sort(all, {}, &NamedRules::name);
    return all;
  }

  std::shared_ptr<const Pattern> pattern(std::string_view expression, NodeIndex at) {
    auto compiled = ++patterns_ > kMaxPatterns ? nullptr : Pattern::compile(expression);
    if (compiled == nullptr) unchecked(at);
    return compiled;
  }

  void unchecked(NodeIndex at) {
    if (out_->unchecked.size() == kMaxUnchecked) return;
    out_->unchecked.push_back(out_->tree.pointer(at));
  }

  std::shared_ptr<Compiled> out_;
  std::unordered_map<NodeIndex, RulesIndex> by_place_;
  std::vector<NodeIndex> places_;  // by RulesIndex
  Rules current_;
  NodeIndex at_ = 0;           // of current_
  bool unread_names_ = false;  // patternProperties with one that is not checked
  std::size_t patterns_ = 0, work_ = 0;
  Error error_{.code = ErrorCode::invalid, .message = {}, .field = {}};
};

}  // namespace

Result<std::shared_ptr<const Compiled>> compile(std::string_view text) {
  return Compiler(text).run();
}

}  // namespace tidegate::schema
