// Event: one step of an answer, in no dialect. A stream's decoder makes them as the provider's
// bytes come in, a stream's encoder turns them into the client's; a whole answer is the same
// events in one go. Views hold until the decoder's next call. Plain values, one worker.
//
// Order: start, then any number of text, refusal, reasoning..., tool_call with its tool_arguments,
// then finish and usage in any order, then done. An error may come at any time and is the last.
// All text is raw, as between the quotes in JSON; a fragment is a whole raw string by itself.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/usage.h"
#include "protocol/answer.h"
#include "translation/request.h"

namespace tidegate::translation {

struct Event {
  enum class Kind : std::uint8_t {
    start,           // id, name (model as served)
    text,            // text; for the user
    refusal,         // text
    reasoning,       // text; adds to the reasoning that is open, or opens one; with the seal
                     // openai_encrypted it is a summary
    reasoning_seal,  // seal, text (the proof), id; closes the reasoning that is open
    tool_call,       // index, id, name; custom; closes all that is open
    tool_arguments,  // index, text: JSON within a string, in fragments
    tool_seal,       // index, seal, text: a proof that belongs to a tool call
    citation,        // text is a JSON value in the words of `name` (a surface)
    finish,          // finish; stop_sequence in text where one was hit
    usage,           // the latest counts; they replace those before
    done,            // the end marker of the provider: the answer is complete
    error,           // text is the provider's error, a JSON value; for protocol::read_error()
  };
  Kind kind = Kind::start;
  bool custom = false;
  Seal seal = Seal::none;
  protocol::FinishReason finish = protocol::FinishReason::none;
  std::uint32_t index = 0;  // of tool calls, from 0 in the order in which they began
  std::string_view text, id, name;
  Usage usage;
};

// Takes events. Must use their views at once.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void take(const Event& event) = 0;
};

}  // namespace tidegate::translation
