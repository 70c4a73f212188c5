#include "http/chunked.h"

#include <algorithm>

namespace tidegate::http {
namespace {

constexpr std::uint32_t kMaxSkipped = 16 * 1024;
constexpr std::uint8_t kMaxDigits = 15;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

}  // namespace

ChunkedDecoder::State ChunkedDecoder::refuse(std::string_view problem) {
  step_ = Step::bad;
  problem_ = problem;
  return State::bad;
}

bool ChunkedDecoder::take_whole(std::string_view& input, std::string_view& data,
                                std::string_view& chunk) {
  if (step_ != Step::size_first) return false;
  std::size_t size = 0;
  std::size_t at = 0;
  for (; at < input.size() && at < 8; ++at) {
    const int value = hex_value(input[at]);
    if (value < 0) break;
    size = size * 16 + static_cast<unsigned>(value);
  }
  if (size == 0 || input.size() < at + size + 4 || input[at] != '\r' || input[at + 1] != '\n') {
    return false;
  }
  const std::size_t end = at + 2 + size;
  if (input[end] != '\r' || input[end + 1] != '\n') return false;
  data = input.substr(at + 2, size);
  chunk = input.substr(0, end + 2);
  input.remove_prefix(end + 2);
  return true;
}

ChunkedDecoder::State ChunkedDecoder::next(std::string_view& input, std::string_view& data) {
  if (step_ == Step::done) return State::end;
  if (step_ == Step::bad) return State::bad;
  while (!input.empty()) {
    if (step_ == Step::data) {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
      data = input.substr(0, n);
      input.remove_prefix(n);
      left_ -= n;
      if (left_ == 0) step_ = Step::data_cr;
      return State::data;
    }
    const char c = input.front();
    input.remove_prefix(1);
    switch (step_) {
      case Step::size_first:
      case Step::size:
        if (const int value = hex_value(c); value >= 0) {
          if (++digits_ > kMaxDigits) return refuse("a chunk size has too many digits");
          left_ = left_ * 16 + static_cast<unsigned>(value);
          step_ = Step::size;
        } else if (step_ == Step::size_first) {
          return refuse("a chunk does not begin with its size");
        } else if (c == ';') {
          step_ = Step::extension;
        } else if (c == '\r') {
          step_ = Step::size_lf;
        } else {
          return refuse("a chunk size contains a character that is not a hex digit");
        }
        break;
      case Step::extension:
        if (c == '\r') {
          step_ = Step::size_lf;
        } else if (is_control(c) || ++skipped_ > kMaxSkipped) {
          return refuse("a chunk extension is malformed or too long");
        }
        break;
      case Step::size_lf:
        if (c != '\n') return refuse("a chunk size does not end in CRLF");
        digits_ = 0;
        step_ = left_ == 0 ? Step::trailer_start : Step::data;
        break;
      case Step::data_cr:
        if (c != '\r') return refuse("a chunk's data does not end in CRLF");
        step_ = Step::data_lf;
        break;
      case Step::data_lf:
        if (c != '\n') return refuse("a chunk's data does not end in CRLF");
        step_ = Step::size_first;
        break;
      case Step::trailer_start:
        if (c == '\r') {
          step_ = Step::final_lf;
          break;
        }
        step_ = Step::trailer;
        [[fallthrough]];
      case Step::trailer:
        if (c == '\r') {
          step_ = Step::trailer_lf;
        } else if (is_control(c) || ++skipped_ > kMaxSkipped) {
          return refuse("a trailer is malformed or too long");
        }
        break;
      case Step::trailer_lf:
        if (c != '\n') return refuse("a trailer does not end in CRLF");
        step_ = Step::trailer_start;
        break;
      case Step::final_lf:
        if (c != '\n') return refuse("the last chunk does not end in CRLF");
        step_ = Step::done;
        return State::end;
      case Step::data:
      case Step::done:
      case Step::bad:
        break;
    }
  }
  return State::more;
}

}  // namespace tidegate::http
