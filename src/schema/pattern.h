// Pattern: a regular expression that takes time linear in the text, whatever either looks like. The
// only file of the program that knows RE2. Immutable, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace re2 {
class RE2;
}

namespace tidegate::schema {

class Pattern {
 public:
  // Null where the expression needs more than such an engine can do (lookaround, back references,
  // huge repetitions), or is none.
  static std::shared_ptr<const Pattern> compile(std::string_view expression);

  explicit Pattern(std::unique_ptr<re2::RE2> engine);
  ~Pattern();
  // Whether it matches anywhere in `text`.
  [[nodiscard]] bool matches(std::string_view text) const;
  // About how long that takes, in steps of an evaluation.
  [[nodiscard]] std::uint64_t cost(std::string_view text) const;

 private:
  std::unique_ptr<re2::RE2> engine_;
};

}  // namespace tidegate::schema
