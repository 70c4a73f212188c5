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

// What GET /v1/models lists. The OpenAI side stands in for every other provider as well, so it
// answers for any name, but for those that begin with "no-such".
inline constexpr std::array<std::string_view, 4> kOpenaiModels{"gpt-5.5", "gpt-5.5-mini", "gpt-4.1",
                                                               "gpt-4.1-mini"};
inline constexpr std::string_view kUnknownModelPrefix = "no-such";

// The body of GET /models.
[[nodiscard]] std::string list_models(Provider provider);

}  // namespace tidegate::simulator
