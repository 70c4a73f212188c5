// ContentPattern: recognises the next event of a stream that differs from an earlier one only in
// its text. For StreamReader, which spares such events the JSON parser. One per stream.
//
// Why that is sound: the earlier event was parsed whole, so its bytes around the text are known
// JSON. Within a JSON string an unescaped quote cannot occur, so the text of the next event ends at
// its first unescaped quote; if all bytes around it are the same, the two events have the same
// grammar, the same keys and the same values but for that text. What the parser would refuse within
// a string (bare control characters, invalid UTF-8) does not match, and neither does an empty text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tidegate::protocol {

class ContentPattern {
 public:
  static constexpr std::size_t kMaxFixedBytes = 2048;

  // `text` and `padding` are the raw contents of two strings in `event`, which may vary; `padding`
  // (OpenAI's "obfuscation") may have a null data(): there is none. Not empty: `text`.
  void learn(std::string_view event, std::string_view text, std::string_view padding);

  // False, too, before learn() and after an event whose bytes around the text were too many.
  [[nodiscard]] bool matches(std::string_view event) const;

 private:
  std::string fixed_;         // the bytes around the varying strings, joined
  std::uint32_t first_ = 0;   // how many of them stand before the first varying string
  std::uint32_t second_ = 0;  // and before the second; 0: there is none
  bool text_is_first_ = true;
};

}  // namespace tidegate::protocol
