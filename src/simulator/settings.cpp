#include "simulator/settings.h"

#include <fmt/format.h>

#include <string_view>

#include "base/text.h"

namespace tidegate::simulator {
namespace {

constexpr Duration kMaxWait = 10min;
constexpr std::uint64_t kMaxTokens = 2'000'000;

std::unexpected<Error> bad(const http::Header& header, std::string_view expected) {
  return fail(ErrorCode::invalid,
              fmt::format("{} is '{}', expected {}.", header.name, header.value(), expected),
              to_lower(header.name));
}

bool read_wait(std::string_view text, Duration& out) {
  const auto wait = parse_duration(text);
  if (!wait || *wait > kMaxWait) return false;
  out = *wait;
  return true;
}

std::optional<int> read_tokens(std::string_view text) {
  const auto number = parse_u64(text);
  if (!number || *number == 0 || *number > kMaxTokens) return std::nullopt;
  return static_cast<int>(*number);
}

std::optional<ToolPlan> read_tool_plan(std::string_view text) {
  const std::size_t x = std::min(text.find('x'), text.size());
  const auto steps = parse_u64(text.substr(0, x));
  const auto calls =
      x == text.size() ? std::optional<std::uint64_t>(1) : parse_u64(text.substr(x + 1));
  if (!steps || !calls || *steps > 1000 || *calls == 0 || *calls > 16) return std::nullopt;
  return ToolPlan{static_cast<int>(*steps), static_cast<int>(*calls)};
}

}  // namespace

Result<Settings> read_settings(const Options& options, const http::Headers& headers) {
  Settings settings{.options = options, .answer_tokens = {}, .tools = {}, .fault = {}, .scope = {}};
  for (const http::Header& header : headers) {
    const std::string name = to_lower(header.name);
    if (!name.starts_with("x-sim-")) continue;
    if (name == "x-sim-fault") {
      settings.fault = header.value();
    } else if (name == "x-sim-id") {
      settings.scope = header.value();
    } else if (name == "x-sim-first-token") {
      if (!read_wait(header.value(), settings.options.first_token)) return bad(header, "up to 10m");
    } else if (name == "x-sim-gap") {
      if (!read_wait(header.value(), settings.gap)) return bad(header, "up to 10m");
    } else if (name == "x-sim-rate") {
      const auto rate = read_tokens(header.value());
      if (!rate) return bad(header, "tokens per second, 1 or more");
      settings.options.tokens_per_second = *rate;
    } else if (name == "x-sim-tokens") {
      settings.answer_tokens = read_tokens(header.value());
      if (!settings.answer_tokens) return bad(header, "1 to 2000000");
    } else if (name == "x-sim-tools") {
      settings.tools = read_tool_plan(header.value());
      if (!settings.tools) return bad(header, "STEPS or STEPSxCALLS, up to 1000x16");
    } else if (name == "x-sim-context") {
      const auto context = read_tokens(header.value());
      if (!context) return bad(header, "1 to 2000000");
      settings.options.deepseek_context = *context;
      settings.options.openai_input = *context;
      settings.options.anthropic_context = *context;
    } else if (name == "x-sim-strict") {
      settings.options.refuse_unknown_fields |= header.value().contains("unknown-fields");
      settings.options.refuse_empty_reasoning |= header.value().contains("empty-reasoning");
      settings.options.thinking_comes_first |= header.value().contains("thinking-first");
    } else {
      return bad(header, "no such header; see docs/simulator.md");
    }
  }
  return settings;
}

}  // namespace tidegate::simulator
