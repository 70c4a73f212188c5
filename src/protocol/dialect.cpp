#include "protocol/dialect.h"

namespace tidegate::protocol {
const DialectTable& dialect(config::Dialect dialect) {
  using config::Dialect;
  switch (dialect) {
    case Dialect::openai:
      return kOpenAi;
    case Dialect::deepseek:
      return kDeepSeek;
    case Dialect::anthropic:
      return kAnthropic;
    case Dialect::kimi:
      return kKimi;
    case Dialect::gemini:
      return kGemini;
    case Dialect::vllm:
      return kVllm;
    case Dialect::sglang:
      return kSglang;
    case Dialect::llamacpp:
      return kLlamaCpp;
    case Dialect::openrouter:
      return kOpenRouter;
    case Dialect::openai_compatible:
      break;
  }
  return kOpenAiCompatible;
}

std::string_view thinking_members(const DialectTable& dialect, config::Thinking thinking) {
  return dialect.thinking[static_cast<std::size_t>(thinking)];
}

}  // namespace tidegate::protocol
