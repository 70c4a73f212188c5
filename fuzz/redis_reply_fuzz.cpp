// Any split of a server's bytes gives the same replies and the same verdict.
// The first byte of the input chooses the split.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "redis/reply.h"

using tidegate::redis::Reply;
using tidegate::redis::ReplyReader;

namespace {

struct Replies {
  std::vector<Reply> replies;
  bool bad = false;

  bool operator==(const Replies& other) const {
    if (bad != other.bad || replies.size() != other.replies.size()) return false;
    for (std::size_t i = 0; i < replies.size(); ++i) {
      if (!same(replies[i], other.replies[i])) return false;
    }
    return true;
  }
  // As ==, but a number that is none is like itself.
  static bool same(const Reply& a, const Reply& b) {
    if (a.kind != b.kind || a.text != b.text || a.integer != b.integer) return false;
    if (a.real != b.real && (a.real == a.real || b.real == b.real)) return false;
    if (a.items.size() != b.items.size()) return false;
    for (std::size_t i = 0; i < a.items.size(); ++i) {
      if (!same(a.items[i], b.items[i])) return false;
    }
    return true;
  }
};

Replies read(std::string_view stream, std::size_t step) {
  ReplyReader reader;
  Replies out;
  for (std::size_t at = 0; at < stream.size() && !out.bad; at += step) {
    reader.feed(stream.substr(at, step));
    for (;;) {
      auto next = reader.next();
      out.bad = !next.has_value();
      if (out.bad || !next->has_value()) break;
      out.replies.push_back(std::move(**next));
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const Replies whole = read(stream, stream.size());
  if (!(read(stream, 1) == whole) || !(read(stream, 1u + bytes[0]) == whole)) std::abort();
  return 0;
}
