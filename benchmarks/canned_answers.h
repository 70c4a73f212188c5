// What the mock provider says: a chat completion of about 1.95 KB and the parts of a chat stream,
// in the shapes that OpenAI-compatible servers send. Used on the one thread of the upstream.
#pragma once

#include <string>

#include "unique_text.h"

namespace tidegate::bench {

struct CannedAnswers {
  explicit CannedAnswers(bool unique);

  UniqueText completion;    // a whole answer, head included; with places for numbers if unique
  std::string stream_head;  // status line and headers of a chunked event stream
  std::string chunk;        // one event of 237 bytes in one HTTP chunk
  std::string stream_end;   // finish, usage, [DONE], last HTTP chunk
};

}  // namespace tidegate::bench
