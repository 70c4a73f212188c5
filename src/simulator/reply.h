// Reply: everything that is to be sent for one chat request, and when. Made at once by the
// simulator, sent by deliver(). A plain value.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "simulator/fault.h"

namespace tidegate::simulator {

struct Reply {
  int status = 200;
  std::string headers = {};  // "Name: value\r\n" each
  // One of the two; `events` for a stream.
  std::string body = {};
  std::vector<std::string> events = {};

  Fault fault = {};
  std::string error_event = {};  // what FaultKind::error_event sends
  std::vector<std::string> reasoning =
      {};  // that the request brought back to the model, for the journal
  Duration first_token{0};
  Duration per_event{0};
  Duration whole{0};  // how long a body that is not streamed takes
  Duration gap{0};    // between keep-alive comments or blank lines
};

}  // namespace tidegate::simulator
