// ResponsesEvents: writes the SSE events of a Responses stream with their numbers. For an answer
// that is sent whole it writes nothing. Used by the encoder alone. One per stream, one worker.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace tidegate::translation {

class ResponsesEvents {
 public:
  explicit ResponsesEvents(bool streamed) : streamed_(streamed) {}

  // An event of `type`: its members after type and sequence_number are the pieces, joined; raw
  // JSON on one line, each with its own commas.
  void write(std::string& out, std::string_view type,
             std::initializer_list<std::string_view> pieces);

  // For events whose last member is written by the caller, who then closes the event. False: there
  // is nothing to write.
  bool open(std::string& out, std::string_view type, std::string_view member);
  void close(std::string& out);

  // What a client or a provider laid out over several lines would end the event.
  static void put_on_one_line(std::string& json, std::size_t begin);

  [[nodiscard]] bool streamed() const { return streamed_; }

 private:
  void begin(std::string& out, std::string_view type);

  bool streamed_;
  std::uint64_t next_ = 0;
  std::size_t data_begin_ = 0;
};

}  // namespace tidegate::translation
