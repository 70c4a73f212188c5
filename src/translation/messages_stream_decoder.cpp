// Reads the stream of a provider of the Messages surface. Blocks come one after the other and never
// interleave; a stream that says otherwise cannot be trusted to be whole.
#include <fmt/format.h>

#include "json/escape.h"
#include "translation/messages_ids.h"
#include "translation/messages_parts.h"
#include "translation/messages_stream_event.h"

namespace tidegate::translation::messages {
namespace {

using Kind = Event::Kind;

std::unexpected<Error> out_of_order(std::string message) {
  return fail(ErrorCode::invalid, "the provider's stream is out of order: " + std::move(message));
}

class Decoder final : public StreamDecoder {
 public:
  Result<void> decode(std::string_view name, std::string_view data, EventSink& sink) override {
    auto read = read_stream_event(data, counts_);
    if (!read) return std::unexpected(read.error());
    StreamEvent& event = *read;
    if (event.type.empty()) event.type = name;
    if (event.type == "content_block_delta") return delta(event, sink);
    if (event.type == "ping") return {};
    if (state_ == State::ended) return out_of_order(fmt::format("{} after its end", event.type));
    if (event.type == "error") return error(event, data, sink);
    if (event.type == "message_start") return message_start(event, sink);
    if (state_ == State::fresh) {
      return out_of_order(fmt::format("{} before message_start", event.type));
    }
    if (event.type == "content_block_start") return block_start(event, sink);
    if (event.type == "content_block_stop") return block_stop(event, sink);
    if (event.type == "message_delta") return message_delta(event, sink);
    if (event.type == "message_stop") return message_stop(sink);
    return {};  // Anthropic adds types of events and asks clients to pass over them
  }

  [[nodiscard]] bool done() const override { return done_; }

 private:
  enum class State { fresh, started, ended };
  enum class Block { none, text, thinking, tool, other };

  static Event make(Kind kind, std::string_view text = {}) {
    Event event;
    event.kind = kind;
    event.text = text;
    return event;
  }

  Result<void> message_start(const StreamEvent& event, EventSink& sink) {
    if (state_ != State::fresh) return out_of_order("a second message_start");
    state_ = State::started;
    Event start = make(Kind::start);
    start.id = event.id;
    start.name = event.model;
    sink.take(start);
    return {};
  }

  Result<void> block_start(const StreamEvent& event, EventSink& sink) {
    if (open_ != Block::none) return out_of_order("a block begins within another one");
    if (stopped_) return out_of_order("a block begins after message_delta");
    if (!event.index || *event.index != next_) {
      return out_of_order(fmt::format("block {} is due, another one begins", next_));
    }
    const AnswerBlock& block = event.block;
    if (block.type == "text") {
      open_ = Block::text;
      if (!block.text.empty()) sink.take(make(Kind::text, block.text));
    } else if (block.type == "thinking") {
      open_ = Block::thinking;
      signature_.assign(block.signature);
      if (!block.thinking.empty()) sink.take(make(Kind::reasoning, block.thinking));
    } else if (block.type == "redacted_thinking") {
      open_ = Block::other;
      Event seal = make(Kind::reasoning_seal, block.data);
      seal.seal = Seal::anthropic_redacted;
      sink.take(seal);
    } else if (block.type == "tool_use") {
      open_ = Block::tool;
      tool_use(block, sink);
    } else {
      open_ = Block::other;  // a tool that the provider runs itself: no other surface can say it
    }
    return {};
  }

  void tool_use(const AnswerBlock& block, EventSink& sink) {
    std::string id, name;  // allocate only for ids that we encoded
    Event call = make(Kind::tool_call);
    call.index = calls_++;
    call.id = read_wire_id(block.id, id);
    call.name = read_wire_id(block.name, name);
    sink.take(call);
    has_arguments_ = false;
    whole_input_.clear();
    if (block.input.size() > 2) json::append_escaped(whole_input_, block.input);
  }

  Result<void> delta(const StreamEvent& event, EventSink& sink) {
    if (state_ != State::started || open_ == Block::none || !event.index || *event.index != next_) {
      return out_of_order("content_block_delta of a block that is not open");
    }
    if (event.delta_type == "text_delta" && open_ == Block::text) {
      if (!event.text.empty()) sink.take(make(Kind::text, event.text));
    } else if (event.delta_type == "thinking_delta" && open_ == Block::thinking) {
      if (!event.thinking.empty()) sink.take(make(Kind::reasoning, event.thinking));
    } else if (event.delta_type == "signature_delta" && open_ == Block::thinking) {
      signature_ += event.signature;
    } else if (event.delta_type == "input_json_delta" && open_ == Block::tool) {
      arguments(event.partial_json, sink);
    } else if (event.delta_type == "citations_delta" && open_ == Block::text) {
      Event citation = make(Kind::citation, event.citation);
      citation.name = "messages";
      if (!event.citation.empty()) sink.take(citation);
    } else if (open_ != Block::other && is_known(event.delta_type)) {
      return out_of_order(fmt::format("{} in a block of another type", event.delta_type));
    }
    return {};
  }

  static bool is_known(std::string_view delta) {
    return delta == "text_delta" || delta == "thinking_delta" || delta == "signature_delta" ||
           delta == "input_json_delta";
  }

  void arguments(std::string_view text, EventSink& sink) {
    if (text.empty()) return;
    has_arguments_ = true;
    Event event = make(Kind::tool_arguments, text);
    event.index = calls_ - 1;
    sink.take(event);
  }

  Result<void> block_stop(const StreamEvent& event, EventSink& sink) {
    if (open_ == Block::none || !event.index || *event.index != next_) {
      return out_of_order("content_block_stop of a block that is not open");
    }
    if (open_ == Block::tool && !has_arguments_) {
      arguments(whole_input_.empty() ? std::string_view("{}") : whole_input_, sink);
    }
    if (open_ == Block::thinking && !signature_.empty()) {
      Event seal = make(Kind::reasoning_seal, signature_);
      seal.seal = Seal::anthropic_signature;
      sink.take(seal);
    }
    open_ = Block::none;
    ++next_;
    return {};
  }

  Result<void> message_delta(const StreamEvent& event, EventSink& sink) {
    if (open_ != Block::none) return out_of_order("message_delta within a block");
    if (!event.stop_reason.empty()) {
      stopped_ = true;
      Event finish = make(Kind::finish, event.stop_sequence);
      finish.finish = finish_of(event.stop_reason);
      sink.take(finish);
    }
    Event usage = make(Kind::usage);
    usage.usage = counts_.usage();
    sink.take(usage);
    return {};
  }

  Result<void> message_stop(EventSink& sink) {
    if (!stopped_) return out_of_order("message_stop without a stop_reason");
    state_ = State::ended;
    done_ = true;
    sink.take(make(Kind::done));
    return {};
  }

  Result<void> error(const StreamEvent& event, std::string_view data, EventSink& sink) {
    state_ = State::ended;
    sink.take(make(Kind::error, event.error.empty() ? data : event.error));
    return {};
  }

  TokenCounts counts_;
  State state_ = State::fresh;
  Block open_ = Block::none;
  std::uint64_t next_ = 0;  // index of the block that is open, or due
  std::uint32_t calls_ = 0;
  bool stopped_ = false, done_ = false;
  bool has_arguments_ = false;
  std::string signature_, whole_input_;
};

}  // namespace

std::unique_ptr<StreamDecoder> stream_decoder(const protocol::DialectTable&) {
  return std::make_unique<Decoder>();
}

}  // namespace tidegate::translation::messages
