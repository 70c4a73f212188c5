#include "translation/responses_encoder.h"

#include <fmt/format.h>

#include "protocol/error_body.h"
#include "translation/cargo.h"
#include "translation/citation.h"
#include "translation/responses_calls.h"
#include "translation/responses_error.h"
#include "translation/responses_events.h"
#include "translation/responses_object.h"

namespace tidegate::translation {
namespace {

using protocol::FinishReason;

class ResponsesEncoder final : public StreamEncoder {
 public:
  ResponsesEncoder(AnswerContext context, bool streamed)
      : context_(std::move(context)),
        events_(streamed),
        settings_(response_settings(context_.request)),
        wants_summary_(context_.request != nullptr && context_.request->thinking.summary) {
    context_.request = nullptr;  // it goes before the answer ends
  }

  void encode(const Event& event, std::string& out) override {
    if (ended_) return;
    if (event.kind == Event::Kind::start && context_.model.empty()) context_.model = event.name;
    if (!begun_) begin(out);
    switch (event.kind) {
      case Event::Kind::start:
        break;
      case Event::Kind::text:
        return say(Open::text, event.text, out);
      case Event::Kind::refusal:
        return say(Open::refusal, event.text, out);
      case Event::Kind::reasoning:
        return think(event, out);
      case Event::Kind::reasoning_seal:
        return seal(event, out);
      case Event::Kind::tool_call:
        return call(event, out);
      case Event::Kind::tool_arguments:
        return arguments(event, out);
      case Event::Kind::tool_seal:
        break;  // no place for it; the gateway's memory holds it
      case Event::Kind::citation:
        return cite(event, out);
      case Event::Kind::finish:
        finish_ = event.finish;
        break;
      case Event::Kind::usage:
        usage_ = event.usage;
        has_usage_ = true;
        break;
      case Event::Kind::done:
        return end(out);
      case Event::Kind::error: {
        const protocol::ProviderError error = protocol::read_error(200, event.text);
        return fail(response_error_code(error.error_class), error.message, out);
      }
    }
  }

 private:
  // What is open at the end of `output_`.
  enum class Open : std::uint8_t { nothing, text, refusal, summary, thought, hidden };

  void begin(std::string& out) {
    begun_ = true;
    for (const std::string_view type : {"response.created", "response.in_progress"}) {
      if (!events_.open(out, type, "response")) return;
      append_response(out, context_, settings_, {});
      events_.close(out);
    }
  }

  // Where an item stands: ,"item_id":"...","output_index":0
  std::string place(std::string_view prefix, std::size_t item) const {
    return fmt::format(R"(,"item_id":"{}_{}_{}","output_index":{})", prefix, context_.id, item,
                       item);
  }

  void open_item(std::string_view prefix) {
    if (!output_.empty()) output_ += ',';
    item_begin_ = output_.size();
    place_ = place(prefix, items_);
    fmt::format_to(std::back_inserter(output_), R"({{"id":"{}_{}_{}",)", prefix, context_.id,
                   items_);
  }

  void added(std::string_view item_members, std::string& out) {
    // The id that was just written, and the members as they are at the beginning.
    const std::string_view id = std::string_view(output_).substr(item_begin_);
    const std::string_view head = id.substr(0, id.find(','));
    events_.write(out, "response.output_item.added",
                  {",\"output_index\":", fmt::format_int(items_).c_str(), ",\"item\":", head, ",",
                   item_members, "}"});
  }

  void done(std::string_view item, std::size_t index, std::string& out) {
    events_.write(out, "response.output_item.done",
                  {",\"output_index\":", fmt::format_int(index).c_str(), ",\"item\":", item});
  }

  // One message holds texts and refusals, each a content part.
  void say(Open kind, std::string_view text, std::string& out) {
    if (text.empty()) return;
    if (open_ != kind) {
      const bool in_message = open_ == Open::text || open_ == Open::refusal;
      if (!in_message) {
        close(out);
        open_item("msg");
        content_ = 0;
        added(R"("type":"message","status":"in_progress","role":"assistant","content":[])", out);
        output_ += R"("type":"message","role":"assistant","content":[)";
      } else {
        close_part(out);
        output_ += ',';
        ++content_;
      }
      open_part(kind, out);
    }
    add(kind == Open::text ? "response.output_text.delta" : "response.refusal.delta",
        kind == Open::text ? ",\"logprobs\":[]" : "", text, out);
  }

  void open_part(Open kind, std::string& out) {
    open_ = kind;
    content_place_ = place_ + fmt::format(",\"content_index\":{}", content_);
    const std::string_view part =
        kind == Open::text ? R"({"type":"output_text","text":"","annotations":[],"logprobs":[]})"
                           : R"({"type":"refusal","refusal":""})";
    events_.write(out, "response.content_part.added", {content_place_, ",\"part\":", part});
    part_begin_ = output_.size();
    output_ += kind == Open::text ? R"({"type":"output_text","text":")"
                                  : R"({"type":"refusal","refusal":")";
    text_begin_ = output_.size();
  }

  void add(std::string_view type, std::string_view more, std::string_view text, std::string& out) {
    events_.write(out, type, {content_place_, ",\"delta\":\"", text, "\"", more});
    output_ += text;
    keep_within_bounds(text.size(), out);
  }

  void keep_within_bounds(std::size_t more, std::string& out) {
    kept_ += more;
    if (kept_ > kMostAnswerBytes) fail("server_error", "The answer is too long.", out);
  }

  [[nodiscard]] std::string_view open_text() const {
    return std::string_view(output_).substr(text_begin_);
  }

  void close_part(std::string& out) {
    if (open_ == Open::text) {
      events_.write(out, "response.output_text.done",
                    {content_place_, ",\"text\":\"", open_text(), "\",\"logprobs\":[]"});
      output_.append("\",\"annotations\":[").append(annotations_).append("],\"logprobs\":[]}");
      annotations_.clear();
      annotation_ = 0;
    } else {
      events_.write(out, "response.refusal.done",
                    {content_place_, ",\"refusal\":\"", open_text(), "\""});
      output_ += "\"}";
    }
    events_.write(out, "response.content_part.done",
                  {content_place_, ",\"part\":", std::string_view(output_).substr(part_begin_)});
  }

  void close_message(std::string& out) {
    close_part(out);
    output_.append("],\"status\":\"").append(item_status()).append("\"}");
    finish_item(out);
  }

  [[nodiscard]] std::string_view item_status() const {
    return is_cut() ? "incomplete" : "completed";
  }

  void finish_item(std::string& out) {
    open_ = Open::nothing;
    done(std::string_view(output_).substr(item_begin_), items_++, out);
  }

  // Shown as a summary where it is one or where the client shows nothing else, or as it was said.
  [[nodiscard]] Open reasoning_kind(const Event& event) const {
    if (!context_.show_reasoning) return Open::hidden;
    return wants_summary_ || event.seal == Seal::openai_encrypted ? Open::summary : Open::thought;
  }

  [[nodiscard]] bool reasons() const {
    return open_ == Open::summary || open_ == Open::thought || open_ == Open::hidden;
  }

  void open_reasoning(Open kind, std::string& out) {
    close(out);
    open_ = kind;
    hidden_.clear();
    open_item("rs");
    added(R"("type":"reasoning","summary":[])", out);
    output_ += R"("type":"reasoning","summary":[)";
    if (kind == Open::hidden) return;
    const bool summary = kind == Open::summary;
    content_place_ = place_ + (summary ? ",\"summary_index\":0" : ",\"content_index\":0");
    events_.write(out,
                  summary ? "response.reasoning_summary_part.added" : "response.content_part.added",
                  {content_place_, summary ? R"(,"part":{"type":"summary_text","text":""})"
                                           : R"(,"part":{"type":"reasoning_text","text":""})"});
    if (!summary) output_ += R"(],"content":[)";
    part_begin_ = output_.size();
    output_ +=
        summary ? R"({"type":"summary_text","text":")" : R"({"type":"reasoning_text","text":")";
    text_begin_ = output_.size();
  }

  void think(const Event& event, std::string& out) {
    const Open kind = reasoning_kind(event);
    if (event.text.empty() || (kind == Open::hidden && !context_.want_proof)) return;
    if (!reasons()) open_reasoning(kind, out);
    if (open_ == Open::hidden) {
      hidden_ += event.text;
      return keep_within_bounds(event.text.size(), out);
    }
    add(open_ == Open::summary ? "response.reasoning_summary_text.delta"
                               : "response.reasoning_text.delta",
        "", event.text, out);
  }

  void seal(const Event& event, std::string& out) {
    if (!reasons()) {
      if (!context_.want_proof) return;
      open_reasoning(Open::hidden, out);
    }
    close_reasoning(event.seal, event.text, event.id, out);
  }

  // What comes back must be readable wherever the next request goes: so the client carries the
  // whole of it for us, except for what OpenAI encrypted, which it carries as always.
  void close_reasoning(Seal seal, std::string_view proof, std::string_view id, std::string& out) {
    std::string envelope;
    if (context_.want_proof && seal != Seal::openai_encrypted) {
      const std::string_view text = open_ == Open::hidden ? hidden_ : open_text();
      envelope = wrap({.seal = seal,
                       .maker = context_.maker,
                       .id = std::string(id),
                       .proof = std::string(proof),
                       .text = std::string(text)});
    } else if (context_.want_proof) {
      envelope = proof;
    }
    if (open_ != Open::hidden) {
      const bool summary = open_ == Open::summary;
      events_.write(
          out, summary ? "response.reasoning_summary_text.done" : "response.reasoning_text.done",
          {content_place_, ",\"text\":\"", open_text(), "\""});
      output_ += "\"}";
      events_.write(out,
                    summary ? "response.reasoning_summary_part.done" : "response.content_part.done",
                    {content_place_, ",\"part\":", std::string_view(output_).substr(part_begin_)});
    }
    output_ += ']';
    if (!envelope.empty()) {
      output_.append(",\"encrypted_content\":\"").append(envelope).append("\"");
    }
    output_ += '}';
    hidden_.clear();
    finish_item(out);
  }

  void call(const Event& event, std::string& out) {
    close_text(out);
    calls_.begin(event, items_++, out);
  }

  void arguments(const Event& event, std::string& out) {
    calls_.add(event, out);
    keep_within_bounds(event.text.size(), out);
  }

  // Other surfaces' citations have no words here.
  void cite(const Event& event, std::string& out) {
    if (open_ != Open::text) return;
    const std::string citation = citation_for(Surface::responses, event);
    if (citation.empty()) return;
    if (!annotations_.empty()) annotations_ += ',';
    const std::size_t begin = annotations_.size();
    annotations_ += citation;
    ResponsesEvents::put_on_one_line(annotations_, begin);
    events_.write(out, "response.output_text.annotation.added",
                  {content_place_, ",\"annotation_index\":", fmt::format_int(annotation_++).c_str(),
                   ",\"annotation\":", std::string_view(annotations_).substr(begin)});
    keep_within_bounds(citation.size(), out);
  }

  void close_text(std::string& out) {
    if (open_ == Open::text || open_ == Open::refusal) close_message(out);
    if (reasons()) close_reasoning(Seal::none, {}, {}, out);
  }

  void close(std::string& out) {
    close_text(out);
    calls_.close(item_status(), output_, out);
  }

  [[nodiscard]] bool is_cut() const {
    return finish_ == FinishReason::length || finish_ == FinishReason::content_filter;
  }

  void end(std::string& out) {
    if (finish_ == FinishReason::insufficient_system_resource || finish_ == FinishReason::aborted) {
      return fail("server_error", "The provider stopped before the answer was complete.", out);
    }
    close(out);
    ResponseState state;
    state.status = "completed";
    state.output = output_;
    if (has_usage_) state.usage = &usage_;
    if (is_cut()) {
      state.status = "incomplete";
      state.incomplete_reason =
          finish_ == FinishReason::length ? "max_output_tokens" : "content_filter";
    }
    finish(is_cut() ? "response.incomplete" : "response.completed", state, out);
  }

  // What was said so far stands in the events before; the response is without what was not closed.
  void fail(std::string_view code, std::string_view message, std::string& out) {
    if (ended_) return;
    if (open_ != Open::nothing) output_.resize(item_begin_ == 0 ? 0 : item_begin_ - 1);
    ResponseState state;
    state.status = "failed";
    state.output = output_;
    state.error_code = code;
    state.error_message = message;
    if (has_usage_) state.usage = &usage_;
    finish("response.failed", state, out);
  }

  void finish(std::string_view type, const ResponseState& state, std::string& out) {
    ended_ = true;
    if (!events_.streamed()) return append_response(out, context_, settings_, state);
    events_.open(out, type, "response");
    append_response(out, context_, settings_, state);
    events_.close(out);
  }

  AnswerContext context_;
  ResponsesEvents events_;
  const std::string settings_;
  const bool wants_summary_;
  std::string output_;  // the items so far, and the open one as far as it goes
  std::size_t item_begin_ = 0, part_begin_ = 0, text_begin_ = 0;  // in output_
  std::size_t items_ = 0;
  unsigned content_ = 0, annotation_ = 0;
  std::string place_, content_place_;  // of the open item, of its open part
  std::string annotations_, hidden_;
  std::size_t kept_ = 0;  // bytes of text
  ResponsesCalls calls_{events_, context_.id};
  Open open_ = Open::nothing;
  FinishReason finish_ = FinishReason::none;
  Usage usage_;
  bool has_usage_ = false, begun_ = false, ended_ = false;
};

}  // namespace

std::unique_ptr<StreamEncoder> make_responses_stream_encoder(AnswerContext context) {
  return std::make_unique<ResponsesEncoder>(std::move(context), true);
}

std::unique_ptr<StreamEncoder> make_responses_answer_encoder(AnswerContext context) {
  return std::make_unique<ResponsesEncoder>(std::move(context), false);
}

}  // namespace tidegate::translation
