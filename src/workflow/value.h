// Value: what expressions work on and tasks hand to one another, a JSON value that cannot change.
// Used by the whole of workflow/ and by the engine. Copies share what they hold, so that an output
// of 20 MB costs a counter; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace tidegate::workflow {

class Value;
struct Member;
using List = std::vector<Value>;
using Map = std::vector<Member>;  // in their order; no name twice in what parse() made

class Value {
 public:
  enum class Kind : std::uint8_t { null, boolean, integer, real, string, list, map };

  Value() = default;  // null
  explicit Value(bool flag) : data_(flag) {}
  explicit Value(std::int64_t number) : data_(number) {}
  explicit Value(double number) : data_(number) {}
  explicit Value(std::string text) : data_(std::make_shared<const std::string>(std::move(text))) {}
  explicit Value(std::string_view text) : Value(std::string(text)) {}
  explicit Value(const char* text) : Value(std::string(text)) {}
  explicit Value(std::shared_ptr<const std::string> text) : data_(std::move(text)) {}
  explicit Value(List items);
  explicit Value(Map members);

  // A JSON text of at most json::kMaxDepth levels. Of a member given twice the last counts. A whole
  // number that 64 bits hold is an integer. Error invalid: the message says where.
  static Result<Value> parse(std::string_view json);

  [[nodiscard]] Kind kind() const { return static_cast<Kind>(data_.index()); }
  [[nodiscard]] bool is_null() const { return kind() == Kind::null; }
  [[nodiscard]] bool is_string() const { return kind() == Kind::string; }
  [[nodiscard]] bool is_number() const { return kind() == Kind::integer || kind() == Kind::real; }
  [[nodiscard]] bool is_list() const { return kind() == Kind::list; }
  [[nodiscard]] bool is_map() const { return kind() == Kind::map; }

  // What is asked of a value of another kind is empty, zero or false.
  [[nodiscard]] std::string_view text() const;
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] double number() const;
  [[nodiscard]] const List& items() const;
  [[nodiscard]] const Map& members() const;
  // The same text without a copy; null if it is no string.
  [[nodiscard]] std::shared_ptr<const std::string> shared_text() const;

  // A map's member; null if there is none.
  [[nodiscard]] Value find(std::string_view name) const;
  // An item of a list, counted from the end if negative; null if there is none.
  [[nodiscard]] Value at(std::int64_t index) const;

  // Whether a condition holds that is this value: not null, false, 0, "" nor an empty list or map.
  [[nodiscard]] bool truthy() const;

  // As JSON without spaces; members in their order.
  void append_json(std::string& out) const;
  [[nodiscard]] std::string json() const;
  // As it stands in a text: a string as it is, all else as JSON.
  void append_text(std::string& out) const;

  // Numbers by value, whatever kind they are; members in any order.
  friend bool operator==(const Value& a, const Value& b);

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::shared_ptr<const std::string>,
               std::shared_ptr<const List>, std::shared_ptr<const Map>>
      data_;
};

struct Member {
  std::string name;
  Value value;
};

// "a list", for messages.
[[nodiscard]] std::string_view kind_name(Value::Kind kind);

}  // namespace tidegate::workflow
