// Requests to send: complete HTTP/1.1 POSTs whose chat bodies are all different, made before the
// clock starts. Used by the load generator on its one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "unique_text.h"

namespace tidegate::bench {

enum class BodySize {
  small,  // about 2 KB: one tool, a short agent turn
  large,  // about 2 MB: 20 tools, some 480 messages of history with tool calls and results
};

struct Kind {
  BodySize size = BodySize::small;
  bool stream = false;
  bool unique = false;    // no head, tool declaration or conversation comes twice
  bool messages = false;  // in the words of Anthropic's Messages, else Chat Completions
  std::string key = "sk-client-0123456789abcdef0123456789abcdef";
  std::string model = "auto";  // as the client names it; "auto" lets a gateway's policy decide
};

class Requests {
 public:
  Requests(const Kind& kind, std::size_t count);

  // The next of the pool, round robin; valid until the pool has come round.
  std::string_view next();

 private:
  std::vector<UniqueText> pool_;
  bool unique_;
  std::size_t next_ = 0;
};

}  // namespace tidegate::bench
