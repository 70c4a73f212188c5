// JSON Schema: the first line is the schema, the rest the text. Neither may crash or take long, and
// whatever is wrong must be said in words.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "schema/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tidegate::schema::Schema;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  if (line == std::string_view::npos) return 0;
  const auto schema = Schema::compile(input.substr(0, line));
  if (!schema) {
    if (schema.error().message.empty()) std::abort();
    return 0;
  }
  const auto violations = schema->validate(input.substr(line + 1));
  if (!violations) return 0;
  if (violations->size() > Schema::kMaxViolations) std::abort();
  for (const auto& violation : *violations) {
    if (violation.expected.empty() || violation.found.empty()) std::abort();
  }
  return 0;
}
