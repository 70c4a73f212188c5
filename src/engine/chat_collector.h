// Puts a streamed chat answer together: text, reasoning, calls of tools, usage.
// One per answer; fed with the bytes of the body as they come. Used by gateway_models.cpp.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "engine/models.h"
#include "http/sse_scanner.h"
#include "translation/codec.h"

namespace tidegate::engine {

class ChatCollector final : private translation::EventSink {
 public:
  static constexpr std::size_t kMaxAnswerBytes = 64u << 20;

  ChatCollector();

  // Error: the stream cannot be understood, holds an error, or is too large.
  Result<void> feed(std::string_view bytes);
  // Whether the answer has begun: something of it beside comments and errors was there.
  [[nodiscard]] bool begun() const { return begun_; }
  // Error truncated: the end marker has not come.
  Result<void> finish();
  // What is there so far; after finish() all of it. The last call.
  [[nodiscard]] Answer take_answer();
  // The provider's error within the stream, JSON; empty: none.
  [[nodiscard]] const std::string& stream_error() const { return error_; }

 private:
  void take(const translation::Event& event) override;

  http::SseScanner scanner_;
  std::unique_ptr<translation::StreamDecoder> decoder_;
  Answer answer_;
  std::map<std::uint32_t, ToolCall> calls_;  // by index
  std::string error_;
  std::size_t bytes_ = 0;
  bool begun_ = false;
};

}  // namespace tidegate::engine
