#include "translation/chat_words.h"

#include <fmt/format.h>

#include <iterator>

#include "translation/cargo.h"
#include "translation/chat_reasoning.h"

namespace tidegate::translation {

std::string_view chat_finish(protocol::FinishReason finish) {
  using protocol::FinishReason;
  if (finish == FinishReason::none || finish == FinishReason::other) return "stop";
  return protocol::name(finish);
}

void append_chat_usage(std::string& out, const Usage& usage) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},)"
                 R"("prompt_tokens_details":{{"cached_tokens":{})",
                 usage.prompt, usage.completion, usage.prompt + usage.completion, usage.cached);
  if (usage.cache_write != 0)
    fmt::format_to(std::back_inserter(out), R"(,"cache_write_tokens":{})", usage.cache_write);
  fmt::format_to(std::back_inserter(out),
                 R"(}},"completion_tokens_details":{{"reasoning_tokens":{}}}}})", usage.reasoning);
}

void ReasoningSeals::take(std::string_view reasoning) {
  if (!open_) from_ = to_;
  open_ = true;
  to_ += utf16_units(reasoning);
}

bool ReasoningSeals::append(std::string& out, const Event& seal, std::string_view maker) {
  const bool text = open_ && to_ > from_;
  open_ = false;
  if (seal.seal == Seal::none) return false;
  const std::string envelope = wrap(
      {seal.seal, std::string(maker), std::string(seal.id), std::string(seal.text), std::string()});
  if (text) {
    out +=
        fmt::format(R"({{"type":"reasoning.text","text":"","from":{},"to":{},"signature":"{}"}})",
                    from_, to_, envelope);
  } else {
    out += fmt::format(R"({{"type":"reasoning.encrypted","data":"{}"}})", envelope);
  }
  return true;
}

}  // namespace tidegate::translation
