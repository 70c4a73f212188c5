// What the mock provider says: a chat completion of about 1.95 KB and the parts of a chat stream,
// in the shapes that OpenAI-compatible servers send. Immutable after start.
#pragma once

#include <string>

namespace tidegate::bench {

struct CannedAnswers {
  CannedAnswers();

  std::string completion;   // a whole answer, head included
  std::string stream_head;  // status line and headers of a chunked event stream
  std::string chunk;        // one event of 237 bytes in one HTTP chunk
  std::string stream_end;   // finish, usage, [DONE], last HTTP chunk
};

}  // namespace tidegate::bench
