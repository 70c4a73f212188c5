// Tokenizer: finds in one vectorised pass where the values and the punctuation of a JSON text are.
// Used by whoever reads JSON, through json::Reader. One per worker, never shared: it keeps its
// index buffer, so that a request allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/error.h"

namespace tidegate::json {

// Where each brace, bracket, colon, comma and the first byte of each string, number or word is, in
// ascending order; at[count] is the text's size. Valid until the parser's next use.
struct Tokens {
  std::string_view text;
  const std::uint32_t* at = nullptr;
  std::uint32_t count = 0;
};

class Parser {
 public:
  Parser();
  ~Parser();
  Parser(Parser&&) noexcept;
  Parser& operator=(Parser&&) noexcept;

  // Refuses (invalid) an empty text, invalid UTF-8, an unclosed string and bare control characters
  // in a string, each with its place; (too_large) 4 GiB and more. The grammar between the tokens is
  // checked by the Reader that walks them. Nothing beyond the text's end is read.
  Result<Tokens> tokenize(std::string_view text);

  // Gives back the index buffer if a huge document has made it grow. Call it after the walk.
  void trim();

 private:
  struct Index;
  std::unique_ptr<Index> index_;
  std::uint32_t used_ = 0;
};

// "line 3, column 14 (byte 231)": lines and columns count from 1, columns in bytes.
[[nodiscard]] std::string describe_place(std::string_view text, std::size_t offset);

}  // namespace tidegate::json
