// Reads the whole answer of a provider of the Messages surface, as the events of a stream.
#include "json/escape.h"
#include "translation/messages_ids.h"
#include "translation/messages_parts.h"
#include "translation/messages_stream_event.h"

namespace tidegate::translation::messages {
namespace {

using Kind = Event::Kind;

Event make(Kind kind, std::string_view text = {}) {
  Event event;
  event.kind = kind;
  event.text = text;
  return event;
}

struct Message {
  std::string_view type, id, model, stop_reason, stop_sequence;
  std::string_view content, error;  // JSON values
  TokenCounts counts;
};

Result<Message> read_message(std::string_view body) {
  const auto checked = json::check_text(body);
  if (!checked) return std::unexpected(checked.error());
  json::Reader reader(*checked);
  Message out;
  const auto string = [&](std::string_view& to) {
    return reader.kind() == json::Kind::string ? reader.string(to) : reader.skip();
  };
  const auto value = [&](std::string_view& to) {
    const std::uint32_t begin = reader.offset();
    if (!reader.skip()) return false;
    to = body.substr(begin, reader.last_end() - begin);
    return true;
  };
  const bool good = reader.object([&](std::string_view key) {
    if (key == "type") return string(out.type);
    if (key == "id") return string(out.id);
    if (key == "model") return string(out.model);
    if (key == "stop_reason") return string(out.stop_reason);
    if (key == "stop_sequence") return string(out.stop_sequence);
    if (key == "usage") return out.counts.read(reader);
    if (key == "content") return value(out.content);
    if (key == "error") return value(out.error);
    return reader.skip();
  });
  if (!good || !reader.finish()) return std::unexpected(reader.error());
  return out;
}

class Teller {
 public:
  explicit Teller(EventSink& sink) : sink_(sink) {}

  void tell(const AnswerBlock& block) {
    if (block.type == "text") {
      if (!block.text.empty()) sink_.take(make(Kind::text, block.text));
      if (block.citations.starts_with('[')) citations(block.citations);
    } else if (block.type == "thinking") {
      if (!block.thinking.empty()) sink_.take(make(Kind::reasoning, block.thinking));
      if (!block.signature.empty()) seal(Seal::anthropic_signature, block.signature);
    } else if (block.type == "redacted_thinking") {
      seal(Seal::anthropic_redacted, block.data);
    } else if (block.type == "tool_use") {
      tool_use(block);
    }  // else a tool that the provider runs itself: no other surface can say it
  }

 private:
  void citations(std::string_view array) {
    json::Reader reader(json::CheckedText{array});
    static_cast<void>(reader.array([&] {
      const std::uint32_t begin = reader.offset();
      if (!reader.skip()) return false;
      Event event = make(Kind::citation, array.substr(begin, reader.last_end() - begin));
      event.name = "messages";
      sink_.take(event);
      return true;
    }));
  }

  void seal(Seal seal, std::string_view proof) {
    Event event = make(Kind::reasoning_seal, proof);
    event.seal = seal;
    sink_.take(event);
  }

  void tool_use(const AnswerBlock& block) {
    std::string id, name;
    Event call = make(Kind::tool_call);
    call.index = calls_++;
    call.id = read_wire_id(block.id, id);
    call.name = read_wire_id(block.name, name);
    sink_.take(call);
    const std::string input = json::escape(block.input.empty() ? "{}" : block.input);
    Event arguments = make(Kind::tool_arguments, input);
    arguments.index = call.index;
    sink_.take(arguments);
  }

  EventSink& sink_;
  std::uint32_t calls_ = 0;
};

}  // namespace

Result<void> read_answer(std::string_view body, const protocol::DialectTable&, EventSink& sink) {
  const auto message = read_message(body);
  if (!message) return std::unexpected(message.error());
  if (message->type == "error" || (!message->error.empty() && message->content.empty())) {
    sink.take(make(Kind::error, message->error.empty() ? body : message->error));
    return {};
  }
  if (!message->content.starts_with('[')) {
    return fail(ErrorCode::invalid, "the provider's answer is no message: it has no content",
                "content");
  }
  Event start = make(Kind::start);
  start.id = message->id;
  start.name = message->model;
  sink.take(start);

  Teller teller(sink);
  json::Reader reader(json::CheckedText{message->content});
  const bool good = reader.array([&] {
    AnswerBlock block;
    if (!read_answer_block(reader, message->content, block)) return false;
    teller.tell(block);
    return true;
  });
  if (!good) return std::unexpected(reader.error());

  Event finish = make(Kind::finish, message->stop_sequence);
  finish.finish =
      message->stop_reason.empty() ? protocol::FinishReason::none : finish_of(message->stop_reason);
  sink.take(finish);
  Event usage = make(Kind::usage);
  usage.usage = message->counts.usage();
  sink.take(usage);
  sink.take(make(Kind::done));
  return {};
}

}  // namespace tidegate::translation::messages
