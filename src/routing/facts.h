// What a policy may ask about a request, and the table that gives each fact its name and meaning.
// Filled by decide() from the workload and the request's headers; read by expressions.
// Plain values and a constant table; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/money.h"
#include "base/time.h"
#include "workload/workload.h"

namespace tidegate::routing {

struct Facts {
  Tokens context_tokens = 0;
  double tool_density = 0;
  workload::PlanningScore planning_score{};
  std::int64_t messages = 0;
  std::int64_t tools = 0;
  std::int64_t images = 0;
  std::int64_t assistant_steps = 0;
  Tokens max_tokens = 0;
  bool stream = false;
  bool peak = false;
  std::int64_t hour = 0;
  std::int64_t weekday = 0;
  std::string_view task{};
  std::string_view role{};
  std::string_view client{};
  std::string_view model{};
};

// Sets hour and weekday.
void set_time(Facts& facts, WallTime at);

// The product of a user agent: "Cursor" of "Cursor/1.4 (linux)".
[[nodiscard]] std::string_view product(std::string_view user_agent);

enum class Type : std::uint8_t { boolean, integer, real, string };
[[nodiscard]] std::string_view name(Type type);  // as CEL calls it: bool, int, double, string

// One value of a type that is known from elsewhere. `text` is not owned.
struct Value {
  union {
    std::int64_t integer = 0;
    double real;
    bool boolean;
    const char* text;
  };
  std::size_t size = 0;  // of text

  static Value of(std::int64_t v) { return Value{.integer = v}; }
  static Value of(double v) { return Value{.real = v}; }
  static Value of(bool v) { return Value{.boolean = v}; }
  static Value of(std::string_view v) { return Value{.text = v.data(), .size = v.size()}; }
  [[nodiscard]] std::string_view view() const { return {text, size}; }
};

struct Variable {
  std::string_view name;
  Type type;
  std::string_view sentence;  // for the documentation
  Value (*read)(const Facts&);
};

[[nodiscard]] std::span<const Variable> variables();

}  // namespace tidegate::routing
