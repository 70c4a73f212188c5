#include "simulator/chat_profile.h"

#include "simulator/rules.h"

namespace tidegate::simulator {
namespace {

constexpr std::string_view kContent = "reasoning_content";

constexpr ChatProfile kOpenai{.reasoning_out = "", .reasoning_in = {}, .openai_extras = true};
constexpr ChatProfile kDeepseek{.reasoning_out = kContent,
                                .reasoning_in = {kContent},
                                .cache_counts = true,
                                .usage_on_last_chunk = true,
                                .empty_content = true};
constexpr ChatProfile kKimi{
    .reasoning_out = kContent, .reasoning_in = {kContent}, .empty_content = true};
constexpr ChatProfile kGemini{.reasoning_out = "", .reasoning_in = {}, .thought_signatures = true};
// It neither writes nor reads reasoning_content (fact sheet 2.1, row 23).
constexpr ChatProfile kVllm{.reasoning_out = "reasoning", .reasoning_in = {"reasoning"}};
constexpr ChatProfile kEngine{.reasoning_out = kContent, .reasoning_in = {kContent}};
constexpr ChatProfile kOpenrouter{.reasoning_out = "reasoning",
                                  .reasoning_in = {kContent, "reasoning"},
                                  .reasoning_details = true};

}  // namespace

const ChatProfile& profile_of(Provider provider) {
  switch (provider) {
    case Provider::deepseek:
      return kDeepseek;
    case Provider::kimi:
      return kKimi;
    case Provider::gemini:
      return kGemini;
    case Provider::vllm:
      return kVllm;
    case Provider::sglang:
    case Provider::llamacpp:
      return kEngine;
    case Provider::openrouter:
      return kOpenrouter;
    default:
      return kOpenai;
  }
}

bool thinks(Provider provider, const ChatRequest& request) {
  const bool effort = request.effort.value_or("none") != "none";
  switch (provider) {
    case Provider::deepseek:
      return is_thinking(request);
    case Provider::kimi:
      return !request.thinking_disabled;
    case Provider::vllm:
    case Provider::sglang:
      return request.template_thinks.value_or(false);  // off by default (fact sheet 3.4)
    case Provider::llamacpp:
      return request.template_thinks.value_or(true);
    case Provider::gemini:
      return request.effort.value_or("medium") != "none";
    case Provider::openrouter:
      return request.effort
                 ? effort
                 : request.reasoning_enabled.value_or(upstream_of(request.model) == "deepseek" ||
                                                      upstream_of(request.model) == "google");
    default:
      return effort;
  }
}

std::string_view upstream_of(std::string_view model) { return model.substr(0, model.find('/')); }

}  // namespace tidegate::simulator
