// How one request is to be answered: the options, as its x-sim-* headers change them.
// Made once per request, then immutable. Pure function, any thread.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "http/head.h"
#include "simulator/options.h"

namespace tidegate::simulator {

// How often a model calls tools before it answers.
struct ToolPlan {
  int steps = 0;
  int calls = 0;  // in each step
};

struct Settings {
  Options options;
  std::optional<int> answer_tokens;  // x-sim-tokens: length of the visible answer
  Duration gap = 50ms;               // x-sim-gap: between keep-alive comments and blank lines
  std::optional<ToolPlan> tools;     // x-sim-tools
  std::string fault;                 // x-sim-fault
  std::string scope;                 // x-sim-id: what "*TIMES" of a fault counts by
};

// x-sim-first-token: 200ms   x-sim-rate: 50 (tokens per second)   x-sim-tokens: 500
// x-sim-gap: 100ms           x-sim-context: 2000 (tokens)         x-sim-fault, x-sim-id
// x-sim-tools: 3 or 3x2 (steps of a tool loop, calls in each)
// x-sim-strict: unknown-fields, empty-reasoning, thinking-first
// Error::invalid names the header at fault.
[[nodiscard]] Result<Settings> read_settings(const Options& options, const http::Headers& headers);

}  // namespace tidegate::simulator
