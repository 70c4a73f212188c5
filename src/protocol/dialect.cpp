#include "protocol/dialect.h"

namespace tidegate::protocol {
namespace {

// The others are spoken to through their OpenAI-compatible surface: the defaults of DialectTable,
// and what is special. Without `thinking`, that surface has no control that is known to be safe.

// Manual thinking budgets were removed with Claude 4.7, so nothing is sent.
constexpr DialectTable kAnthropic = {.name = "anthropic", .forced_tool_when_thinking = false};

// Kimi has a toggle and no levels.
constexpr std::string_view kKimiOn = R"("thinking":{"type":"enabled"})";
constexpr DialectTable kKimi = {
    .name = "kimi",
    .forced_tool_when_thinking = false,
    .reasoning_field = "reasoning_content",
    .thinking = {"", R"("thinking":{"type":"disabled"})", kKimiOn, kKimiOn, kKimiOn, kKimiOn},
};

// Gemini cannot switch thinking off on every model, and refuses "none" there; it takes "minimal".
constexpr DialectTable kGemini = {
    .name = "gemini",
    .thinking = {"", R"("reasoning_effort":"minimal")", R"("reasoning_effort":"low")",
                 R"("reasoning_effort":"medium")", R"("reasoning_effort":"high")",
                 R"("reasoning_effort":"high")"},
};

// Engines: the chat template decides. Thinking is off by default in vLLM, unlike at DeepSeek (fact
// sheet 3.4); its levels are high and max.
constexpr std::string_view kTemplateHigh =
    R"("chat_template_kwargs":{"thinking":true,"reasoning_effort":"high"})";
constexpr ThinkingMembers kTemplate = {
    "",
    R"("chat_template_kwargs":{"thinking":false})",
    kTemplateHigh,
    kTemplateHigh,
    kTemplateHigh,
    R"("chat_template_kwargs":{"thinking":true,"reasoning_effort":"max"})",
};
// vLLM reads and writes `reasoning`; it drops an incoming reasoning_content (fact sheet 2.1, 23).
constexpr DialectTable kVllm = {
    .name = "vllm", .reasoning_field = "reasoning", .thinking = kTemplate};
constexpr DialectTable kSglang = {
    .name = "sglang", .reasoning_field = "reasoning_content", .thinking = kTemplate};

constexpr std::string_view kLlamaOn = R"("chat_template_kwargs":{"enable_thinking":true})";
constexpr DialectTable kLlamaCpp = {
    .name = "llamacpp",
    .reasoning_field = "reasoning_content",
    .thinking = {"", R"("chat_template_kwargs":{"enable_thinking":false})", kLlamaOn, kLlamaOn,
                 kLlamaOn, kLlamaOn},
};

constexpr DialectTable kOpenRouter = {
    .name = "openrouter",
    .reasoning_field = "reasoning",
    .thinking = {"", R"("reasoning":{"effort":"none"})", R"("reasoning":{"effort":"low"})",
                 R"("reasoning":{"effort":"medium"})", R"("reasoning":{"effort":"high"})",
                 R"("reasoning":{"effort":"xhigh"})"},
};

constexpr DialectTable kOpenAiCompatible = {.name = "openai_compatible",
                                            .reasoning_field = "reasoning_content"};

}  // namespace

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
