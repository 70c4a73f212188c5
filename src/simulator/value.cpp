#include "simulator/value.h"

#include <charconv>

#include "json/checked_text.h"
#include "json/escape.h"

namespace tidegate::simulator {
namespace {

using json::Kind;

class Builder {
 public:
  explicit Builder(const json::CheckedText& checked) : text_(checked.text), reader_(checked) {}

  bool value(Value& out) {
    const std::uint32_t begin = reader_.offset();
    out.kind = reader_.kind();
    const bool read = contents(out);
    if (read) out.raw = text_.substr(begin, reader_.last_end() - begin);
    return read;
  }
  bool finish() { return reader_.finish(); }
  [[nodiscard]] std::string problem() const {
    return bad_string_ ? "a string has a bad escape" : reader_.error().message;
  }

 private:
  bool contents(Value& out) {
    std::string_view raw;
    switch (out.kind) {
      case Kind::object:
        return reader_.object([&](std::string_view key) {
          Member& member = out.members.emplace_back();
          return unescape(key, member.name) && value(member.value);
        });
      case Kind::array:
        return reader_.array([&] { return value(out.elements.emplace_back()); });
      case Kind::string:
        return reader_.string(raw) && unescape(raw, out.text);
      default:
        if (!reader_.scalar(raw)) return false;
        out.text = raw;
        return true;
    }
  }
  bool unescape(std::string_view raw, std::string& out) {
    auto text = json::unescape(raw);
    bad_string_ = !text;
    if (text) out = std::move(*text);
    return !bad_string_;
  }

  std::string_view text_;
  json::Reader reader_;
  bool bad_string_ = false;
};

}  // namespace

bool Value::is_integer() const {
  return is(Kind::number) && text.find_first_of(".eE") == std::string::npos;
}

const Value* Value::find(std::string_view name) const {
  for (const auto& [key, value] : members) {
    if (key == name) return value.is(Kind::null) ? nullptr : &value;
  }
  return nullptr;
}

std::string_view Value::text_of(std::string_view name) const {
  const Value* value = find(name);
  return value != nullptr && value->is_string() ? std::string_view(value->text)
                                                : std::string_view();
}

Tokens Value::integer() const {
  Tokens out = 0;
  if (is_integer()) std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

double Value::number() const {
  double out = 0;
  if (is(Kind::number)) std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

std::expected<Value, std::string> read_value(std::string_view text) {
  const auto checked = json::check_text(text);
  if (!checked) return std::unexpected(checked.error().message);
  Builder builder(*checked);
  Value value;
  if (!builder.value(value) || !builder.finish()) return std::unexpected(builder.problem());
  return value;
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::object:
      return "an object";
    case Kind::array:
      return "an array";
    case Kind::string:
      return "a string";
    case Kind::number:
      return "a number";
    case Kind::boolean:
      return "a boolean";
    case Kind::null:
      return "null";
    default:
      return "nothing";
  }
}

}  // namespace tidegate::simulator
