#include "translation/answer_pass.h"

#include "translation/citation.h"

namespace tidegate::translation {

using protocol::Ending;
using protocol::EventClass;

void AnswerPass::write_for(Surface surface, AnswerContext context) {
  writes_ = true;
  client_ = surface;
  context_ = std::move(context);
}

void AnswerPass::take(const Event& event) {
  if (!check_) return pass(event);
  if (event.kind != Event::Kind::text) {
    Event rest;
    rest.kind = Event::Kind::text;
    const bool ends_text = event.kind == Event::Kind::finish || event.kind == Event::Kind::done ||
                           event.kind == Event::Kind::tool_call;
    if (ends_text) rest.text = fence_.finish();
    if (!rest.text.empty()) check_and_pass(rest);
    return check_and_pass(event);
  }
  Event unwrapped = event;
  if (!decoder_) {
    unwrapped.text = check_->unwrap(event.text);
  } else if (writes_) {
    unwrapped.text = fence_.take(event.text);
    if (unwrapped.text.empty()) return;
  }
  check_and_pass(unwrapped);
}

void AnswerPass::check_and_pass(const Event& event) {
  check_->take(event);
  if (event.kind == Event::Kind::done) check_->judge();
  pass(event);
}

void AnswerPass::pass(const Event& event) {
  switch (event.kind) {
    case Event::Kind::start:
      if (seen_ == EventClass::other) seen_ = EventClass::role_only;
      break;
    case Event::Kind::finish:
    case Event::Kind::usage:
      if (seen_ == EventClass::other) seen_ = EventClass::finish;
      break;
    case Event::Kind::done:
      seen_ = EventClass::done;
      break;
    case Event::Kind::error:
      seen_ = EventClass::error;
      break;
    default:
      seen_ = EventClass::content;
  }
  if (writes_ && event.kind == Event::Kind::citation && citation_for(client_, event).empty()) {
    drops_citations_ = true;
  }
  fold_.take(event);
  if (collector_) collector_->take(event);
  // What an error becomes is the attempt's to say: it may yet be another attempt. So is what a
  // stream ends with that is not what was asked for.
  const bool ends_badly = event.kind == Event::Kind::error ||
                          (event.kind == Event::Kind::done && decoder_ && is_refused());
  if (encoder_ && !ends_badly) encoder_->encode(event, out_);
  if (recorder_) recorder_->encode(event, recorded_);
}

EventClass AnswerPass::read_event(std::string_view name, std::string_view data) {
  if (!decoder_) {
    decoder_ = codec_.stream_decoder(dialect_);
    if (writes_) encoder_ = codec(client_).stream_encoder(std::move(context_));
  }
  seen_ = EventClass::other;
  const Result<void> good = decoder_->decode(name, data, sink());
  return good ? seen_ : EventClass::garbage;
}

Result<void> AnswerPass::read_whole(std::string_view body) {
  if (writes_) encoder_ = codec(client_).answer_encoder(std::move(context_));
  return codec_.read_answer(body, dialect_, sink());
}

Ending AnswerPass::ending() const {
  const Ending said = protocol::ending(fold_.answer());
  if (said == Ending::error || said == Ending::failed) return said;
  return fold_.done() ? said : Ending::truncated;
}

}  // namespace tidegate::translation
