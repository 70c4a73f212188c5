// Reads one HTTP answer as it arrives and judges it: status, framing, how many body bytes and
// server sent events it had. Used by the load generator, one per connection; not shared between
// threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tidegate::bench {

class AnswerReader {
 public:
  enum class State { head, body, done, broken };

  void start() { *this = AnswerReader(); }

  // Takes the next bytes. Bytes after the answer's end make it broken: requests are not pipelined.
  State read(std::string_view bytes);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  [[nodiscard]] std::uint64_t body_bytes() const { return body_bytes_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }  // blank-line ends in the body
  // Status 200, a body, and, for an event stream, its end marker.
  [[nodiscard]] bool good() const;

 private:
  enum class Part { size, data, data_end, trailer };

  bool read_head(std::string_view& bytes);
  void read_chunked(std::string_view& bytes);
  bool take_line(std::string_view& bytes);  // into line_, without its end; false: more is needed
  void take_body(std::string_view& bytes);  // up to left_

  State state_ = State::head;
  std::string head_;
  int status_ = 0;
  bool keep_alive_ = true;
  bool chunked_ = false;
  bool event_stream_ = false;
  Part part_ = Part::size;
  std::string line_;
  std::uint64_t left_ = 0;  // of the body, or of the current chunk
  std::uint64_t body_bytes_ = 0;
  std::uint64_t events_ = 0;
  bool line_end_before_ = false;  // the body so far ends with a line feed
  std::string tail_;              // the body's last bytes, to find the end marker
};

}  // namespace tidegate::bench
