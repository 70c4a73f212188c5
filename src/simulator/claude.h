// What the versions of Claude take and refuse. By the fact sheet of DeepSeek V4, section 4, and
// platform.claude.com: adaptive thinking came with 4.6, budgets and sampling went with 4.7.
// Data and pure functions, any thread.
#pragma once

#include <string_view>

#include "base/money.h"

namespace tidegate::simulator {

struct Claude {
  int major = 4;
  int minor = 5;
  bool opus = false;

  [[nodiscard]] int version() const { return major * 100 + minor; }
  [[nodiscard]] bool takes_adaptive() const { return version() >= 406; }
  [[nodiscard]] bool takes_budget() const { return version() >= 307 && version() < 407; }
  [[nodiscard]] bool takes_effort() const { return takes_adaptive() || (opus && minor == 5); }
  [[nodiscard]] bool takes_sampling() const { return version() < 407; }
  [[nodiscard]] bool takes_both_samplings() const { return version() < 401; }
  [[nodiscard]] bool takes_prefill() const { return version() < 406; }
  // Thinking is shown only when asked for by "display".
  [[nodiscard]] bool hides_thinking() const { return version() >= 407; }
  [[nodiscard]] Tokens context() const { return takes_adaptive() ? 1'000'000 : 200'000; }
  [[nodiscard]] Tokens max_output() const;
};

// From the name: "claude-opus-4-7", "anthropic/claude-sonnet-4.5", "claude-3-7-sonnet-20250219".
// Without a version: 4.5.
[[nodiscard]] Claude claude_of(std::string_view model);

}  // namespace tidegate::simulator
