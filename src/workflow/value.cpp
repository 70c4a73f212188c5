#include "workflow/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "json/escape.h"
#include "json/reader.h"
#include "json/writer.h"

namespace tidegate::workflow {
namespace {

// Of members given twice only the last stays.
void keep_last(Map& members) {
  if (members.size() < 2) return;
  std::vector<std::uint32_t> sorted(members.size());
  for (std::uint32_t i = 0; i < sorted.size(); ++i) sorted[i] = i;
  std::ranges::stable_sort(sorted, {},
                           [&](std::uint32_t i) -> const std::string& { return members[i].name; });
  std::vector<bool> drop(members.size());
  bool any = false;
  for (std::size_t i = 0; i + 1 < sorted.size(); ++i) {
    if (members[sorted[i]].name == members[sorted[i + 1]].name) any = drop[sorted[i]] = true;
  }
  if (!any) return;
  Map kept;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!drop[i]) kept.push_back(std::move(members[i]));
  }
  members = std::move(kept);
}

Value number_of(std::string_view text) {
  std::int64_t whole = 0;
  const char* end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, whole);
      read.ec == std::errc{} && read.ptr == end) {
    return Value(whole);
  }
  double real = 0;
  if (std::from_chars(text.data(), end, real).ec == std::errc::result_out_of_range) {
    real = std::numeric_limits<double>::infinity();
  }
  return Value(real);
}

class Parser {
 public:
  explicit Parser(const json::CheckedText& text) : reader_(text) {}

  Result<Value> whole() {
    Value value;
    if (read(value) && reader_.finish()) return value;
    if (reader_.is_malformed()) return std::unexpected(reader_.error());
    return fail(ErrorCode::invalid,
                "malformed JSON: a string has an escape that JSON does not have");
  }

 private:
  // Recursion ends at json::kMaxDepth, which the reader keeps.
  bool read(Value& out) {  // NOLINT(misc-no-recursion): bounded
    switch (reader_.kind()) {
      case json::Kind::object: {
        Map members;
        const bool good = reader_.object([&](std::string_view raw) {
          Member member;
          return json::append_unescaped(member.name, raw) && read(member.value) &&
                 (members.push_back(std::move(member)), true);
        });
        keep_last(members);
        out = Value(std::move(members));
        return good;
      }
      case json::Kind::array: {
        List items;
        const bool good = reader_.array([&] { return read(items.emplace_back()); });
        out = Value(std::move(items));
        return good;
      }
      case json::Kind::string: {
        std::string_view raw;
        std::string text;
        if (!reader_.string(raw) || !json::append_unescaped(text, raw)) return false;
        out = Value(std::move(text));
        return true;
      }
      default: {
        std::string_view raw;
        if (!reader_.scalar(raw)) return false;
        if (raw == "true" || raw == "false") {
          out = Value(raw == "true");
        } else if (raw != "null") {
          out = number_of(raw);
        }
        return true;
      }
    }
  }

  json::Reader reader_;
};

void write(json::Writer& json,
           const Value& value) {  // NOLINT(misc-no-recursion): as deep as parsed
  switch (value.kind()) {
    case Value::Kind::null:
      json.null();
      return;
    case Value::Kind::boolean:
      json.value(value.truthy());
      return;
    case Value::Kind::integer:
      json.value(value.integer());
      return;
    case Value::Kind::real:
      json.value(value.number());
      return;
    case Value::Kind::string:
      json.value(value.text());
      return;
    case Value::Kind::list:
      json.begin_array();
      for (const Value& item : value.items()) write(json, item);
      json.end_array();
      return;
    case Value::Kind::map:
      json.begin_object();
      for (const Member& member : value.members()) {
        json.key(member.name);
        write(json, member.value);
      }
      json.end_object();
      return;
  }
}

}  // namespace

Value::Value(List items) : data_(std::make_shared<const List>(std::move(items))) {}
Value::Value(Map members) : data_(std::make_shared<const Map>(std::move(members))) {}

Result<Value> Value::parse(std::string_view json) {
  const auto checked = json::check_text(json);
  if (!checked) return std::unexpected(checked.error());
  return Parser(*checked).whole();
}

std::string_view Value::text() const {
  const auto* text = std::get_if<std::shared_ptr<const std::string>>(&data_);
  return text != nullptr ? std::string_view(**text) : std::string_view{};
}

std::shared_ptr<const std::string> Value::shared_text() const {
  const auto* text = std::get_if<std::shared_ptr<const std::string>>(&data_);
  return text != nullptr ? *text : nullptr;
}

std::int64_t Value::integer() const {
  const auto* number = std::get_if<std::int64_t>(&data_);
  return number != nullptr ? *number : 0;
}

double Value::number() const {
  if (const auto* whole = std::get_if<std::int64_t>(&data_)) return static_cast<double>(*whole);
  const auto* real = std::get_if<double>(&data_);
  return real != nullptr ? *real : 0;
}

const List& Value::items() const {
  static const List kNone;
  const auto* items = std::get_if<std::shared_ptr<const List>>(&data_);
  return items != nullptr ? **items : kNone;
}

const Map& Value::members() const {
  static const Map kNone;
  const auto* members = std::get_if<std::shared_ptr<const Map>>(&data_);
  return members != nullptr ? **members : kNone;
}

Value Value::find(std::string_view name) const {
  for (const Member& member : members()) {
    if (member.name == name) return member.value;
  }
  return {};
}

Value Value::at(std::int64_t index) const {
  const List& all = items();
  const auto size = static_cast<std::int64_t>(all.size());
  if (index < 0) index += size;
  return index >= 0 && index < size ? all[static_cast<std::size_t>(index)] : Value{};
}

bool Value::truthy() const {
  switch (kind()) {
    case Kind::null:
      return false;
    case Kind::boolean:
      return std::get<bool>(data_);
    case Kind::integer:
      return integer() != 0;
    case Kind::real:
      return number() != 0;
    case Kind::string:
      return !text().empty();
    case Kind::list:
      return !items().empty();
    case Kind::map:
      return !members().empty();
  }
  return false;
}

void Value::append_json(std::string& out) const {
  json::Writer json(out);
  write(json, *this);
}

std::string Value::json() const {
  std::string out;
  append_json(out);
  return out;
}

void Value::append_text(std::string& out) const {
  if (is_string()) {
    out += text();
  } else {
    append_json(out);
  }
}

bool operator==(const Value& a, const Value& b) {  // NOLINT(misc-no-recursion): as deep as parsed
  if (a.is_number() && b.is_number()) {
    if (a.kind() == b.kind() && a.kind() == Value::Kind::integer) return a.integer() == b.integer();
    return a.number() == b.number();
  }
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Value::Kind::null:
      return true;
    case Value::Kind::boolean:
      return a.truthy() == b.truthy();
    case Value::Kind::string:
      return a.text() == b.text();
    case Value::Kind::list:
      return a.items() == b.items();
    default:
      break;
  }
  const Map& left = a.members();
  const Map& right = b.members();
  if (left.size() != right.size()) return false;
  const auto by_name = [](const Map& map) {
    std::vector<const Member*> sorted;
    for (const Member& member : map) sorted.push_back(&member);
    std::ranges::stable_sort(sorted, {}, [](const Member* m) { return std::string_view(m->name); });
    return sorted;
  };
  return std::ranges::equal(by_name(left), by_name(right), [](const Member* x, const Member* y) {
    return x->name == y->name && x->value == y->value;
  });
}

std::string_view kind_name(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::null:
      return "nothing (null)";
    case Value::Kind::boolean:
      return "true or false";
    case Value::Kind::integer:
    case Value::Kind::real:
      return "a number";
    case Value::Kind::string:
      return "a text";
    case Value::Kind::list:
      return "a list";
    case Value::Kind::map:
      return "a map";
  }
  return "";
}

}  // namespace tidegate::workflow
