// Evaluation: holds one tree against a schema and collects what does not fit. One per text, on the
// stack of one thread, whose depth is bounded by the nesting of texts and the chains of schemas.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/compiled.h"
#include "schema/schema.h"

namespace tidegate::schema {

class Evaluation {
 public:
  Evaluation(const Compiled& schema, const Tree& tree) : schema_(schema), tree_(tree) {}

  // Error too_large: it took more steps than are allowed.
  Result<std::vector<Violation>> run();

 private:
  // Where a value stands: a chain of tokens on the stack, made a pointer only for a violation.
  struct Place {
    const Place* parent = nullptr;
    std::string_view key;
    std::size_t number = 0;
    bool member = false;
  };
  static void append_pointer(std::string& out, const Place& place);

  bool check(RulesIndex index, NodeIndex at, const Place& place);
  bool is_typed(const Rules& rules, const Node& node, const Place& place);
  bool is_chosen(const Rules& rules, NodeIndex at, const Place& place);
  bool number(const Rules& rules, const Node& node, const Place& place);
  bool string(const Rules& rules, const Node& node, const Place& place);
  bool object(const Rules& rules, NodeIndex at, const Place& place);
  bool names(const Rules& rules, NodeIndex at, const Place& place);
  bool member(const Rules& rules, NodeIndex at, const Place& place);
  bool array(const Rules& rules, NodeIndex at, const Place& place);
  bool is_unique(NodeIndex at);
  bool combined(const Rules& rules, NodeIndex at, const Place& place);
  bool any_of(const Rules& rules, NodeIndex at, const Place& place);

  // Whether it fits, with nothing reported.
  bool fits(RulesIndex index, NodeIndex at, const Place& place);
  bool report(const Place& place, std::string expected, std::string found);
  // False once nobody wants to know more of what is wrong.
  [[nodiscard]] bool goes_on(bool good) const {
    return !spent_ && (good || (violations_ != nullptr && !full()));
  }
  [[nodiscard]] bool full() const { return violations_->size() >= Schema::kMaxViolations; }
  void spend(std::uint64_t steps);

  const Compiled& schema_;
  const Tree& tree_;
  std::vector<Violation>* violations_ = nullptr;  // null: only whether it fits matters
  std::uint64_t steps_ = 0;
  bool spent_ = false;
};

}  // namespace tidegate::schema
