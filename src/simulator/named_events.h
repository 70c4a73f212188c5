// NamedEvents: the events of a stream whose events have names, "event: TYPE" over data with the
// same type in it, as Anthropic's Messages and OpenAI's Responses have them. One per stream.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json/writer.h"

namespace tidegate::simulator {

class NamedEvents {
 public:
  // numbered: each event carries its sequence_number.
  explicit NamedEvents(bool numbered) : numbered_(numbered) {}

  // An event whose members beside `type` write(json) adds.
  template <class Write>
  void add(std::string_view type, Write&& write) {
    std::string event = "event: ";
    event.append(type).append("\ndata: ");
    json::Writer json(event);
    json.begin_object().member("type", type);
    if (numbered_) json.member("sequence_number", events_.size());
    write(json);
    json.end_object();
    event += "\n\n";
    events_.push_back(std::move(event));
  }
  void add(std::string_view type) {
    add(type, [](json::Writer&) {});
  }
  std::vector<std::string> take() { return std::move(events_); }

 private:
  const bool numbered_;
  std::vector<std::string> events_;
};

}  // namespace tidegate::simulator
