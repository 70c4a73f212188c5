// ResponsesCalls: the tool calls of an answer that are open. They may run side by side, so each
// keeps its arguments until all are closed. Used by the encoder alone. One per answer, one worker.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "translation/event.h"
#include "translation/responses_events.h"

namespace tidegate::translation {

class ResponsesCalls {
 public:
  // Both must outlive this. `answer` is the id that the items' ids are made of.
  ResponsesCalls(ResponsesEvents& events, const std::string& answer)
      : events_(events), answer_(answer) {}

  // `item` is the call's output_index.
  void begin(const Event& event, std::size_t item, std::string& out);
  // Arguments of a call that is not open are passed over.
  void add(const Event& event, std::string& out);
  // Closes all; their items are appended to `items`, the elements of a list.
  void close(std::string_view status, std::string& items, std::string& out);

 private:
  struct Call {
    std::uint32_t index = 0;  // of the events
    std::size_t item = 0;
    bool custom = false;
    std::string id, name, arguments;
  };

  void add(Call& call, std::string_view text, std::string& out);
  void close(Call& call, std::string_view status, std::string& items, std::string& out);
  void append_head(std::string& out, const Call& call) const;
  void append_place(std::string& out, const Call& call) const;

  ResponsesEvents& events_;
  const std::string& answer_;
  std::vector<Call> calls_;
  std::string scratch_;  // its memory is used again
};

}  // namespace tidegate::translation
