// Writes the whole answer for a client of the Messages surface.
#include <algorithm>
#include <vector>

#include "json/escape.h"
#include "translation/citation.h"
#include "translation/messages_error.h"
#include "translation/messages_input.h"
#include "translation/messages_parts.h"
#include "translation/messages_seal.h"
#include "translation/messages_words.h"

namespace tidegate::translation::messages {
namespace {

using EventKind = Event::Kind;

struct Block {
  enum class Kind { text, thinking, redacted, tool };
  Kind kind = Kind::text;
  bool sealed = false;
  std::uint32_t call = 0;
  std::string id, name;
  std::string text;                  // arguments of a tool, data of a redacted block
  std::string signature, citations;  // citations without their brackets
};

class Encoder final : public StreamEncoder {
 public:
  explicit Encoder(AnswerContext context) : context_(std::move(context)) {}

  void encode(const Event& event, std::string& out) override {
    if (ended_) return;
    switch (event.kind) {
      case EventKind::text:
      case EventKind::refusal:
        if (!event.text.empty()) last(Block::Kind::text).text += event.text;
        break;
      case EventKind::citation:
        citation(event);
        break;
      case EventKind::reasoning:
        if (context_.show_reasoning && !event.text.empty()) {
          last(Block::Kind::thinking).text += event.text;
        }
        break;
      case EventKind::reasoning_seal:
        if (context_.show_reasoning) seal(event);
        break;
      case EventKind::tool_call: {
        Block& block = begin(Block::Kind::tool);
        block.call = event.index;
        block.id.assign(event.id);
        block.name.assign(event.name);
        break;
      }
      case EventKind::tool_arguments:
        if (Block* block = tool(event.index)) block->text += event.text;
        break;
      case EventKind::tool_seal:
        if (const Block* block = tool(event.index)) {
          add_redacted(sealed_call(event, block->id, context_));
        }
        break;
      case EventKind::finish:
        finish_ = event.finish;
        stop_sequence_.assign(event.text);
        break;
      case EventKind::usage:
        usage_ = event.usage;
        break;
      case EventKind::done:
        ended_ = true;
        write(out);
        break;
      case EventKind::error:
        ended_ = true;
        out += messages_provider_error(event.text);
        break;
      case EventKind::start:
        break;
    }
  }

 private:
  Block& begin(Block::Kind kind) {
    Block& block = blocks_.emplace_back();
    block.kind = kind;
    return block;
  }

  Block& last(Block::Kind kind) {
    if (blocks_.empty() || blocks_.back().kind != kind || blocks_.back().sealed) {
      return begin(kind);
    }
    return blocks_.back();
  }

  Block* tool(std::uint32_t call) {
    const auto found = std::ranges::find_if(blocks_, [&](const Block& block) {
      return block.kind == Block::Kind::tool && block.call == call;
    });
    return found == blocks_.end() ? nullptr : &*found;
  }

  void add_redacted(std::string data) { begin(Block::Kind::redacted).text = std::move(data); }

  void citation(const Event& event) {
    const std::string said = citation_for(Surface::messages, event);
    if (said.empty() || blocks_.empty() || blocks_.back().kind != Block::Kind::text) return;
    std::string& citations = blocks_.back().citations;
    if (!citations.empty()) citations += ',';
    citations += said;
  }

  void seal(const Event& event) {
    const bool open = !blocks_.empty() && blocks_.back().kind == Block::Kind::thinking &&
                      !blocks_.back().sealed && event.seal != Seal::anthropic_redacted;
    if (!open && is_redacted(event)) return add_redacted(sealed(event, context_));
    Block& block = last(Block::Kind::thinking);
    block.signature = sealed(event, context_);
    block.sealed = true;
  }

  void write(std::string& out) const {
    const bool tools = std::ranges::any_of(
        blocks_, [](const Block& block) { return block.kind == Block::Kind::tool; });
    const std::string_view reason = stop_reason_of(finish_, tools, !stop_sequence_.empty());
    if (reason.empty()) {  // what came is no answer, and must not look like one
      out += messages_provider_error(
          R"({"type":"overloaded_error","message":"the provider gave up within its answer"})");
      return;
    }
    out.append(R"({"id":"msg_)").append(context_.id);
    out += R"(","type":"message","role":"assistant","model":")";
    json::append_escaped(out, context_.model);
    out += R"(","content":[)";
    for (const Block& block : blocks_) {
      if (&block != blocks_.data()) out += ',';
      write(block, out);
    }
    out.append(R"(],"stop_reason":")").append(reason).append(R"(","stop_sequence":)");
    if (reason == "stop_sequence") {
      out.append("\"").append(stop_sequence_).append("\"");
    } else {
      out += "null";
    }
    out += R"(,"usage":)";
    TokenCounts::of(usage_).append_to(out);
    out += '}';
  }

  void write(const Block& block, std::string& out) const {
    switch (block.kind) {
      case Block::Kind::text:
        out.append(R"({"type":"text","text":")").append(block.text).append("\"");
        if (!block.citations.empty()) {
          out.append(R"(,"citations":[)").append(block.citations).append("]");
        }
        break;
      case Block::Kind::thinking:
        out.append(R"({"type":"thinking","thinking":")").append(block.text);
        out.append(R"(","signature":")");
        out.append(block.sealed ? block.signature : plain_signature(context_)).append("\"");
        break;
      case Block::Kind::redacted:
        out.append(R"({"type":"redacted_thinking","data":")").append(block.text).append("\"");
        break;
      case Block::Kind::tool:
        out.append(R"({"type":"tool_use","id":")").append(block.id);
        out.append(R"(","name":")").append(block.name).append(R"(","input":)");
        if (append_input(out, block.text) == Input::bad) out += "{}";
        break;
    }
    out += '}';
  }

  const AnswerContext context_;
  bool ended_ = false;
  std::vector<Block> blocks_;
  protocol::FinishReason finish_ = protocol::FinishReason::none;
  std::string stop_sequence_;
  Usage usage_;
};

}  // namespace

std::unique_ptr<StreamEncoder> answer_encoder(AnswerContext context) {
  return std::make_unique<Encoder>(std::move(context));
}

}  // namespace tidegate::translation::messages
