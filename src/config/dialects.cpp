#include "config/dialects.h"

namespace tidegate::config {
namespace {

constexpr DialectTraits kDialects[] = {
    {"deepseek", Dialect::deepseek, "https://api.deepseek.com", "DEEPSEEK_API_KEY"},
    {"openai", Dialect::openai, "https://api.openai.com/v1", "OPENAI_API_KEY"},
    {"anthropic", Dialect::anthropic, "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY"},
    {"kimi", Dialect::kimi, "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY"},
    {"gemini", Dialect::gemini, "https://generativelanguage.googleapis.com/v1beta/openai",
     "GEMINI_API_KEY"},
    {"openrouter", Dialect::openrouter, "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"},
    {"vllm", Dialect::vllm, "", ""},
    {"sglang", Dialect::sglang, "", ""},
    {"llamacpp", Dialect::llamacpp, "", ""},
    {"openai_compatible", Dialect::openai_compatible, "", ""},
};

}  // namespace

std::span<const DialectTraits> dialects() { return kDialects; }

const DialectTraits& traits(Dialect dialect) {
  for (const auto& candidate : kDialects) {
    if (candidate.dialect == dialect) return candidate;
  }
  return kDialects[std::size(kDialects) - 1];
}

std::string_view name(Dialect dialect) { return traits(dialect).name; }

}  // namespace tidegate::config
