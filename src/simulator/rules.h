// What the real providers refuse, checked as strictly as they do. Sources: fact sheet 1.2, 1.3 and
// 1.6 for DeepSeek, OpenAI's public error texts. Pure functions, any thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/money.h"
#include "simulator/options.h"
#include "simulator/refusal.h"
#include "simulator/request.h"
#include "simulator/value.h"

namespace tidegate::simulator {

// `body` is what `request` was read from: DeepSeek names line and column.
// `prompt_tokens` as count_tokens(request) says. nullopt: the request is good.
[[nodiscard]] std::optional<Refusal> check_deepseek(const ChatRequest& request,
                                                    std::string_view body, Tokens prompt_tokens,
                                                    const Options& options, bool beta = false);
// What it takes at its beta base URL alone, and its rules there: strict functions and prefixes.
[[nodiscard]] std::optional<Refusal> check_beta_features(const ChatRequest& request, bool beta);
// "WHAT is only available when using beta api ..."
[[nodiscard]] Refusal beta_only(std::string_view what);
// And what all that speak like OpenAI have in common; only OpenAI itself cares how max_tokens is
// called.
[[nodiscard]] std::optional<Refusal> check_openai(const ChatRequest& request, Tokens prompt_tokens,
                                                  const Options& options,
                                                  Provider provider = Provider::openai);

[[nodiscard]] std::optional<Refusal> check_kimi(const ChatRequest& request, const Options& options);
// Google documents them for histories of other models (fact sheet, section 4).
[[nodiscard]] bool is_gemini_dummy(std::string_view signature);
[[nodiscard]] std::optional<Refusal> check_gemini(const ChatRequest& request);
[[nodiscard]] std::optional<Refusal> check_openrouter(const ChatRequest& request,
                                                      const Options& options);

// DeepSeek's rule on reasoning_content, which those who pass requests on to it share.
[[nodiscard]] std::optional<Refusal> check_reasoning_returned(const ChatRequest& request,
                                                              const Options& options);

// All providers: each tool call is answered at once, and nothing else is.
[[nodiscard]] std::optional<Refusal> check_tool_results(const ChatRequest& request);

// DeepSeek thinks unless it is told not to; the toggle wins over the effort (fact sheet 1.2).
[[nodiscard]] bool is_thinking(const ChatRequest& request);

// Some message holds `word`, in any case.
[[nodiscard]] bool mentions(const ChatRequest& request, std::string_view word);

// OpenAI's: temperature from 0 to 2, top_p from 0 to 1. The texts are numbers, or empty: not given.
[[nodiscard]] std::optional<Refusal> check_sampling(std::string_view temperature,
                                                    std::string_view top_p);
// OpenAI's: what a function takes is an object. `schema` may be null: nothing was said.
[[nodiscard]] std::optional<Refusal> check_function_schema(const Value* schema,
                                                           std::string_view name,
                                                           std::string param);

}  // namespace tidegate::simulator
