#include "client/answer_reading.h"

#include "base/text.h"
#include "http/head.h"
#include "json/escape.h"
#include "json/reader.h"
#include "protocol/error_body.h"
#include "protocol/retry_after.h"
#include "translation/error_answer.h"

namespace tidegate::client {
namespace {

using translation::Event;
using Kind = Event::Kind;

// Raw JSON text as it reads. What is no good escape stays as it is: it is the model's.
std::string plain(std::string_view raw) {
  std::optional<std::string> text = json::unescape(raw);
  return text ? std::move(*text) : std::string(raw);
}

FailureClass failure_class(protocol::ErrorClass error) {
  using protocol::ErrorClass;
  switch (error) {
    case ErrorClass::bad_request:
      return FailureClass::invalid;
    case ErrorClass::context_overflow:
    case ErrorClass::too_large:
      return FailureClass::too_large;
    case ErrorClass::authentication:
      return FailureClass::auth;
    case ErrorClass::insufficient_balance:
    case ErrorClass::permission:
      return FailureClass::permission;
    case ErrorClass::not_found:
      return FailureClass::not_found;
    case ErrorClass::rate_limited:
      return FailureClass::rate_limited;
    case ErrorClass::timeout:
      return FailureClass::timeout;
    case ErrorClass::conflict:
    case ErrorClass::overloaded:
    case ErrorClass::server_error:
    case ErrorClass::unexpected:
      break;
  }
  return FailureClass::unavailable;
}

// The member of a JSON object, raw; empty where it is not there.
std::string_view member(std::string_view object, std::string_view name) {
  const auto checked = json::check_text(object);
  if (!checked) return {};
  json::Reader reader(*checked);
  std::string_view found;
  const bool read = reader.kind() == json::Kind::object && reader.object([&](std::string_view key) {
    const std::uint32_t begin = reader.offset();
    if (!reader.skip()) return false;
    if (key == name) found = object.substr(begin, reader.last_end() - begin);
    return true;
  });
  return read ? found : std::string_view{};
}

// Of an answer of Chat Completions: the message of its only choice.
std::string_view message_of(std::string_view answer) {
  const std::string_view choices = member(answer, "choices");
  const auto checked = json::check_text(choices);
  if (!checked) return {};
  json::Reader reader(*checked);
  std::string_view first;
  const bool read = reader.kind() == json::Kind::array && reader.array([&] {
    const std::uint32_t begin = reader.offset();
    if (!reader.skip()) return false;
    if (first.empty()) first = choices.substr(begin, reader.last_end() - begin);
    return true;
  });
  return read ? member(first, "message") : std::string_view{};
}

std::string_view text_member(std::string_view object, std::string_view name) {
  std::string_view value = member(object, name);
  if (value.size() < 2 || value.front() != '"') return {};
  return value.substr(1, value.size() - 2);
}

}  // namespace

AnswerReading::AnswerReading()
    : decoder_(translation::kChatCodec.stream_decoder(protocol::kOpenAiCompatible)) {}

void AnswerReading::begin(int status, std::string_view headers) {
  const http::Headers lines(headers);
  status_ = status;
  streamed_ = lines.find("content-type").starts_with("text/event-stream");
  retry_after_ = lines.find("retry-after");
  retry_after_ms_ = lines.find("retry-after-ms");
  answer_.request_id = lines.find("x-request-id");
  translation::AnswerContext context;
  context.maker = std::string(lines.find("x-tidegate-provider")) + "/";
  context.maker += lines.find("x-tidegate-model");
  encoder_ = translation::kChatCodec.answer_encoder(std::move(context));
}

void AnswerReading::take(std::string_view bytes) {
  if (streamed_) {
    take_stream(bytes);
  } else {
    body_ += bytes;
  }
}

void AnswerReading::take_stream(std::string_view bytes) {
  http::SseEvent event;
  while (!unreadable_) {
    const Result<bool> more = scanner_.next(bytes, event);
    if (!more) unreadable_ = more.error().message;
    if (!more || !*more) return;
    read(event);
  }
}

void AnswerReading::read(const http::SseEvent& event) {
  if (event.kind != http::SseEvent::Kind::data) return;
  if (auto decoded = decoder_->decode(event.name, event.data, *this); !decoded) {
    unreadable_ = decoded.error().message;
  }
}

void AnswerReading::emit(StreamEvent::Kind kind, std::size_t index, std::string text) {
  if (on_event_ && !text.empty()) on_event_({kind, index, std::move(text), {}, {}});
}

void AnswerReading::take(const Event& event) {
  encoder_->encode(event, whole_);
  const auto add = [&](std::string& to, StreamEvent::Kind kind) {
    std::string text = plain(event.text);
    to += text;
    emit(kind, 0, std::move(text));
  };
  switch (event.kind) {
    case Kind::start:
      answer_.served_model = plain(event.name);
      return;
    case Kind::text:
      return add(answer_.content, StreamEvent::Kind::content);
    case Kind::refusal:
      return add(answer_.refusal, StreamEvent::Kind::refusal);
    case Kind::reasoning:
      return add(answer_.reasoning, StreamEvent::Kind::reasoning);
    case Kind::tool_call: {
      const ToolCall& call =
          answer_.tool_calls.emplace_back(ToolCall{plain(event.id), plain(event.name), {}});
      if (on_event_) {
        on_event_({StreamEvent::Kind::tool_call, event.index, {}, call.id, call.name});
      }
      return;
    }
    case Kind::tool_arguments: {
      if (event.index >= answer_.tool_calls.size()) return;
      std::string text = plain(event.text);
      answer_.tool_calls[event.index].arguments += text;
      return emit(StreamEvent::Kind::tool_arguments, event.index, std::move(text));
    }
    case Kind::finish:
      answer_.finish_reason = protocol::name(event.finish);
      return;
    case Kind::done:
      done_ = true;
      return;
    case Kind::error:
      error_ = event.text;
      return;
    case Kind::usage:
    case Kind::reasoning_seal:
    case Kind::tool_seal:
    case Kind::citation:
      return;
  }
}

RequestFailure AnswerReading::failure(int status, std::string_view body, WallTime now) const {
  const protocol::ProviderError error = protocol::read_error(status, body);
  RequestFailure failure;
  failure.failure = failure_class(error.error_class);
  failure.message = error.message;
  const std::string_view described = member(body, "error");
  failure.field = plain(text_member(described, "param"));
  failure.status = status_;
  failure.retry_after = protocol::read_retry_after(retry_after_, retry_after_ms_, now);
  failure.request_id = answer_.request_id;
  return failure;
}

ChatResult AnswerReading::end(bool complete, WallTime now) {
  if (status_ != 0 && status_ != 200) return std::unexpected(failure(status_, body_, now));
  if (streamed_) {
    http::SseEvent event;
    if (!unreadable_ && scanner_.finish(event)) read(event);
    if (error_) return std::unexpected(failure(200, *error_, now));
  } else if (status_ == 200 && complete) {
    const auto read =
        translation::kChatCodec.read_answer(body_, protocol::kOpenAiCompatible, *this);
    if (!read) unreadable_ = read.error().message;
  }
  if (!done_ || unreadable_) {
    RequestFailure failed;
    failed.failure = FailureClass::truncated;
    failed.message = unreadable_ ? *unreadable_ : "the answer ended before its end marker";
    failed.status = status_;
    failed.request_id = answer_.request_id;
    return std::unexpected(std::move(failed));
  }
  answer_.message_json = message_of(streamed_ ? whole_ : body_);
  return std::move(answer_);
}

}  // namespace tidegate::client
