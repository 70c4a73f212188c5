// Faults that a test asks for: by the header x-sim-fault or by a suffix of the model's name,
// "deepseek-v4-flash:fault=429-retry-after-1". Plain values and pure functions, any thread.
//
// Text: a comma-separated list of NAME[-NUMBER][*TIMES], e.g. "500*2", "cut-3", "503*1,cut-2*1".
// TIMES: for so many requests of one scope, then the next of the list, then none. Without it:
// always.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tidegate::simulator {

enum class FaultKind : std::uint8_t {
  none,
  // Instead of an answer.
  status,    // 4xx, 5xx; number: seconds of Retry-After
  hang,      // no byte
  close,     // closes without an answer
  reset,     // RST; with a number, after so many events
  cut_head,  // half a response head, then closes
  garbage,   // 200 with a body that is not JSON
  // In the delivery of a good answer.
  garbage_stream,  // events that are not JSON
  keep_alive,      // first so many SSE comments, or blank lines before a JSON body
  cut,             // closes after so many events (or in the middle of a JSON body)
  hang_stream,     // falls silent after so many events
  error_event,     // an error object as an event after so many, then the end
  slow_chunks,     // so many milliseconds between events
  byte_by_byte,    // every byte in a write of its own
  utf8_split,      // every multi-byte character in two writes
  // In the answer itself.
  huge_chunk,      // one event of 1 MiB
  no_resource,     // finish_reason insufficient_system_resource
  aborted,         // finish_reason aborted
  failed,          // Responses: status failed
  content_filter,  // finish_reason content_filter after half of the words
  refusal,         // a refusal instead of content
  dsml,            // tool calls leak into the words; number: a DsmlForm
  misfit,          // the JSON asked for, with values of other types
  fence,           // the words in a code fence
  empty_stop,      // finish_reason stop without any content
  zero_reasoning,  // thinking is on and nothing was thought
  no_done,         // no [DONE]
  usage_only_chunk,
  usage_last_chunk,
  usage_both,
  no_usage,
};

struct Fault {
  enum class RetryAfter : std::uint8_t { none, seconds, date };

  FaultKind kind = FaultKind::none;
  int number = 0;  // events, comments, milliseconds or seconds, as the kind says
  int status = 0;  // FaultKind::status
  RetryAfter retry_after = RetryAfter::none;
  unsigned times = 0;  // 0: always
};

// Error::invalid names the first word that is no fault, and all that are.
[[nodiscard]] Result<std::vector<Fault>> parse_faults(std::string_view text);

// The fault for the request that comes after `earlier` ones of its scope.
[[nodiscard]] Fault choose_fault(std::span<const Fault> faults, unsigned earlier);

// Cuts ":fault=..." off `model` and returns what came behind it; empty when there is none.
[[nodiscard]] std::string take_fault_suffix(std::string& model);

}  // namespace tidegate::simulator
