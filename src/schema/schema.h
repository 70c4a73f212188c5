// Schema: a JSON Schema made ready to judge texts. Used for answers that were asked to fit one.
// Immutable once compiled, any thread; it keeps no view of the text it was made from.
//
// Draft 2020-12, with what older drafts say differently where it cannot be mistaken: `definitions`,
// a list as `items`, `additionalItems`. References are followed within the schema only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tidegate::schema {

struct Violation {
  std::string path;      // JSON pointer into the text; empty: the whole of it
  std::string expected;  // "a number of at least 1"
  std::string found;     // "a string"; never the text's own words, which may be private
};

// "at /items/3/price: expected a number, found a string"
[[nodiscard]] std::string describe(const Violation& violation);

struct Compiled;  // compiled.h

class Schema {
 public:
  static constexpr std::size_t kMaxViolations = 16;

  // Error invalid: it is no schema, or refers to something outside; too_large: it has more
  // subschemas than are checked. `field` is the JSON pointer of the place.
  static Result<Schema> compile(std::string_view text);

  // What of `text` is not as the schema says, the first kMaxViolations; none: it fits. A text that
  // is no JSON is a violation like another. Error too_large: it cannot be told within bounds.
  [[nodiscard]] Result<std::vector<Violation>> validate(std::string_view text) const;

  // The JSON pointers of keywords that demand what is not checked here: dynamic references,
  // unevaluated members, patterns with lookaround or back references.
  [[nodiscard]] const std::vector<std::string>& unchecked() const;

 private:
  explicit Schema(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace tidegate::schema
