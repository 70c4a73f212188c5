// Any split of a stream gives the same events, and their bytes make up the stream.
// The first byte of the input chooses the split.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "http/sse_scanner.h"

namespace {

using tidegate::http::SseEvent;
using tidegate::http::SseScanner;

struct Seen {
  SseEvent::Kind kind;
  std::uint64_t offset;
  std::string bytes, data, name;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> scan(std::string_view stream, std::size_t step) {
  SseScanner scanner;
  SseEvent event;
  std::vector<Seen> seen;
  auto note = [&] {
    seen.push_back({event.kind, event.offset, std::string(event.bytes), std::string(event.data),
                    std::string(event.name)});
  };
  for (std::size_t at = 0; at < stream.size(); at += step) {
    // A buffer of its own, so that a sanitizer sees reads past its end.
    const std::vector<char> buffer(
        stream.begin() + static_cast<std::ptrdiff_t>(at),
        stream.begin() + static_cast<std::ptrdiff_t>(std::min(at + step, stream.size())));
    std::string_view input(buffer.data(), buffer.size());
    while (scanner.next(input, event).value()) note();
  }
  if (scanner.finish(event)) note();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const std::vector<Seen> whole = scan(stream, stream.size());
  if (scan(stream, 1 + bytes[0]) != whole || scan(stream, 1) != whole) std::abort();
  std::string all;
  for (const Seen& event : whole) {
    if (event.offset != all.size()) std::abort();
    all += event.bytes;
  }
  if (all != stream) std::abort();
  return 0;
}
