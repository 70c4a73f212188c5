// ChatEvents: turns what chunks or a whole answer of the chat surface say into events, in their
// right order, and keeps track of tool calls: by index, by id where there is no index (Gemini), by
// name where there is neither. Used by the chat surface's decoders; one per answer, one thread.
#pragma once

#include <string>
#include <vector>

#include "translation/chat_delta.h"
#include "translation/event.h"

namespace tidegate::translation {

class ChatEvents {
 public:
  // `text` is what `delta` was read from. Error invalid: out of order. False: it was an error,
  // which has been told; nothing may follow.
  Result<bool> add(std::string_view text, const ChatDelta& delta, EventSink& sink);

 private:
  struct Call {
    std::optional<std::uint32_t> index;
    std::string id;
    bool begun = false;  // its name came, so the event did
  };

  void start(const ChatDelta& delta, EventSink& sink);
  void reasoning(const ChatDelta& delta, EventSink& sink);
  void detail(std::string_view item, bool with_text, EventSink& sink);
  Result<void> call(const ChatDelta::Call& delta, EventSink& sink);
  std::size_t find(const ChatDelta::Call& delta);
  void ending(std::string_view text, const ChatDelta& delta, EventSink& sink);

  std::vector<Call> calls_;
  std::uint32_t begun_ = 0;
  std::uint64_t answer_ = 0;  // of its id, for calls that have none
  bool started_ = false;
  bool finished_ = false;
  std::string scratch_;
};

}  // namespace tidegate::translation
