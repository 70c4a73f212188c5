// Nothing that a provider sends may crash us, and what is said about it holds together: a stream's
// classes and an answer's meaning do not depend on the patterns that spare the JSON parser, and
// scrubbed texts stay so.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/sse_scanner.h"
#include "protocol/answer_reader.h"
#include "protocol/embeddings.h"
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

void read_stream(std::string_view bytes) {
  http::SseScanner scanner;
  http::SseEvent event;
  StreamReader stream;
  while (*scanner.next(bytes, event)) {
    if (event.kind != http::SseEvent::Kind::data) continue;
    const EventClass seen = stream.read(event.data);
    // A reader that knows no pattern yet parses the event.
    require(StreamReader().read(event.data) == seen);
  }
  require(stream.answer().tool_call_ids.size() <= Answer::kMaxToolCallIds);
  require(stream.ending() != Ending::complete || stream.done());
}

// The bytes are an answer and, after a zero byte, what replaces as many of its bytes from a place
// on that the first of them gives: an answer that is nearly known.
void read_answers(std::string_view bytes) {
  const std::size_t zero = std::min(bytes.find('\0'), bytes.size());
  const std::string known(bytes.substr(0, zero));
  std::string next = known;
  if (bytes.size() > zero + 2 && !known.empty()) {
    const std::string_view patch = bytes.substr(zero + 2);
    const std::size_t place = static_cast<unsigned char>(bytes[zero + 1]) * known.size() / 256;
    next.replace(place, patch.size(), patch);
  }
  AnswerReader reader;
  for (const std::string& text : {known, next, known}) {
    const auto answer = reader.read(text);
    const auto parsed = AnswerReader().read(text);
    require(answer.has_value() == parsed.has_value());
    if (!answer) continue;
    require(*answer == *parsed && answer->error.size() <= Answer::kMaxErrorBytes);
    if (answer->usage) require(answer->usage->prompt >= 0 && answer->usage->completion >= 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  read_stream(text);
  read_answers(text);
  if (const auto vectors = read_embeddings(text)) {
    require(ending(*vectors) == Ending::complete || ending(*vectors) == Ending::error);
  }
  for (const int status : {200, 400, 429, 502}) {
    const ProviderError error = read_error(status, text);
    require(!error.message.empty() && error.message.size() <= kMaxMessage);
    require(!leaks_key(error.message));
  }
  const std::string scrubbed = scrub_keys(text, "a-secret-key");
  require(scrub_keys(scrubbed, "a-secret-key") == scrubbed);
  const auto wait = read_retry_after(text, {}, WallTime{});
  require(!wait || (*wait >= Duration::zero() && *wait <= kMaxRetryAfter));
  return 0;
}
