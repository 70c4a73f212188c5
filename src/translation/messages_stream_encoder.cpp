// Writes the stream for a client of the Messages surface. There, blocks come one after the other,
// while other surfaces let parallel tool calls interleave: what comes for a block whose turn it is
// not waits until the block before it is whole.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "json/escape.h"
#include "translation/citation.h"
#include "translation/messages_arguments.h"
#include "translation/messages_block_writer.h"
#include "translation/messages_error.h"
#include "translation/messages_parts.h"
#include "translation/messages_seal.h"
#include "translation/messages_words.h"

namespace tidegate::translation::messages {
namespace {

using EventKind = Event::Kind;

struct Block {
  enum class Kind { none, text, thinking, tool, redacted };
  Kind kind = Kind::none;
  bool sealed = false;
  std::uint32_t call = 0;
  Arguments arguments;
  std::string id, name;         // of a tool
  std::string held, signature;  // what waits to be written
};

class Encoder final : public StreamEncoder {
 public:
  explicit Encoder(AnswerContext context) : context_(std::move(context)) {}

  void encode(const Event& event, std::string& out) override {
    if (ended_) return;
    if (event.kind == EventKind::error) return fail(event.text, out);
    if (!started_) start(out);
    switch (event.kind) {
      case EventKind::text:
      case EventKind::refusal:
        if (!event.text.empty()) add(Block::Kind::text, event.text, out);
        break;
      case EventKind::reasoning:
        if (context_.show_reasoning && !event.text.empty()) {
          add(Block::Kind::thinking, event.text, out);
        }
        break;
      case EventKind::reasoning_seal:
        if (context_.show_reasoning) seal(event, out);
        break;
      case EventKind::tool_call:
        tool_call(event, out);
        break;
      case EventKind::tool_arguments:
        tool_arguments(event, out);
        break;
      case EventKind::tool_seal:
        tool_seal(event, out);
        break;
      case EventKind::citation:
        cite(citation_for(Surface::messages, event), out);
        break;
      case EventKind::finish:
        finish_ = event.finish;
        stop_sequence_.assign(event.text);
        break;
      case EventKind::usage:
        usage_ = event.usage;
        has_usage_ = true;
        break;
      case EventKind::done:
        done(out);
        break;
      case EventKind::start:
      case EventKind::error:
        break;
    }
  }

 private:
  void start(std::string& out) {
    started_ = true;
    begin_event(out, "message_start");
    out.append(R"(,"message":{"id":"msg_)").append(context_.id);
    out += R"(","type":"message","role":"assistant","model":")";
    json::append_escaped(out, context_.model);
    out += R"(","content":[],"stop_reason":null,"stop_sequence":null,"usage":)";
    TokenCounts{.input = context_.estimated_prompt, .output = 1}.append_to(out);
    out += '}';
    end_event(out);
    begin_event(out, "ping");
    end_event(out);
  }

  // The block that came last, written or not.
  Block& last() { return waiting_.empty() ? live_ : waiting_.back(); }

  void add(Block::Kind kind, std::string_view raw, std::string& out) {
    if (last().kind != kind || last().sealed) begin(kind, out);
    append(last(), raw, out);
  }

  void append(Block& block, std::string_view raw, std::string& out) {
    if (&block != &live_) {
      block.held += raw;
    } else if (block.kind == Block::Kind::text) {
      writer_.delta(out, "text_delta", "text", raw);
    } else if (block.kind == Block::Kind::thinking) {
      writer_.delta(out, "thinking_delta", "thinking", raw);
    } else if (block.kind == Block::Kind::tool) {
      writer_.delta(out, "input_json_delta", "partial_json", raw);
    }
  }

  // Only a tool's block may get more when another one has begun.
  static bool is_over(const Block& block) {
    return block.kind != Block::Kind::tool || block.arguments.whole();
  }

  void begin(Block::Kind kind, std::string& out, const Event* call = nullptr) {
    const bool now = waiting_.empty() && is_over(live_);
    if (now) end_live(out);
    Block& block = now ? live_ : waiting_.emplace_back();
    block.kind = kind;
    if (call != nullptr) {
      block.call = call->index;
      block.id.assign(call->id);
      block.name.assign(call->name);
    }
    if (now && kind != Block::Kind::redacted) write_begin(block, out);
  }

  void write_begin(const Block& block, std::string& out) {
    if (block.kind == Block::Kind::text) writer_.begin_text(out);
    if (block.kind == Block::Kind::thinking) writer_.begin_thinking(out);
    if (block.kind == Block::Kind::tool) writer_.begin_tool(out, block.id, block.name);
  }

  void end_live(std::string& out) {
    if (live_.kind == Block::Kind::thinking && !live_.sealed) {
      sign(plain_signature(context_), out);
    }
    if (live_.kind != Block::Kind::none) writer_.end(out);
    live_.kind = Block::Kind::none;
    live_.sealed = false;
    live_.arguments = {};
  }

  void sign(std::string_view signature, std::string& out) {
    writer_.delta(out, "signature_delta", "signature", signature);
  }

  // Writes what waits for as long as the block before it is over.
  void advance(bool all, std::string& out) {
    std::size_t written = 0;
    while (written < waiting_.size() && (all || is_over(live_))) {
      end_live(out);
      live_ = std::move(waiting_[written++]);
      if (live_.kind == Block::Kind::redacted) {
        writer_.redacted(out, live_.held);
        live_ = {};
        continue;
      }
      write_begin(live_, out);
      const std::string held = std::move(live_.held);
      live_.held.clear();
      if (!held.empty()) append(live_, held, out);
      if (!live_.signature.empty()) sign(live_.signature, out);
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(written));
  }

  void seal(const Event& event, std::string& out) {
    Block& open = last();
    if (open.kind == Block::Kind::thinking && !open.sealed &&
        event.seal != Seal::anthropic_redacted) {
      open.sealed = true;
      const std::string signature = sealed(event, context_);
      if (&open == &live_) {
        sign(signature, out);
        end_live(out);
      } else {
        open.signature = signature;
      }
      return;
    }
    if (is_redacted(event)) return redacted(sealed(event, context_), out);
    begin(Block::Kind::thinking, out);
    seal(event, out);
  }

  void redacted(const std::string& data, std::string& out) {
    begin(Block::Kind::redacted, out);
    if (!waiting_.empty()) {
      waiting_.back().held = data;
    } else {
      live_.kind = Block::Kind::none;
      writer_.redacted(out, data);
    }
  }

  void tool_call(const Event& event, std::string& out) {
    if (ids_.size() <= event.index) ids_.resize(std::min<std::size_t>(event.index, kMostCalls) + 1);
    if (event.index < ids_.size()) ids_[event.index].assign(event.id);
    begin(Block::Kind::tool, out, &event);
  }

  void tool_arguments(const Event& event, std::string& out) {
    const auto is_it = [&](const Block& block) {
      return block.kind == Block::Kind::tool && block.call == event.index;
    };
    Block* block = is_it(live_) ? &live_ : nullptr;
    if (block == nullptr) {
      const auto found = std::ranges::find_if(waiting_, is_it);
      if (found == waiting_.end()) return;  // its block was whole
      block = &*found;
    }
    if (event.text.empty()) return;
    block->arguments.add(event.text);
    append(*block, event.text, out);
    if (block == &live_ && !waiting_.empty()) advance(false, out);
  }

  void cite(std::string_view citation, std::string& out) {
    if (!citation.empty() && live_.kind == Block::Kind::text) writer_.citation(out, citation);
  }

  void tool_seal(const Event& event, std::string& out) {
    if (event.index >= ids_.size()) return;
    redacted(sealed_call(event, ids_[event.index], context_), out);
  }

  void done(std::string& out) {
    const bool tools = !ids_.empty();
    const std::string_view reason = stop_reason_of(finish_, tools, !stop_sequence_.empty());
    if (reason.empty()) {  // what came is no answer, and must not look like one
      return fail(
          R"({"type":"overloaded_error","message":"the provider gave up within its answer"})", out);
    }
    advance(true, out);
    end_live(out);
    ended_ = true;
    begin_event(out, "message_delta");
    out.append(R"(,"delta":{"stop_reason":")").append(reason).append(R"(","stop_sequence":)");
    if (reason == "stop_sequence") {
      out.append("\"").append(stop_sequence_).append("\"");
    } else {
      out += "null";
    }
    out += R"(},"usage":)";
    (has_usage_ ? TokenCounts::of(usage_) : TokenCounts{.input = context_.estimated_prompt})
        .append_to(out);
    end_event(out);
    begin_event(out, "message_stop");
    end_event(out);
  }

  void fail(std::string_view error, std::string& out) {
    ended_ = true;
    out.append("event: error\ndata: ").append(messages_provider_error(error)).append("\n\n");
  }

  static constexpr std::size_t kMostCalls = 1024;

  const AnswerContext context_;
  BlockWriter writer_;
  bool started_ = false, ended_ = false, has_usage_ = false;
  Block live_;                  // the block that is open
  std::vector<Block> waiting_;  // in the order in which they began; only behind an unfinished tool
  std::vector<std::string> ids_;  // of tool calls, by index
  protocol::FinishReason finish_ = protocol::FinishReason::none;
  std::string stop_sequence_;
  Usage usage_;
};

}  // namespace

std::unique_ptr<StreamEncoder> stream_encoder(AnswerContext context) {
  return std::make_unique<Encoder>(std::move(context));
}

}  // namespace tidegate::translation::messages
