#include "translation/chat_events.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "json/escape.h"
#include "json/reader.h"
#include "protocol/completion_fields.h"

namespace tidegate::translation {
namespace {

using Kind = Event::Kind;

void say(EventSink& sink, Kind kind, std::string_view text) {
  if (text.empty()) return;
  Event event;
  event.kind = kind;
  event.text = text;
  sink.take(event);
}

bool has_content(const ChatDelta& delta) {
  return !delta.content.empty() || !delta.reasoning.empty() || !delta.refusal.empty() ||
         !delta.calls.empty() || !delta.pieces.empty();
}

std::unexpected<Error> out_of_order(std::string_view what) {
  return fail(ErrorCode::invalid, fmt::format("the provider's answer is out of order: {}", what));
}

}  // namespace

Result<bool> ChatEvents::add(std::string_view text, const ChatDelta& delta, EventSink& sink) {
  if (delta.error || !delta.has_choices) {
    const auto fields = protocol::read_completion(text);
    if (!fields || fields->error) {
      say(sink, Kind::error, text);
      return false;
    }
  }
  if (finished_ && has_content(delta)) return out_of_order("content after its finish_reason");
  if (!started_ && delta.has_choice) start(delta, sink);
  reasoning(delta, sink);
  say(sink, Kind::text, delta.content);
  for (const ChatDelta::Piece& piece : delta.pieces) {
    if (!piece.reasoning) say(sink, Kind::text, piece.text);
  }
  say(sink, Kind::refusal, delta.refusal);
  for (const std::string_view citation : delta.citations) {
    Event event;
    event.kind = Kind::citation;
    event.text = citation;
    event.name = name(Surface::chat);
    sink.take(event);
  }
  for (const ChatDelta::Call& one : delta.calls) {
    if (auto taken = call(one, sink); !taken) return std::unexpected(std::move(taken.error()));
  }
  if (delta.finish || delta.usage) ending(text, delta, sink);
  return true;
}

void ChatEvents::start(const ChatDelta& delta, EventSink& sink) {
  started_ = true;
  answer_ = hash_bytes(delta.id);
  Event event;
  event.kind = Kind::start;
  event.id = delta.id;
  event.name = delta.model;
  sink.take(event);
}

void ChatEvents::reasoning(const ChatDelta& delta, EventSink& sink) {
  say(sink, Kind::reasoning, delta.reasoning);
  for (const ChatDelta::Piece& piece : delta.pieces) {
    if (piece.reasoning) say(sink, Kind::reasoning, piece.text);
  }
  for (const std::string_view item : delta.details) detail(item, delta.reasoning.empty(), sink);
}

// One item of reasoning_details. Its text is told where no plain member says it, too; what it
// proves becomes a seal: the item without the text, which a stream has told long before.
void ChatEvents::detail(std::string_view item, bool with_text, EventSink& sink) {
  std::string_view text;
  bool sealed = false;
  scratch_ = "[{";
  json::Reader json(json::CheckedText{item});
  const bool good = json.object([&](std::string_view key) {
    const bool is_text = json.kind() == json::Kind::string;
    if (is_text && key == "text") return json.string(text);
    const std::uint32_t begin = json.offset();
    std::string_view raw;
    if (is_text && (key == "summary" || key == "signature" || key == "data")) {
      if (!json.string(raw)) return false;
      if (key == "summary") text = raw;
      sealed = sealed || (key != "summary" && !raw.empty());
    } else if (!json.skip()) {
      return false;
    }
    if (scratch_.back() != '{') scratch_ += ',';
    scratch_ += fmt::format(R"("{}":{})", key, item.substr(begin, json.last_end() - begin));
    return true;
  });
  if (!good) return;
  if (with_text) say(sink, Kind::reasoning, text);
  if (!sealed) return;
  scratch_ += "}]";
  Event event;
  event.kind = Kind::reasoning_seal;
  event.seal = Seal::openrouter_details;
  event.text = scratch_;
  sink.take(event);
}

// The call that a delta belongs to; a new one where it belongs to none. npos: it has no name and
// none to add to.
std::size_t ChatEvents::find(const ChatDelta::Call& delta) {
  const auto from_end = [this](auto&& matches) {
    const auto found = std::ranges::find_if(calls_.rbegin(), calls_.rend(), matches);
    return found == calls_.rend() ? calls_.size()
                                  : static_cast<std::size_t>(calls_.rend() - found) - 1;
  };
  std::size_t at = calls_.size();
  if (delta.index) {
    at = from_end([&](const Call& call) { return call.index == delta.index; });
    // Some give every parallel call the index 0.
    if (at != calls_.size() && !delta.id.empty() && !delta.name.empty() &&
        delta.id != calls_[at].id && calls_[at].begun)
      at = calls_.size();
  } else if (!delta.id.empty()) {
    at = from_end([&](const Call& call) { return call.id == delta.id; });
  } else if (delta.name.empty() && !calls_.empty()) {
    at = calls_.size() - 1;
  }
  if (at == calls_.size()) {
    Call& call = calls_.emplace_back();
    call.index = delta.index;
    call.id = delta.id;
  }
  return at;
}

Result<void> ChatEvents::call(const ChatDelta::Call& delta, EventSink& sink) {
  const std::size_t at = find(delta);
  Call& call = calls_[at];
  if (!call.begun && delta.name.empty()) {
    if (!delta.arguments.empty()) return out_of_order("a tool call's arguments before its name");
    if (call.id.empty()) call.id = delta.id;
    return {};
  }
  // Events count the calls as they begin; calls that wait for a name cannot have begun before.
  if (!call.begun) {
    if (at != begun_) return out_of_order("a tool call without a name");
    call.begun = true;
    ++begun_;
    if (call.id.empty()) call.id = delta.id;
    if (call.id.empty())
      call.id = fmt::format("call_{:016x}_{}", answer_, at);  // some servers give none
    Event event;
    event.kind = Kind::tool_call;
    event.index = static_cast<std::uint32_t>(at);
    event.id = call.id;
    event.name = delta.name;
    event.custom = delta.custom;
    sink.take(event);
  }
  if (!delta.signature.empty()) {
    Event event;
    event.kind = Kind::tool_seal;
    event.index = static_cast<std::uint32_t>(at);
    event.seal = Seal::gemini_signature;
    event.text = delta.signature;
    sink.take(event);
  }
  if (delta.arguments.empty()) return {};
  Event event;
  event.kind = Kind::tool_arguments;
  event.index = static_cast<std::uint32_t>(at);
  event.text = delta.arguments;
  if (!delta.escaped) {
    scratch_.clear();
    json::append_escaped(scratch_, delta.arguments);
    event.text = scratch_;
  }
  sink.take(event);
  return {};
}

// Once or twice in an answer, so the text may be read again by who knows all the shapes of usage.
void ChatEvents::ending(std::string_view text, const ChatDelta& delta, EventSink& sink) {
  const auto fields = protocol::read_completion(text);
  if (!fields) return;
  if (delta.finish && fields->finish != protocol::FinishReason::none && !finished_) {
    finished_ = true;
    Event event;
    event.kind = Kind::finish;
    event.finish = fields->finish;
    sink.take(event);
  }
  if (fields->usage) {
    Event event;
    event.kind = Kind::usage;
    event.usage = *fields->usage;
    sink.take(event);
  }
}

}  // namespace tidegate::translation
