// Arguments: tells when the arguments of a tool call are whole, while they come in fragments.
// Used by the stream's encoder to know when a block may end. One per call, one thread.
#pragma once

#include <string_view>

namespace tidegate::translation::messages {

class Arguments {
 public:
  // `raw`: JSON within a string, as Event::tool_arguments has it; no escape may be cut in two.
  void add(std::string_view raw) {
    for (std::size_t i = 0; i < raw.size() && !whole_; ++i) {
      char c = raw[i];
      if (c == '\\' && i + 1 < raw.size()) {
        c = raw[++i];
        if (c == 'u') {
          const std::string_view code = raw.substr(i + 1, 4);
          i += code.size();
          c = code == "0022" ? '"' : code == "005c" || code == "005C" ? '\\' : 'x';
        } else if (c != '"' && c != '\\') {
          c = ' ';
        }
      }
      step(c);
    }
  }
  // An object was opened and closed.
  [[nodiscard]] bool whole() const { return whole_; }

 private:
  void step(char c) {
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if ((c == '}' || c == ']') && --depth_ <= 0) {
      whole_ = true;
    }
  }

  int depth_ = 0;
  bool in_string_ = false, escaped_ = false, whole_ = false;
};

}  // namespace tidegate::translation::messages
