#include "translation/chat_stream_encoder.h"

#include <fmt/format.h>

#include "json/escape.h"
#include "protocol/error_answer.h"
#include "protocol/error_body.h"
#include "translation/chat_text.h"
#include "translation/chat_words.h"
#include "translation/citation.h"

namespace tidegate::translation {
namespace {

class ChatStreamEncoder : public StreamEncoder {
 public:
  explicit ChatStreamEncoder(AnswerContext context) : context_(std::move(context)) {}

  void encode(const Event& event, std::string& out) override {
    using Kind = Event::Kind;
    switch (event.kind) {
      case Kind::start:
        return start(event.name, out);
      case Kind::text:
        return text(R"({"content":)", event.text, out);
      case Kind::refusal:
        return text(R"({"refusal":)", event.text, out);
      case Kind::reasoning:
        if (!context_.show_reasoning) return;
        seals_.take(event.text);
        return text(R"({"reasoning_content":)", event.text, out);
      case Kind::reasoning_seal:
        return seal(event, out);
      case Kind::tool_call:
        return tool_call(event, out);
      case Kind::tool_arguments:
        return arguments(event, out);
      case Kind::tool_seal:
        begin(out);
        out += fmt::format(
            R"({{"tool_calls":[{{"index":{},"extra_content":{{"google":{{"thought_signature":"{}"}}}}}}]}})",
            event.index, event.text);
        return end(out);
      case Kind::citation:
        return cite(citation_for(Surface::chat, event), out);
      case Kind::finish:
        return finish(event.finish, out);
      case Kind::usage:
        usage_ = event.usage;
        return;
      case Kind::done:
        return done(out);
      case Kind::error:
        out += protocol::openai_error_event(
            {ErrorCode::unavailable, protocol::read_error(200, event.text).message, {}});
    }
  }

 private:
  void start(std::string_view served, std::string& out) {
    std::string model;
    if (context_.model.empty()) {
      model = served;
    } else {
      model = json::escape(context_.model);
    }
    head_ = fmt::format(
        R"(data: {{"id":"chatcmpl-{}","object":"chat.completion.chunk","created":{},"model":"{}",)"
        R"("choices":[)",
        context_.id, context_.created, model);
    begin(out);
    out += R"({"role":"assistant","content":"","refusal":null})";
    end(out);
  }

  void begin(std::string& out) {
    if (head_.empty()) start({}, out);
    out += head_;
    out += R"({"index":0,"delta":)";
  }

  void end(std::string& out, std::string_view finish = "null") {
    out += R"(,"logprobs":null,"finish_reason":)";
    out += finish;
    out += "}]";
    // OpenAI has the member in every chunk, once usage is asked for.
    if (context_.include_usage) out += R"(,"usage":null)";
    out += "}\n\n";
  }

  void text(std::string_view member, std::string_view raw, std::string& out) {
    if (member != R"({"reasoning_content":)") seals_.close();
    begin(out);
    out += member;
    append_raw(out, raw);
    out += '}';
    end(out);
  }

  void seal(const Event& event, std::string& out) {
    if (!context_.show_reasoning) return;
    item_.clear();
    if (!seals_.append(item_, event, context_.maker)) return;
    begin(out);
    out += R"({"reasoning_details":[)";
    out += item_;
    out += "]}";
    end(out);
  }

  void cite(std::string_view citation, std::string& out) {
    if (citation.empty()) return;
    begin(out);
    out += R"({"annotations":[)";
    out += citation;
    out += "]}";
    end(out);
  }

  void tool_call(const Event& event, std::string& out) {
    seals_.close();
    begin(out);
    const std::string_view type = event.custom ? "custom" : "function";
    out += fmt::format(
        R"({{"tool_calls":[{{"index":{},"id":"{}","type":"{}","{}":{{"name":"{}","{}":""}}}}]}})",
        event.index, event.id, type, type, event.name, event.custom ? "input" : "arguments");
    if (event.custom) custom_ |= std::uint64_t{1} << (event.index & 63U);
    end(out);
  }

  void arguments(const Event& event, std::string& out) {
    begin(out);
    const bool custom = (custom_ >> (event.index & 63U) & 1U) != 0;
    out += R"({"tool_calls":[{"index":)";
    fmt::format_to(std::back_inserter(out), "{}", event.index);
    out += custom ? R"(,"custom":{"input":)" : R"(,"function":{"arguments":)";
    append_raw(out, event.text);
    out += "}}]}";
    end(out);
  }

  void finish(protocol::FinishReason reason, std::string& out) {
    finished_ = true;
    begin(out);
    out += "{}";
    end(out, fmt::format("\"{}\"", chat_finish(reason)));
  }

  void done(std::string& out) {
    if (!finished_) finish(protocol::FinishReason::none, out);
    if (context_.include_usage) {
      out += head_;
      out += R"(],"usage":)";
      if (usage_) {
        append_chat_usage(out, *usage_);
      } else {
        append_chat_usage(out, {.prompt = context_.estimated_prompt});
      }
      out += "}\n\n";
    }
    out += "data: [DONE]\n\n";
  }

  AnswerContext context_;
  std::string head_;  // of every chunk, up to its choices
  std::string item_;
  ReasoningSeals seals_;
  std::optional<Usage> usage_;
  std::uint64_t custom_ = 0;  // which calls are of custom tools, of the first 64
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<StreamEncoder> chat_stream_encoder(AnswerContext context) {
  return std::make_unique<ChatStreamEncoder>(std::move(context));
}

}  // namespace tidegate::translation
