// Nothing that a provider sends may crash us, and what is said about it holds together: a stream's
// classes do not depend on the pattern that spares the JSON parser, and scrubbed texts stay so.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/sse_scanner.h"
#include "protocol/error_body.h"
#include "protocol/retry_after.h"
#include "protocol/scrub.h"
#include "protocol/stream.h"

namespace {

using namespace tidegate;
using namespace tidegate::protocol;

void require(bool holds) {
  if (!holds) std::abort();
}

void read_stream(json::Parser& parser, std::string_view bytes) {
  http::SseScanner scanner;
  http::SseEvent event;
  StreamReader stream;
  while (*scanner.next(bytes, event)) {
    if (event.kind != http::SseEvent::Kind::data) continue;
    const EventClass seen = stream.read(parser, event.data);
    // A reader that knows no pattern yet parses the event.
    require(StreamReader().read(parser, event.data) == seen);
  }
  require(stream.answer().tool_call_ids.size() <= Answer::kMaxToolCallIds);
  require(stream.ending() != Ending::complete || stream.done());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static json::Parser parser;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  read_stream(parser, text);
  if (const auto answer = read_answer(parser, text)) {
    require(answer->error.size() <= Answer::kMaxErrorBytes);
    if (answer->usage) require(answer->usage->prompt >= 0 && answer->usage->completion >= 0);
  }
  for (const int status : {200, 400, 429, 502}) {
    const ProviderError error = read_error(parser, status, text);
    require(!error.message.empty() && error.message.size() <= kMaxMessage);
    require(!leaks_key(error.message));
  }
  const std::string scrubbed = scrub_keys(text, "a-secret-key");
  require(scrub_keys(scrubbed, "a-secret-key") == scrubbed);
  const auto wait = read_retry_after(text, {}, WallTime{});
  require(!wait || (*wait >= Duration::zero() && *wait <= kMaxRetryAfter));
  return 0;
}
