#include "translation/chat_answer.h"

#include <fmt/format.h>

#include "json/escape.h"
#include "protocol/error_answer.h"
#include "protocol/error_body.h"
#include "translation/chat_events.h"
#include "translation/chat_text.h"
#include "translation/chat_words.h"
#include "translation/citation.h"

namespace tidegate::translation {
namespace {

class ChatAnswerEncoder : public StreamEncoder {
 public:
  explicit ChatAnswerEncoder(AnswerContext context) : context_(std::move(context)) {}

  void encode(const Event& event, std::string& out) override {
    using Kind = Event::Kind;
    switch (event.kind) {
      case Kind::start:
        served_ = event.name;
        return;
      case Kind::text:
        content_ += event.text;
        seals_.close();
        return;
      case Kind::refusal:
        refusal_ += event.text;
        seals_.close();
        return;
      case Kind::reasoning:
        seals_.take(event.text);
        reasoning_ += event.text;
        return;
      case Kind::reasoning_seal:
        if (seals_.append(details_, event, context_.maker)) details_ += ',';
        return;
      case Kind::tool_call: {
        seals_.close();
        Call& call = calls_.emplace_back();
        call.id = event.id;
        call.name = event.name;
        call.custom = event.custom;
        return;
      }
      case Kind::tool_arguments:
        if (event.index < calls_.size()) calls_[event.index].arguments += event.text;
        return;
      case Kind::tool_seal:
        if (event.index < calls_.size()) calls_[event.index].signature = event.text;
        return;
      case Kind::citation:
        if (const std::string said = citation_for(Surface::chat, event); !said.empty()) {
          citations_ += said;
          citations_ += ',';
        }
        return;
      case Kind::finish:
        finish_ = event.finish;
        return;
      case Kind::usage:
        usage_ = event.usage;
        return;
      case Kind::done:
        return write(out);
      case Kind::error:
        out += protocol::openai_error(
            {ErrorCode::unavailable, protocol::read_error(200, event.text).message, {}});
    }
  }

 private:
  struct Call {
    std::string id, name, arguments, signature;
    bool custom = false;
  };

  void write(std::string& out) {
    out +=
        fmt::format(R"({{"id":"chatcmpl-{}","object":"chat.completion","created":{},"model":"{}",)"
                    R"("choices":[{{"index":0,"message":{{"role":"assistant","content":)",
                    context_.id, context_.created,
                    context_.model.empty() ? served_ : json::escape(context_.model));
    text_or_null(content_, out);
    out += R"(,"refusal":)";
    text_or_null(refusal_, out);
    if (context_.show_reasoning && !reasoning_.empty())
      append_text(out, "reasoning_content", reasoning_);
    if (context_.show_reasoning) array("reasoning_details", details_, out);
    array("annotations", citations_, out);
    if (!calls_.empty()) tool_calls(out);
    out += fmt::format(R"(}},"logprobs":null,"finish_reason":"{}"}}])", chat_finish(finish_));
    if (usage_) {
      append_key(out, "usage");
      append_chat_usage(out, *usage_);
    }
    out += '}';
  }

  static void text_or_null(std::string_view raw, std::string& out) {
    if (raw.empty()) {
      out += "null";
    } else {
      append_raw(out, raw);
    }
  }

  // `items` end with a comma each.
  static void array(std::string_view name, std::string_view items, std::string& out) {
    if (items.empty()) return;
    append_key(out, name);
    out += '[';
    out += items.substr(0, items.size() - 1);
    out += ']';
  }

  void tool_calls(std::string& out) const {
    append_key(out, "tool_calls");
    out += '[';
    for (const Call& call : calls_) {
      if (&call != calls_.data()) out += ',';
      const std::string_view type = call.custom ? "custom" : "function";
      out += fmt::format(R"({{"id":"{}","type":"{}","{}":{{"name":"{}","{}":"{}"}})", call.id, type,
                         type, call.name, call.custom ? "input" : "arguments",
                         call.arguments.empty() && !call.custom ? "{}" : call.arguments);
      if (!call.signature.empty())
        out += fmt::format(R"(,"extra_content":{{"google":{{"thought_signature":"{}"}}}})",
                           call.signature);
      out += '}';
    }
    out += ']';
  }

  AnswerContext context_;
  std::string served_, content_, refusal_, reasoning_;
  std::string details_, citations_;  // JSON values with a comma after each
  std::vector<Call> calls_;
  ReasoningSeals seals_;
  protocol::FinishReason finish_ = protocol::FinishReason::none;
  std::optional<Usage> usage_;
};

}  // namespace

Result<void> read_chat_answer(std::string_view body, const protocol::DialectTable& /*dialect*/,
                              EventSink& sink) {
  ChatDelta delta;
  if (auto read = read_chat_delta(body, delta); !read)
    return fail(ErrorCode::invalid,
                "the provider's answer is no chat completion: " + read.error().message);
  const auto added = ChatEvents().add(body, delta, sink);
  if (!added) return std::unexpected(added.error());
  if (!*added) return {};
  if (!delta.has_choice)
    return fail(ErrorCode::invalid,
                "the provider's answer is no chat completion: it has no choices");
  Event event;
  event.kind = Event::Kind::done;
  sink.take(event);
  return {};
}

std::unique_ptr<StreamEncoder> chat_answer_encoder(AnswerContext context) {
  return std::make_unique<ChatAnswerEncoder>(std::move(context));
}

}  // namespace tidegate::translation
