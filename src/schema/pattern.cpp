#include "schema/pattern.h"

#include <re2/re2.h>

#include <string>

namespace tidegate::schema {
namespace {

// The default of 8 MiB is for programs with few expressions; these come from clients.
constexpr std::int64_t kMaxMemory = 256 << 10;

// From ECMA-262, in which schemas are written, to RE2: \uXXXX is \x{XXXX}, \/ and \- are the
// characters, \d \w are ASCII in both, \cX is a control character, [^] is anything.
std::string to_re2(std::string_view expression) {
  std::string out;
  out.reserve(expression.size() + 8);
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const std::string_view rest = expression.substr(i);
    if (rest.starts_with("[^]")) {
      out += "(?s:.)";
      i += 2;
    } else if (rest.starts_with("\\u") && rest.size() >= 6 &&
               rest.substr(2, 4).find_first_not_of("0123456789abcdefABCDEF") == rest.npos) {
      out.append("\\x{").append(rest.substr(2, 4)).append("}");
      i += 5;
    } else if (rest.starts_with("\\c") && rest.size() >= 3) {
      constexpr std::string_view kHex = "0123456789abcdef";
      const auto control = static_cast<unsigned>(rest[2]) & 31U;
      out.append("\\x").append(1, kHex[control >> 4U]).append(1, kHex[control & 15U]);
      i += 2;
    } else if (rest.front() == '\\' && rest.size() >= 2) {
      out.append(rest.substr(0, 2));
      ++i;
    } else {
      out += rest.front();
    }
  }
  return out;
}

}  // namespace

Pattern::Pattern(std::unique_ptr<re2::RE2> engine) : engine_(std::move(engine)) {}
Pattern::~Pattern() = default;

std::shared_ptr<const Pattern> Pattern::compile(std::string_view expression) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemory);
  auto engine = std::make_unique<re2::RE2>(to_re2(expression), options);
  if (!engine->ok()) return nullptr;
  return std::make_shared<const Pattern>(std::move(engine));
}

bool Pattern::matches(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *engine_);
}

std::uint64_t Pattern::cost(std::string_view text) const {
  constexpr std::uint64_t kPerStep = 64;  // characters times states
  return 1 + text.size() * static_cast<std::uint64_t>(engine_->ProgramSize()) / kPerStep;
}

}  // namespace tidegate::schema
