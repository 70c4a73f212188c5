// BlockWriter: writes the events of content blocks in the Messages surface's stream, one block
// after the other. Used by the stream's encoder, which decides on their order. One per stream.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tidegate::translation::messages {

class BlockWriter {
 public:
  void begin_text(std::string& out);
  void begin_thinking(std::string& out);
  void begin_tool(std::string& out, std::string_view id, std::string_view name);
  void redacted(std::string& out, std::string_view data);  // a whole block
  // A delta of the block that is open; `type` "text_delta" has the member "text", and so on.
  void delta(std::string& out, std::string_view type, std::string_view member,
             std::string_view raw);
  void citation(std::string& out, std::string_view json);
  void end(std::string& out);

 private:
  void begin(std::string& out);
  std::uint32_t index_ = 0;  // of the block that is open, or of the next one
};

// "event: NAME\ndata: {"type":"NAME"", to be followed by members and end_event().
void begin_event(std::string& out, std::string_view name);
void end_event(std::string& out);

}  // namespace tidegate::translation::messages
