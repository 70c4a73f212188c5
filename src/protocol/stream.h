// StreamReader: reads the events of a streamed chat answer while they pass by, and tells which is
// which. Used by the forwarder of a stream, fed by http::SseScanner. One per stream, one thread.
//
// A stream of OpenAI's and DeepSeek's chat dialect is complete if and only if "[DONE]" came (fact
// sheet 1.4); whatever else it said, a stream that ends without it is truncated.
#pragma once

#include <memory>

#include "protocol/answer.h"
#include "protocol/content_pattern.h"

namespace tidegate::protocol {

enum class EventClass : std::uint8_t {
  content,     // text, reasoning or a tool call: the answer has begun
  role_only,   // the opening chunk, with nothing to show yet
  finish,      // a finish_reason, nothing to show
  usage_only,  // the extra chunk of stream_options.include_usage: no choices, but usage
  done,        // [DONE]
  error,       // an error inside the stream
  garbage,     // not JSON, or not an object
  other,
};
[[nodiscard]] std::string_view name(EventClass event_class);
// Whether an event's payload is a JSON object that any client can read, whatever it says.
[[nodiscard]] bool is_object(std::string_view data);

class StreamReader {
 public:
  // `data` is an event's payload. Budget: 0.25 us for a content chunk of 237 bytes, no allocation
  // (protocol_bench, BM_StreamReader).
  EventClass read(std::string_view data);

  [[nodiscard]] const Answer& answer() const { return answer_; }
  [[nodiscard]] bool done() const { return done_; }
  // What the stream amounts to if it ends now.
  [[nodiscard]] Ending ending() const;

 private:
  Answer answer_;
  bool done_ = false;
  std::unique_ptr<ContentPattern> pattern_;
};

}  // namespace tidegate::protocol
