// Decoder of the chunked transfer coding (RFC 9112, 7.1), incremental and strict: CRLF only, at
// most 15 hex digits, chunk extensions and trailers bounded and ignored. One per message; plain
// value.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidegate::http {

class ChunkedDecoder {
 public:
  enum class State : std::uint8_t { data, more, end, bad };

  // Takes the next run of body bytes off the front of `input` into `data`.
  //   data: `data` is not empty; call again.   more: `input` is used up.
  //   end:  the message is complete; `input` holds what follows it.
  //   bad:  not chunked coding; problem() says why.
  State next(std::string_view& input, std::string_view& data);

  // The normal case of a stream, in one step: if `input` begins with a whole chunk that has data,
  // takes it off: `data` is its data, `chunk` all of it with its framing. Else changes nothing.
  bool take_whole(std::string_view& input, std::string_view& data, std::string_view& chunk);

  [[nodiscard]] std::string_view problem() const { return problem_; }

 private:
  enum class Step : std::uint8_t {
    size_first,
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer,
    trailer_lf,
    final_lf,
    done,
    bad,
  };
  State refuse(std::string_view problem);

  std::uint64_t left_ = 0;     // of the chunk's data
  std::uint32_t skipped_ = 0;  // bytes of extensions and trailers
  Step step_ = Step::size_first;
  std::uint8_t digits_ = 0;
  std::string_view problem_;
};

}  // namespace tidegate::http
