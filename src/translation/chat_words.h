// What the chat surface's writers of streams and of whole answers share: reasons to finish, usage,
// and reasoning_details that carry our envelopes. One ReasoningSeals per answer; the rest is pure.
#pragma once

#include <string>

#include "translation/codec.h"

namespace tidegate::translation {

[[nodiscard]] std::string_view chat_finish(protocol::FinishReason finish);
void append_chat_usage(std::string& out, const Usage& usage);

// Follows the reasoning of an answer, so that each seal can name the stretch of it that it closes.
class ReasoningSeals {
 public:
  void take(std::string_view reasoning);
  void close() { open_ = false; }
  // Appends one item of reasoning_details, as chat_reasoning.h describes it; false: there is none
  // to write.
  bool append(std::string& out, const Event& seal, std::string_view maker);

 private:
  std::uint64_t from_ = 0, to_ = 0;  // in UTF-16 units
  bool open_ = false;
};

}  // namespace tidegate::translation
