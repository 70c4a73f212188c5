// What a custom (free text) tool is called with where only functions are known; custom_calls.h
// makes the way back. A constant.
#pragma once

#include <string_view>

namespace tidegate::translation {

inline constexpr std::string_view kOneInput =
    R"({"type":"object","properties":{"input":{"type":"string"}},"required":["input"]})";

}  // namespace tidegate::translation
