// Policy expressions: any bytes either compile or give errors with a place inside the text; what
// compiles is evaluated and explained without a fault, and the reason can stand in a header.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "routing/expression.h"
#include "routing/policy.h"

using namespace tidegate;
using namespace tidegate::routing;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void run_both(const Expression& expression, const Policy& policy, const Facts& facts) {
  const bool holds = expression.holds(facts);
  const auto match = policy.decide(facts);
  require(match && match->rule == (holds ? 1 : 2));
  Reason reason;
  policy.explain(*match, facts, reason);
  require(reason.view().size() <= Reason::kMaxBytes && reason.view().starts_with("rule "));
  for (const char c : reason.view()) require(c >= ' ' && c <= '~');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  auto compiled = Expression::compile(source);
  if (!compiled) {
    require(!compiled.error().empty());
    for (const ExpressionError& error : compiled.error()) {
      require(error.line >= 1 && error.column >= 1 && !error.message.empty());
    }
    return 0;
  }
  require(size <= Expression::kMaxBytes);
  require(compiled->operations() <= Program::kMaxOperations);
  std::vector<config::Problem> problems;
  const std::vector<std::string> routes{"a", "b"};
  const std::vector<config::PolicyRule> rules{{std::string(source), "a", {}}, {"", "b", {}}};
  const Policy policy = Policy::build(rules, routes, problems);
  require(problems.empty());

  run_both(*compiled, policy, {});
  run_both(*compiled, policy,
           {.context_tokens = INT64_MAX,
            .tool_density = -1e308,
            .planning_score = 1,
            .messages = INT64_MIN,
            .tools = -1,
            .stream = true,
            .peak = true,
            .hour = 23,
            .task = source,
            .role = "planner",
            .client = "Cursor",
            .model = "auto"});
  return 0;
}
