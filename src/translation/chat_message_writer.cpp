#include "translation/chat_message_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "translation/chat_part_writer.h"
#include "translation/chat_text.h"

namespace tidegate::translation {
namespace {

using Kind = Part::Kind;
using Parts = std::span<const Part>;

bool is_text(const Part& part) { return part.kind == Kind::text || part.kind == Kind::refusal; }

class MessageWriter {
 public:
  MessageWriter(const Request& request, const protocol::DialectTable& dialect,
                std::string_view instruction, std::string& out, Notes& notes)
      : request_(request),
        dialect_(dialect),
        instruction_(instruction),
        out_(out),
        notes_(notes),
        last_system_(last_system()) {}

  Result<void> run() {
    out_ += '[';
    if (!instruction_.empty() && last_system_ == nullptr) {
      begin("system");
      append_text(out_, "content", instruction_);
      out_ += '}';
    }
    const std::vector<Turn>& turns = request_.turns;
    for (std::size_t i = 0; i < turns.size() && !error_; ++i) {
      switch (turns[i].role) {
        case Role::system:
        case Role::developer:
          system(turns[i]);
          break;
        case Role::user:
          user(turns[i]);
          break;
        case Role::assistant:
          assistant(turns[i]);
          break;
        case Role::tool:
          i = results(i);
          break;
      }
    }
    out_ += ']';
    if (error_) return std::unexpected(std::move(*error_));
    return {};
  }

 private:
  [[nodiscard]] Parts parts(const Turn& turn) const {
    return {request_.begin(turn), request_.end(turn)};
  }

  // Of those at the beginning, so that the prompt's start stays the same from turn to turn.
  [[nodiscard]] const Turn* last_system() const {
    const Turn* last = nullptr;
    for (const Turn& turn : request_.turns) {
      if (turn.role != Role::system && turn.role != Role::developer) break;
      last = &turn;
    }
    return last;
  }

  void refuse(const Part& part) {
    if (error_) return;
    std::string where = path(request_.surface, part.place);
    error_ = Error{
        ErrorCode::invalid,
        fmt::format("{} cannot be sent to a provider of the dialect {}", where, dialect_.name),
        where};
  }

  // Of a part that is written as part of a text: it becomes its message's where that is known.
  void take_cache_control(const Part& part) {
    if (part.cache_control.empty()) return;
    if (dialect_.cache_control) {
      cache_control_ = part.cache_control;
    } else {
      notes_.add("cache_control dropped");
    }
  }

  void begin(std::string_view role) {
    if (out_.back() == '}') out_ += ',';
    out_ += R"({"role":")";
    out_ += role;
    out_ += '"';
  }

  void end() {
    if (!cache_control_.empty()) append_value(out_, "cache_control", cache_control_);
    cache_control_ = {};
    out_ += '}';
  }

  void name(const Turn& turn) {
    if (!turn.name.empty()) append_text(out_, "name", turn.name);
  }

  // Texts as one, since not every server takes an array of them. Parts of one text that only
  // citations divide are not divided.
  void joined(Parts parts) {
    bool first = true;
    const Part* before = nullptr;
    for (const Part& part : parts) {
      if (!is_text(part)) continue;
      const bool cited =
          before != nullptr && !(before->citations.empty() && part.citations.empty());
      if (!first && !cited) out_ += "\\n\\n";
      out_ += part.text;
      first = false;
      before = &part;
      take_cache_control(part);
      if (!part.citations.empty()) notes_.add("citations dropped");
      if (part.kind == Kind::refusal) notes_.add("refusal sent as text");
    }
  }

  void content(Parts parts) {
    const bool marks =
        keeps_cache_control(request_, dialect_) &&
        std::ranges::any_of(parts, [](const Part& part) { return !part.cache_control.empty(); });
    if (!marks && std::ranges::all_of(parts, is_text)) {
      append_key(out_, "content");
      out_ += '"';
      joined(parts);
      out_ += '"';
      return;
    }
    append_key(out_, "content");
    out_ += '[';
    elements(parts);
    out_ += ']';
  }

  void elements(Parts parts) {
    for (const Part& part : parts) {
      const std::size_t before = out_.size();
      if (out_.back() == '}') out_ += ',';
      if (write_chat_part(request_, dialect_, part, out_, notes_)) continue;
      out_.resize(before);
      refuse(part);
    }
  }

  void system(const Turn& turn) {
    const bool developer = turn.role == Role::developer;
    if (developer && !dialect_.developer_role) notes_.add("developer->system");
    begin(developer && dialect_.developer_role ? "developer" : "system");
    name(turn);
    const bool instructed = &turn == last_system_ && !instruction_.empty();
    if (!instructed) {
      content(parts(turn));
    } else {
      for (const Part& part : parts(turn)) {
        if (!is_text(part)) refuse(part);
      }
      append_key(out_, "content");
      out_ += '"';
      joined(parts(turn));
      out_ += "\\n\\n";
      out_ += instruction_;
      out_ += '"';
    }
    end();
  }

  void user(const Turn& turn) {
    begin("user");
    name(turn);
    content(parts(turn));
    out_ += '}';
  }

  void assistant(const Turn& turn) {
    const Parts all = parts(turn);
    const bool calls =
        std::ranges::any_of(all, [](const Part& part) { return part.kind == Kind::tool_call; });
    begin("assistant");
    name(turn);
    if (calls && std::ranges::none_of(all, is_text)) {
      append_value(out_, "content", dialect_.no_content);
    } else {
      append_key(out_, "content");
      out_ += '"';
      joined(all);
      out_ += '"';
    }
    write_chat_reasoning(all, dialect_, out_, notes_);
    if (calls) tool_calls(all);
    for (const Part& part : all) {
      const bool said =
          is_text(part) || part.kind == Kind::reasoning || part.kind == Kind::tool_call;
      if (!said) notes_.add(fmt::format("{} of the assistant dropped", describe(part)));
    }
    if (turn.prefix && !dialect_.prefix.key.empty()) {
      append_value(out_, dialect_.prefix.key, "true");
    } else if (turn.prefix && !dialect_.prefix.known()) {
      notes_.add("prefix of the answer not marked");
    }
    end();
  }

  static std::string_view describe(const Part& part) {
    switch (part.kind) {
      case Kind::image:
        return "image";
      case Kind::document:
        return "document";
      case Kind::audio:
        return "audio";
      default:
        return part.name.empty() ? std::string_view("part") : part.name;
    }
  }

  void tool_calls(Parts all) {
    append_key(out_, "tool_calls");
    out_ += '[';
    bool first = true;
    for (const Part& part : all) {
      if (part.kind != Kind::tool_call) continue;
      if (!first) out_ += ',';
      first = false;
      take_cache_control(part);
      const bool custom = part.custom && !dialect_.only_function_tools;
      out_ += R"({"id":)";
      append_raw(out_, part.id);
      out_ += custom ? R"(,"type":"custom","custom":{"name":)"
                     : R"(,"type":"function","function":{"name":)";
      append_raw(out_, part.name);
      out_ += custom ? R"(,"input":")" : R"(,"arguments":")";
      if (custom) {
        out_ += part.arguments;
      } else {
        append_arguments(out_, part.arguments, part.arguments_escaped, part.custom);
      }
      out_ += "\"}";
      if (dialect_.thought_signatures && part.seal == Seal::gemini_signature) {
        out_ += R"(,"extra_content":{"google":{"thought_signature":)";
        append_raw(out_, part.proof);
        out_ += "}}";
      }
      out_ += '}';
    }
    out_ += ']';
  }

  // Writes the results from turn i on, as no other message may stand among them; gives the last
  // turn that it wrote.
  std::size_t results(std::size_t i) {
    const std::vector<Turn>& turns = request_.turns;
    std::size_t end = i;
    while (end < turns.size() && turns[end].role == Role::tool) ++end;
    const std::size_t last = end - 1;
    const bool merged = end < turns.size() && may_merge(turns[end]);
    for (; i <= last; ++i) result(turns[i], merged && i == last ? &turns[end] : nullptr);
    if (images_.empty()) return merged ? end : last;
    begin("user");
    append_key(out_, "content");
    out_ += '[';
    elements(images_);
    out_ += "]}";
    images_.clear();
    return merged ? end : last;
  }

  // Where a user's turn ends a tool loop for the provider, text that came in one message with the
  // results must not begin such a turn (fact sheet 2.2, case 8; Roo Code #12196).
  [[nodiscard]] bool may_merge(const Turn& turn) const {
    return turn.role == Role::user && turn.joined &&
           dialect_.must_return == protocol::MustReturn::every_turn &&
           std::ranges::all_of(parts(turn), is_text);
  }

  void result(const Turn& turn, const Turn* merged) {
    const Part& result = *request_.begin(turn);
    const Parts inside = parts(turn).subspan(1);
    take_cache_control(result);
    begin("tool");
    append_text(out_, "tool_call_id", result.id);
    const bool only_text = std::ranges::all_of(inside, is_text);
    append_key(out_, "content");
    if (!only_text && dialect_.images_in_tool_results) {
      out_ += '[';
      if (result.is_error && !mentions_error(inside)) out_ += R"({"type":"text","text":"Error: "})";
      elements(inside);
      if (merged != nullptr) elements(parts(*merged));
      out_ += ']';
      end();
      return;
    }
    out_ += '"';
    const std::size_t before = out_.size();
    if (result.is_error && !mentions_error(inside)) out_ += "Error: ";
    joined(inside);
    if (!only_text) put_aside(result, inside, out_.size() != before);
    if (merged != nullptr) {
      if (out_.size() != before) out_ += "\\n\\n";
      joined(parts(*merged));
    }
    out_ += '"';
    end();
  }

  // The surface has no mark of a failed call, so the text must say it.
  static bool mentions_error(Parts inside) {
    return !inside.empty() && inside.front().text.substr(0, 64).contains("rror");
  }

  void put_aside(const Part& result, Parts inside, bool has_text) {
    if (!has_text) out_ += "The result follows in the next user message.";
    kept_.push_back(fmt::format("Result of tool call {}:", result.id));
    Part& title = images_.emplace_back();
    title.text = kept_.back();
    for (const Part& part : inside) {
      if (!is_text(part)) images_.push_back(part);
    }
    notes_.add("images of tool results sent as the user's");
  }

  const Request& request_;
  const protocol::DialectTable& dialect_;
  std::string_view instruction_;
  std::string& out_;
  Notes& notes_;
  const Turn* last_system_;
  std::vector<Part> images_;  // of the results before, which only a user message can hold
  std::deque<std::string> kept_;
  std::string_view cache_control_;  // JSON value, of the message that is being written
  std::optional<Error> error_;
};

}  // namespace

Result<void> write_chat_messages(const Request& request, const protocol::DialectTable& dialect,
                                 std::string_view instruction, std::string& out, Notes& notes) {
  return MessageWriter(request, dialect, instruction, out, notes).run();
}

}  // namespace tidegate::translation
