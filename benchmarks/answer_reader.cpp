#include "answer_reader.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace tidegate::bench {
namespace {

constexpr std::size_t tail_bytes = 32;  // an end marker and its neighbour

// The value of a header in a head whose names were made lower case.
std::string_view header(std::string_view head, std::string_view name) {
  const auto at = head.find(name);
  if (at == std::string_view::npos) return {};
  const auto value = head.substr(at + name.size());
  return value.substr(0, value.find("\r\n"));
}

bool parse(std::string_view text, std::uint64_t& number, int base) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return end.ec == std::errc{} && end.ptr != text.data();
}

}  // namespace

AnswerReader::State AnswerReader::read(std::string_view bytes) {
  if (state_ == State::head && !read_head(bytes)) return state_;
  if (state_ == State::body) {
    if (chunked_) {
      read_chunked(bytes);
    } else {
      take_body(bytes);
      if (left_ == 0) state_ = State::done;
    }
  }
  if (!bytes.empty()) state_ = State::broken;
  return state_;
}

bool AnswerReader::good() const {
  if (state_ != State::done || status_ != 200 || body_bytes_ == 0) return false;
  return !event_stream_ || tail_.find("[DONE]") != std::string::npos ||
         tail_.find("\"message_stop\"") != std::string::npos;
}

bool AnswerReader::read_head(std::string_view& bytes) {
  const auto before = head_.size();
  head_ += bytes;
  const auto end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (end == std::string::npos) return false;
  bytes.remove_prefix(end + 4 - before);
  head_.resize(end + 2);
  std::ranges::transform(head_, head_.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });

  std::uint64_t status = 0;
  if (!head_.starts_with("http/1.1 ") || !parse(std::string_view(head_).substr(9), status, 10)) {
    state_ = State::broken;
    return false;
  }
  status_ = static_cast<int>(status);
  keep_alive_ = header(head_, "\r\nconnection: ") != "close";
  event_stream_ = header(head_, "\r\ncontent-type: ").starts_with("text/event-stream");
  chunked_ = header(head_, "\r\ntransfer-encoding: ") == "chunked";
  const bool framed = chunked_ || parse(header(head_, "\r\ncontent-length: "), left_, 10);
  state_ = framed ? State::body : State::broken;
  return framed;
}

void AnswerReader::read_chunked(std::string_view& bytes) {
  while (state_ == State::body && !bytes.empty()) {
    switch (part_) {
      case Part::size:
        if (!take_line(bytes)) return;
        if (!parse(line_, left_, 16)) state_ = State::broken;
        part_ = left_ == 0 ? Part::trailer : Part::data;
        line_.clear();
        break;
      case Part::data:
        take_body(bytes);
        if (left_ == 0) part_ = Part::data_end;
        break;
      case Part::data_end:
        if (!take_line(bytes)) return;
        if (!line_.empty()) state_ = State::broken;
        part_ = Part::size;
        break;
      case Part::trailer:
        if (!take_line(bytes)) return;
        if (line_.empty()) state_ = State::done;
        line_.clear();
        break;
    }
  }
}

bool AnswerReader::take_line(std::string_view& bytes) {
  const auto end = bytes.find('\n');
  line_ += bytes.substr(0, end);
  if (end == std::string_view::npos) {
    bytes = {};
    return false;
  }
  bytes.remove_prefix(end + 1);
  if (line_.ends_with('\r')) line_.pop_back();
  return true;
}

void AnswerReader::take_body(std::string_view& bytes) {
  const auto piece = bytes.substr(0, left_);
  bytes.remove_prefix(piece.size());
  left_ -= piece.size();
  body_bytes_ += piece.size();
  if (!event_stream_ || piece.empty()) return;
  const bool split_end = line_end_before_ && piece.front() == '\n';
  if (split_end) ++events_;
  for (auto at = piece.find("\n\n", split_end ? 1 : 0); at != piece.npos;
       at = piece.find("\n\n", at + 2))
    ++events_;
  line_end_before_ = piece.back() == '\n' && !piece.ends_with("\n\n");
  tail_ += piece.substr(piece.size() - std::min(piece.size(), tail_bytes));
  if (tail_.size() > tail_bytes) tail_.erase(0, tail_.size() - tail_bytes);
}

}  // namespace tidegate::bench
