// AnswerReading: what the pipeline answers, bytes as a client would get them, into a ChatAnswer and
// its StreamEvents, or into the failure that they tell of. One per request, on its worker.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/sse_scanner.h"
#include "tidegate/chat.h"
#include "translation/codec.h"

namespace tidegate::client {

class AnswerReading final : private translation::EventSink {
 public:
  using OnEvent = std::function<void(StreamEvent)>;

  AnswerReading();
  // Who is told of each event as it comes; empty: nobody.
  void tell(OnEvent on_event) { on_event_ = std::move(on_event); }

  // The head; `headers`: lines "Name: value\r\n".
  void begin(int status, std::string_view headers);
  // The next bytes of the body.
  void take(std::string_view bytes);
  // After the last. `complete`: the body had an end. `now`: for a Retry-After that is a date.
  [[nodiscard]] ChatResult end(bool complete, WallTime now);

 private:
  void take(const translation::Event& event) override;
  void take_stream(std::string_view bytes);
  void read(const http::SseEvent& event);
  [[nodiscard]] RequestFailure failure(int status, std::string_view body, WallTime now) const;
  void emit(StreamEvent::Kind kind, std::size_t index, std::string text);

  OnEvent on_event_;
  int status_ = 0;
  bool streamed_ = false;
  bool done_ = false;
  std::string retry_after_, retry_after_ms_;
  std::string body_;  // of what is no stream
  http::SseScanner scanner_;
  std::unique_ptr<translation::StreamDecoder> decoder_;
  // Writes the answer once more as a whole, of which the message is kept for the next request.
  std::unique_ptr<translation::StreamEncoder> encoder_;
  std::string whole_;
  std::optional<std::string> error_;       // an error event's JSON
  std::optional<std::string> unreadable_;  // why a body could not be read
  ChatAnswer answer_;
};

}  // namespace tidegate::client
