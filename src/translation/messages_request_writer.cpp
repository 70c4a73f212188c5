// Writes the body for a provider of the Messages surface.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "json/escape.h"
#include "translation/messages_ids.h"
#include "translation/messages_input.h"
#include "translation/messages_parts.h"
#include "translation/messages_settings_writer.h"

namespace tidegate::translation::messages {
namespace {

class TurnWriter {
 public:
  TurnWriter(const Request& request, std::string& out, Notes& notes)
      : request_(request), out_(out), notes_(notes) {}

  // The system prompt: the turns of the system that come first; `extra` is a raw string.
  Result<void> write_system(std::string_view extra) {
    bool any = false;
    const auto begin = [&] {
      out_ += any ? "," : R"(,"system":[)";
      any = true;
    };
    for (; next_ < request_.turns.size() && is_system(request_.turns[next_]); ++next_) {
      const Turn& turn = request_.turns[next_];
      for (const Part* part = request_.begin(turn); part != request_.end(turn); ++part) {
        if (part->kind != Part::Kind::text) return refuse(*part, "must be text in a system prompt");
        if (json::is_blank(part->text)) continue;  // refused by Anthropic, as everywhere below
        begin();
        text(*part);
      }
    }
    if (!extra.empty()) {
      begin();
      out_.append(R"({"type":"text","text":")").append(extra).append(R"("})");
    }
    if (any) out_ += ']';
    return {};
  }

  Result<void> write_messages(bool prefill) {
    if (prefill && !request_.turns.empty() && request_.surface != Surface::messages) {
      prefill_ = &request_.turns.back();
    }
    out_ += R"(,"messages":[)";
    const auto& turns = request_.turns;
    while (next_ < turns.size()) {
      calls_.clear();
      for (; next_ < turns.size() && turns[next_].role == Role::assistant; ++next_) {
        if (auto good = assistant(turns[next_]); !good) return good;
      }
      std::size_t end = next_;
      while (end < turns.size() && turns[end].role != Role::assistant) ++end;
      if (auto good = user(next_, end); !good) return good;
      next_ = end;
    }
    if (speaker_.empty()) {
      block("user");
      filler("Start.");
    } else if (speaker_ == "assistant" && !prefill) {
      notes_.add("last message added: the model does not go on from the assistant's");
      block("user");
      filler("Go on from where your last message ended.");
    }
    out_ += "]}]";
    return {};
  }

 private:
  struct Call {
    const Part* part;
    bool answered = false;
  };

  static bool is_system(const Turn& turn) {
    return turn.role == Role::system || turn.role == Role::developer;
  }

  std::unexpected<Error> refuse(const Part& part, std::string_view what) const {
    const std::string at = path(request_.surface, part.place);
    return fail(ErrorCode::invalid, fmt::format("{} {}", at, what), at);
  }

  void filler(std::string_view words) {
    out_.append(R"({"type":"text","text":")").append(words).append(R"("})");
  }

  // Before each block: turns of one speaker in a row become one message.
  void block(std::string_view speaker) {
    if (speaker_ == speaker) {
      out_ += ',';
      return;
    }
    if (speaker_.empty() && speaker != "user") {
      out_ += R"({"role":"user","content":[)";
      filler("Start.");
      notes_.add("first message added: the user must begin");
      speaker_ = "user";
    }
    if (!speaker_.empty()) out_ += "]},";
    out_.append(R"({"role":")").append(speaker).append(R"(","content":[)");
    speaker_ = speaker;
  }

  Result<void> assistant(const Turn& turn) {
    note_name(turn);
    for (const Part* part = request_.begin(turn); part != request_.end(turn); ++part) {
      switch (part->kind) {
        case Part::Kind::text:
        case Part::Kind::refusal:
          if (json::is_blank(part->text)) break;
          block("assistant");
          if (&turn == prefill_ && part + 1 == request_.end(turn)) {
            Part trimmed = *part;  // white space at its end is refused
            trimmed.text = without_space_at_end(part->text);
            text(trimmed);
          } else {
            text(*part);
          }
          break;
        case Part::Kind::reasoning:
          reasoning(*part);
          break;
        case Part::Kind::tool_call:
          if (auto good = tool_use(*part); !good) return good;
          break;
        case Part::Kind::other:
          if (request_.surface == Surface::messages) {
            block("assistant");
            out_ += part->raw;
          } else {
            notes_.add(fmt::format("{} dropped", part->name));
          }
          break;
        default:
          return refuse(*part, "cannot stand in an assistant's message of this provider");
      }
    }
    return {};
  }

  void reasoning(const Part& part) {
    if (part.seal == Seal::anthropic_redacted) {
      block("assistant");
      out_.append(R"({"type":"redacted_thinking","data":")").append(part.proof).append(R"("})");
      return;
    }
    const bool is_signed = part.seal == Seal::anthropic_signature;
    if (!is_signed && part.text.empty()) {
      notes_.add("sealed reasoning of another provider dropped");
      return;
    }
    block("assistant");
    out_.append(R"({"type":"thinking","thinking":")").append(part.text);
    out_.append(R"(","signature":")").append(is_signed ? part.proof : "").append(R"("})");
  }

  // The id of the call that was written last under it. Anthropic wants each but once in all turns,
  // while others number the calls of every answer anew.
  void append_call_id(std::string_view id) {
    const unsigned use = uses_[id];
    use == 1 ? append_wire_id(out_, id) : append_wire_id(out_, fmt::format("{}#{}", id, use));
  }

  Result<void> tool_use(const Part& part) {
    block("assistant");
    out_ += R"({"type":"tool_use","id":")";
    calls_.push_back({&part});
    ++uses_[part.id];
    append_call_id(part.id);
    out_ += R"(","name":")";
    append_wire_id(out_, part.name);
    out_ += R"(","input":)";
    if (!input(part)) return refuse(part, "has arguments with an invalid escape");
    cache_control(part);
    out_ += '}';
    return {};
  }

  // False: the arguments are no JSON string.
  bool input(const Part& part) {
    const std::string_view given = part.arguments;
    if (part.custom) {
      out_.append(R"({"input":)");
      part.arguments_escaped || !given.starts_with('"')
          ? static_cast<void>(out_.append("\"").append(given).append("\""))
          : static_cast<void>(out_.append(given));
      out_ += '}';
      return true;
    }
    if (json::is_blank(given)) {
      out_ += "{}";
      return true;
    }
    if (!part.arguments_escaped) {
      if (given.starts_with('{')) {
        out_ += given;
      } else {
        note_wrapped();
        out_.append(R"({"_raw":)").append(given).append("}");
      }
      return true;
    }
    const Input written = append_input(out_, given);
    if (written == Input::wrapped) note_wrapped();
    return written != Input::bad;
  }

  void note_wrapped() { notes_.add("tool arguments that are no object -> _raw"); }

  // What the user says until the assistant's next turn: results first, in one message with the
  // rest.
  Result<void> user(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (request_.turns[i].role != Role::tool) continue;
      if (auto good = tool_result(request_.turns[i]); !good) return good;
    }
    if (const auto call = std::ranges::find(calls_, false, &Call::answered); call != calls_.end()) {
      return refuse(*call->part,
                    fmt::format("calls a tool whose result is missing ({})", call->part->id));
    }
    for (std::size_t i = begin; i < end; ++i) {
      const Turn& turn = request_.turns[i];
      if (turn.role == Role::tool) continue;
      if (is_system(turn)) notes_.add("system message within the conversation -> user");
      note_name(turn);
      for (const Part* part = request_.begin(turn); part != request_.end(turn); ++part) {
        if (part->kind == Part::Kind::text && json::is_blank(part->text)) continue;
        block("user");
        if (auto good = content(*part); !good) return good;
      }
    }
    return {};
  }

  Result<void> tool_result(const Turn& turn) {
    const Part* part = request_.begin(turn);
    if (turn.parts == 0 || part->kind != Part::Kind::tool_result) return {};
    const auto call = std::ranges::find_if(
        calls_, [&](const Call& each) { return !each.answered && each.part->id == part->id; });
    if (call == calls_.end()) {
      return refuse(*part,
                    fmt::format("answers {}, which is no open call of the turn before", part->id));
    }
    call->answered = true;
    block("user");
    out_ += R"({"type":"tool_result","tool_use_id":")";
    append_call_id(part->id);
    out_ += '"';
    bool any = false;
    for (const Part* inner = part + 1; inner != request_.end(turn); ++inner) {
      if (inner->kind == Part::Kind::text && json::is_blank(inner->text)) continue;
      out_ += any ? "," : R"(,"content":[)";
      any = true;
      if (auto good = content(*inner); !good) return good;
    }
    if (any) out_ += ']';
    if (part->is_error) out_ += R"(,"is_error":true)";
    cache_control(*part);
    out_ += '}';
    return {};
  }

  // Of the user or of a result.
  Result<void> content(const Part& part) {
    const bool own = request_.surface == Surface::messages && !part.raw.empty();
    switch (part.kind) {
      case Part::Kind::text:
        text(part);
        return {};
      case Part::Kind::image:
      case Part::Kind::document:
        if (own) {
          out_ += part.raw;
          return {};
        }
        return media(part);
      case Part::Kind::other:
        if (own) {
          out_ += part.raw;
          return {};
        }
        return refuse(part, fmt::format("is of type {}, which the provider does not take",
                                        part.name.empty() ? "unknown" : part.name));
      case Part::Kind::audio:
        return refuse(part, "is audio, which the provider does not take");
      default:
        return refuse(part, "cannot stand in a user's message");
    }
  }

  void text(const Part& part) {
    out_.append(R"({"type":"text","text":")").append(part.text).append("\"");
    if (!part.citations.empty()) {
      if (request_.surface == Surface::messages) {
        out_.append(R"(,"citations":)").append(part.citations);
      } else {
        notes_.add("citations dropped");
      }
    }
    cache_control(part);
    out_ += '}';
  }

  Result<void> media(const Part& part) {
    const bool image = part.kind == Part::Kind::image;
    out_ += image ? R"({"type":"image","source":{)" : R"({"type":"document","source":{)";
    if (!part.data.empty()) {
      if (part.media_type.empty()) return refuse(part, "needs its media type");
      out_.append(R"("type":"base64","media_type":")").append(part.media_type);
      out_.append(R"(","data":")").append(part.data).append(R"("})");
    } else if (!part.url.empty()) {
      out_.append(R"("type":"url","url":")").append(part.url).append(R"("})");
    } else if (!part.file_id.empty()) {
      return refuse(part, "names a file that only the provider which stores it can read");
    } else if (!image && part.text.data() != nullptr) {
      out_.append(R"("type":"text","media_type":"text/plain","data":")");
      out_.append(part.text).append(R"("})");
    } else {
      return refuse(part, "has neither data nor a URL");
    }
    if (!image && !part.name.empty()) out_.append(R"(,"title":")").append(part.name).append("\"");
    if (!part.detail.empty()) notes_.add("image detail dropped");
    cache_control(part);
    out_ += '}';
    return {};
  }

  void cache_control(const Part& part) {
    if (part.cache_control.empty()) return;
    out_.append(R"(,"cache_control":)").append(part.cache_control);
  }

  void note_name(const Turn& turn) {
    if (!turn.name.empty()) notes_.add("name of a participant dropped");
  }

  const Request& request_;
  std::string& out_;
  Notes& notes_;
  std::size_t next_ = 0;      // turn
  std::string_view speaker_;  // of the message that is open
  const Turn* prefill_ = nullptr;
  std::vector<Call> calls_;                              // of the assistant's turns just written
  std::unordered_map<std::string_view, unsigned> uses_;  // how often an id has named a call
};

}  // namespace

Result<void> write_request(const Request& request, const protocol::DialectTable& dialect,
                           std::string_view wire_model, std::string& out, Notes& notes) {
  const ModelRules rules = model_rules(wire_model);
  out.reserve(out.size() + request.body.size() + 4096);
  out += R"({"model":")";
  json::append_escaped(out, wire_model);
  out += '"';
  if (auto good = write_settings(request, dialect, rules, out, notes); !good) return good;
  // Beside thinking, a last message of the assistant would have to begin with some.
  const bool thinks =
      request.thinking.toggle == Toggle::on ||
      (request.thinking.toggle == Toggle::unset && request.thinking.effort != Effort::unset &&
       request.thinking.effort != Effort::none);
  TurnWriter turns(request, out, notes);
  const std::string extra = format_instruction(request, dialect, rules, notes);
  if (auto good = turns.write_system(extra); !good) return good;
  if (auto good = turns.write_messages(rules.prefill && !thinks); !good) return good;
  out += '}';
  return {};
}

}  // namespace tidegate::translation::messages
