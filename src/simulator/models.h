// The model names that the simulated providers know. Data; any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "simulator/endpoint.h"

namespace tidegate::simulator {

// Live and still accepted names (fact sheet 1.1); deepseek-chat and deepseek-reasoner are gone.
inline constexpr std::array<std::string_view, 4> kDeepseekModels{
    "deepseek-flash", "deepseek-v4-pro", "deepseek-v4-flash", "deepseek-v4-flash-vision-exp"};

// Those of OpenAI's and Gemini's that embed. Gemini's are named so; of OpenAI's side, whatever is
// not a chat model of its own is taken for one.
struct EmbeddingModel {
  std::string_view name;
  int dimensions;  // at most
  bool shortens;   // takes fewer
};
inline constexpr std::array<EmbeddingModel, 4> kEmbeddingModels{{
    {"text-embedding-3-small", 1536, true},
    {"text-embedding-3-large", 3072, true},
    {"text-embedding-ada-002", 1536, false},
    {"gemini-embedding-001", 3072, true},
}};

// What GET /v1/models lists. The OpenAI side stands in for every other provider as well, so it
// answers for any name, but for those that begin with "no-such".
inline constexpr std::array<std::string_view, 6> kOpenaiModels{
    "gpt-5.5",      "gpt-5.5-mini",           "gpt-4.1",
    "gpt-4.1-mini", "text-embedding-3-small", "text-embedding-3-large"};
inline constexpr std::string_view kUnknownModelPrefix = "no-such";

// The body of GET /models.
[[nodiscard]] std::string list_models(Provider provider);

}  // namespace tidegate::simulator
