// CustomCalls: calls of custom (free text) tools on their way back. A provider that knows only
// functions is told such a tool as a function with one `input`; its calls become the client's
// again. Stands between a decoder and whatever takes its events. One per answer, one thread.
//
// A call's text goes out as one piece, when the call has ended: it is a JSON string within a JSON
// string, and what is no such object after all has to reach the client as it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "translation/event.h"

namespace tidegate::translation {

class CustomCalls : public EventSink {
 public:
  // `tools`: names of the request's custom tools, raw. `next` must outlive this.
  CustomCalls(EventSink& next, std::vector<std::string> tools)
      : next_(next), tools_(std::move(tools)) {}

  void take(const Event& event) override;

 private:
  struct Call {
    std::uint32_t index = 0;
    std::string arguments;  // raw
  };

  void end_calls();

  EventSink& next_;
  std::vector<std::string> tools_;
  std::vector<Call> open_;
};

}  // namespace tidegate::translation
