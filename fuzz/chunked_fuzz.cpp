// Any split of a chunked body gives the same data, the same end and the same verdict; and taking
// whole chunks at once gives the same data as taking them byte by byte.
// The first byte of the input chooses the split.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http/chunked.h"

using tidegate::http::ChunkedDecoder;
using State = ChunkedDecoder::State;

namespace {

struct Decoded {
  State state = State::more;
  std::string data;
  std::size_t used = 0;  // bytes of the message, if it ended
  bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view stream, std::size_t step, bool whole_chunks = false) {
  ChunkedDecoder decoder;
  Decoded out;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    const std::string_view piece = stream.substr(at, step);
    // A buffer of its own, so that a sanitizer sees reads past its end.
    const std::vector<char> buffer(piece.begin(), piece.end());
    std::string_view input(buffer.data(), buffer.size());
    std::string_view data;
    std::string_view chunk;
    for (;;) {
      if (whole_chunks && decoder.take_whole(input, data, chunk)) {
        if (!chunk.ends_with("\r\n") || chunk.find(data) == std::string_view::npos) std::abort();
        out.data += data;
        continue;
      }
      out.state = decoder.next(input, data);
      if (out.state != State::data) break;
      if (data.empty()) std::abort();
      out.data += data;
    }
    if (out.state == State::bad && decoder.problem().empty()) std::abort();
    if (out.state == State::end) out.used = at + piece.size() - input.size();
    if (out.state != State::more) return out;
    if (!input.empty()) std::abort();
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const Decoded whole = decode(stream, stream.size());
  const std::size_t step = 1u + bytes[0];
  if (decode(stream, 1) != whole || decode(stream, step) != whole) std::abort();
  if (decode(stream, stream.size(), true) != whole || decode(stream, step, true) != whole) {
    std::abort();
  }
  return 0;
}
