#include "translation/messages_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace tidegate::translation::messages {

using protocol::FinishReason;

FinishReason finish_of(std::string_view stop_reason) {
  if (stop_reason == "end_turn" || stop_reason == "stop_sequence") return FinishReason::stop;
  if (stop_reason == "tool_use") return FinishReason::tool_calls;
  if (stop_reason == "max_tokens" || stop_reason == "model_context_window_exceeded") {
    return FinishReason::length;
  }
  if (stop_reason == "refusal") return FinishReason::content_filter;
  return FinishReason::other;  // pause_turn, ...
}

std::string_view stop_reason_of(FinishReason finish, bool tool_calls, bool stop_sequence) {
  switch (finish) {
    case FinishReason::length:
      return "max_tokens";
    case FinishReason::content_filter:
      return "refusal";
    case FinishReason::insufficient_system_resource:
    case FinishReason::aborted:
      return {};
    case FinishReason::none:
    case FinishReason::stop:
    case FinishReason::tool_calls:
    case FinishReason::other:
      break;
  }
  if (tool_calls) return "tool_use";
  return stop_sequence ? "stop_sequence" : "end_turn";
}

bool TokenCounts::read(json::Reader& reader) {
  if (reader.kind() != json::Kind::object) return reader.skip();
  return reader.object([&](std::string_view key) {
    Tokens* count = key == "input_tokens"                  ? &input
                    : key == "output_tokens"               ? &output
                    : key == "cache_read_input_tokens"     ? &cache_read
                    : key == "cache_creation_input_tokens" ? &cache_write
                                                           : nullptr;
    if (count == nullptr || reader.kind() != json::Kind::number) return reader.skip();
    std::string_view raw;
    if (!reader.scalar(raw)) return false;
    constexpr std::uint64_t kMost = std::uint64_t{1} << 53;
    *count = static_cast<Tokens>(std::min(parse_u64(raw).value_or(0), kMost));
    return true;
  });
}

Usage TokenCounts::usage() const {
  Usage usage;
  usage.prompt = input + cache_read + cache_write;
  usage.cached = cache_read;
  usage.cache_write = cache_write;
  usage.completion = output;
  return usage;
}

TokenCounts TokenCounts::of(const Usage& usage) {
  return {.input = std::max<Tokens>(0, usage.prompt - usage.cached - usage.cache_write),
          .cache_read = usage.cached,
          .cache_write = usage.cache_write,
          .output = usage.completion};
}

void TokenCounts::append_to(std::string& out) const {
  fmt::format_to(std::back_inserter(out),
                 R"({{"input_tokens":{},"cache_creation_input_tokens":{},)"
                 R"("cache_read_input_tokens":{},"output_tokens":{}}})",
                 input, cache_write, cache_read, output);
}

}  // namespace tidegate::translation::messages
