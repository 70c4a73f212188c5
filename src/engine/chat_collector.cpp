#include "engine/chat_collector.h"

#include "json/escape.h"
#include "protocol/dialect.h"
#include "translation/chat_stream_decoder.h"

namespace tidegate::engine {

// The gateway speaks chat with reasoning_content, as DeepSeek does, whoever answers behind it.
ChatCollector::ChatCollector() : decoder_(translation::chat_stream_decoder(protocol::kDeepSeek)) {}

Result<void> ChatCollector::feed(std::string_view bytes) {
  bytes_ += bytes.size();
  if (bytes_ > kMaxAnswerBytes * 4) {
    return fail(ErrorCode::too_large, "the answer is longer than an answer may be");
  }
  http::SseEvent event;
  for (;;) {
    const Result<bool> more = scanner_.next(bytes, event);
    if (!more) return std::unexpected(more.error());
    if (!*more) return {};
    if (event.kind != http::SseEvent::Kind::data) continue;
    auto decoded = decoder_->decode(event.name, event.data, *this);
    if (!decoded) return decoded;
    if (!error_.empty()) return fail(ErrorCode::unavailable, "the answer ended in an error");
    if (answer_.text.size() + answer_.reasoning.size() > kMaxAnswerBytes) {
      return fail(ErrorCode::too_large, "the answer is longer than 64 MiB");
    }
  }
}

Result<void> ChatCollector::finish() {
  if (!decoder_->done()) {
    return fail(ErrorCode::truncated, "the answer was cut off before its end");
  }
  return {};
}

Answer ChatCollector::take_answer() {
  for (auto& [index, call] : calls_) answer_.tool_calls.push_back(std::move(call));
  return std::move(answer_);
}

// A fragment with a bad escape adds what of it is good: the decoder has checked its JSON.
void ChatCollector::take(const translation::Event& event) {
  using Kind = translation::Event::Kind;
  if (event.kind != Kind::error && event.kind != Kind::done) begun_ = true;
  switch (event.kind) {
    case Kind::text:
    case Kind::refusal:
      (void)json::append_unescaped(answer_.text, event.text);
      break;
    case Kind::reasoning:
      (void)json::append_unescaped(answer_.reasoning, event.text);
      break;
    case Kind::tool_call: {
      ToolCall& call = calls_[event.index];
      (void)json::append_unescaped(call.id, event.id);
      (void)json::append_unescaped(call.name, event.name);
      break;
    }
    case Kind::tool_arguments:
      (void)json::append_unescaped(calls_[event.index].arguments, event.text);
      break;
    case Kind::finish:
      answer_.finish_reason = protocol::name(event.finish);
      break;
    case Kind::usage:
      answer_.usage = event.usage;
      break;
    case Kind::error:
      error_ = event.text;
      break;
    default:
      break;
  }
}

}  // namespace tidegate::engine
