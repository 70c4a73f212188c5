// Reply: one answer of a Redis server, and ReplyReader, which takes it from the bytes that come in,
// in whatever pieces. RESP2 and RESP3 (redis.io/docs/reference/protocol-spec).
// Used by Connection. Plain values; a reader belongs to one connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tidegate::redis {

struct Reply {
  enum class Kind : std::uint8_t { null, text, error, integer, real, boolean, list, map };
  Kind kind = Kind::null;
  std::string text;          // of text and error: "NOSCRIPT No matching script"
  std::int64_t integer = 0;  // of integer and boolean
  double real = 0;
  std::vector<Reply> items;  // of list (also sets); of map: key, value, key, value

  bool operator==(const Reply&) const = default;
  [[nodiscard]] bool is_error(std::string_view code) const {
    return kind == Kind::error && text.starts_with(code);
  }
  // Of an integer or a text that is one; else absent.
  [[nodiscard]] std::optional<std::int64_t> number() const;
  // The item of a list, or the value of a map's key; null where there is none.
  [[nodiscard]] const Reply* at(std::size_t index) const;
  [[nodiscard]] const Reply* find(std::string_view key) const;
};

class ReplyReader {
 public:
  static constexpr std::size_t kMaxBytes = 4u << 20;  // of one reply
  static constexpr int kMaxDepth = 8;

  void feed(std::string_view bytes);
  // The next whole reply; absent: more bytes are needed. After an error (bad_answer, or too_large)
  // the connection is of no use. What the server pushes unasked is left out.
  Result<std::optional<Reply>> next();
  [[nodiscard]] bool empty() const { return at_ == buffer_.size(); }

 private:
  std::string buffer_;
  std::size_t at_ = 0;  // what stands before it was handed out
};

}  // namespace tidegate::redis
