#include "translation/responses_items_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "json/escape.h"
#include "translation/responses_members.h"

namespace tidegate::translation {
namespace {

using Kind = Part::Kind;

class ItemsWriter {
 public:
  ItemsWriter(const Request& request, const protocol::DialectTable& dialect, std::string& out,
              Notes& notes)
      : request_(request), dialect_(dialect), out_(out), notes_(notes) {}

  Result<void> turn(const Turn& turn) {
    if (!turn.name.empty()) notes_.add("names of participants dropped");
    if (turn.prefix) notes_.add("the answer's prefix became a turn of its own");
    switch (turn.role) {
      case Role::assistant:
        return assistant(turn);
      case Role::tool:
        return tool(turn);
      default:
        return message(turn);
    }
  }

 private:
  [[nodiscard]] bool ours() const { return request_.surface == Surface::responses; }

  std::unexpected<Error> refuse(const Part& part, std::string_view what) {
    std::string where = path(request_.surface, part.place);
    return fail(ErrorCode::invalid, fmt::format("{}: {}", where, what), where);
  }

  Result<void> message(const Turn& turn) {
    const Part* part = request_.begin(turn);
    const Part* const end = request_.end(turn);
    // Items that are no messages, of a client of this surface.
    if (part != end && part->kind == Kind::other && part->place.element == Place::kNone) {
      for (; part != end; ++part) other_item(*part);
      return {};
    }
    std::string_view role = "user";
    if (turn.role == Role::system) role = "system";
    if (turn.role == Role::developer) role = dialect_.developer_role ? "developer" : "system";
    items_.next(out_);
    Members item(out_);
    item.text("type", "message");
    item.text("role", role);
    item.key("content");
    auto written = contents(part, end);
    item.end();
    return written;
  }

  // The one text that most messages are, or a list.
  Result<void> contents(const Part* part, const Part* end) {
    if (end - part == 1 && part->kind == Kind::text && part->citations.empty()) {
      note_cache_control(*part);
      out_.append("\"").append(part->text).append("\"");
      return {};
    }
    out_ += '[';
    Commas commas;
    for (; part != end; ++part) {
      if (auto written = content(*part, commas); !written) return written;
    }
    out_ += ']';
    return {};
  }

  Result<void> content(const Part& part, Commas& commas) {
    note_cache_control(part);
    switch (part.kind) {
      case Kind::text:
      case Kind::refusal: {
        if (!part.citations.empty()) notes_.add("citations of a user's text dropped");
        commas.next(out_);
        return input_text(part.text);
      }
      case Kind::image:
        return image(part, commas);
      case Kind::document:
        return document(part, commas);
      case Kind::audio:
        if (!ours()) return refuse(part, "audio cannot be sent to the Responses API");
        commas.next(out_);
        out_ += part.raw;
        return {};
      default:
        if (!ours() || part.raw.empty()) {
          return refuse(part, fmt::format("a {} cannot be sent to the Responses API", part.name));
        }
        commas.next(out_);
        out_ += part.raw;
        return {};
    }
  }

  Result<void> input_text(std::string_view text) {
    Members members(out_);
    members.text("type", "input_text");
    members.text("text", text);
    members.end();
    return {};
  }

  Result<void> text_document(const Part& part) {
    if (part.name.empty()) return input_text(part.text);
    return input_text(fmt::format("{}\\n\\n{}", part.name, part.text));
  }

  // A file's id means nothing to another provider.
  [[nodiscard]] bool foreign_file(const Part& part) const {
    return !part.file_id.empty() && request_.surface == Surface::messages;
  }

  void data_url(Members& members, std::string_view name, const Part& part) {
    members.key(name) += "\"data:";
    out_.append(part.media_type).append(";base64,").append(part.data).append("\"");
  }

  Result<void> image(const Part& part, Commas& commas) {
    if (foreign_file(part)) return refuse(part, "a file id of another provider; send the image");
    commas.next(out_);
    Members members(out_);
    members.text("type", "input_image");
    if (!part.data.empty()) {
      data_url(members, "image_url", part);
    } else if (!part.url.empty()) {
      members.text("image_url", part.url);
    } else {
      members.text("file_id", part.file_id);
    }
    members.text("detail", part.detail.empty() ? "auto" : part.detail);
    members.end();
    return {};
  }

  Result<void> document(const Part& part, Commas& commas) {
    if (foreign_file(part)) return refuse(part, "a file id of another provider; send the file");
    if (part.cites()) notes_.add("citations dropped");
    if (part.has_context) notes_.add("context of a document dropped");
    commas.next(out_);
    if (!part.text.empty()) return text_document(part);
    Members members(out_);
    members.text("type", "input_file");
    if (!part.data.empty()) {
      members.text("filename", part.name.empty() ? "document.pdf" : part.name);
      data_url(members, "file_data", part);
    } else if (!part.url.empty()) {
      members.text("file_url", part.url);
    } else {
      members.text("file_id", part.file_id);
    }
    members.end();
    return {};
  }

  // Stands in a message: text, or whatever else a client of this surface put there.
  [[nodiscard]] bool is_said(const Part& part) const {
    if (part.kind == Kind::text || part.kind == Kind::refusal) return true;
    return ours() && part.place.element != Place::kNone;
  }

  // Texts that came in one message become one; calls and reasoning are items of their own.
  Result<void> assistant(const Turn& turn) {
    const Part* part = request_.begin(turn);
    const Part* const end = request_.end(turn);
    const Part* last = end;  // behind it no reasoning may stand: it needs an item that follows
    while (last != part && last[-1].kind == Kind::reasoning) --last;
    for (; part != end; ++part) {
      if (is_said(*part)) {
        const Part* const begin = part;
        while (part != end && is_said(*part) && part->place.item == begin->place.item) ++part;
        said(begin, part--);
      } else if (part->kind == Kind::tool_call) {
        call(*part);
      } else if (part->kind == Kind::reasoning) {
        part < last ? reasoning(*part) : notes_.add("reasoning at the end of a turn dropped");
      } else {
        other_item(*part);
      }
    }
    return {};
  }

  void said(const Part* part, const Part* end) {
    items_.next(out_);
    Members item(out_);
    item.text("type", "message");
    item.text("role", "assistant");
    item.key("content") += '[';
    Commas commas;
    for (; part != end; ++part) {
      note_cache_control(*part);
      const bool text = part->kind == Kind::text || part->kind == Kind::refusal;
      if (!text && part->raw.empty()) continue;
      commas.next(out_);
      if (!text) {
        out_ += part->raw;
        continue;
      }
      Members members(out_);
      const bool refusal = part->kind == Kind::refusal;
      members.text("type", refusal ? "refusal" : "output_text");
      members.text(refusal ? "refusal" : "text", part->text);
      if (!part->citations.empty()) {
        ours() ? members.value("annotations", part->citations) : notes_.add("citations dropped");
      }
      members.end();
    }
    out_ += ']';
    item.end();
  }

  // Encrypted items go back as they came. A provider that shows its reasoning takes the text, and
  // never an item without it: that was refused as missing reasoning.
  void reasoning(const Part& part) {
    const bool sealed = part.seal == Seal::openai_encrypted && !part.proof.empty();
    const bool plain = !dialect_.reasoning_field.empty() && !part.text.empty();
    if (!sealed && !plain) {
      notes_.add("reasoning text dropped");
      return;
    }
    items_.next(out_);
    Members item(out_);
    item.text("type", "reasoning");
    item.text_if("id", part.id);
    item.key("summary");
    if (!sealed) {
      out_ += "[]";
      item.key("content");
    }
    if (part.text.empty()) {
      out_ += "[]";
    } else {
      out_ +=
          sealed ? R"([{"type":"summary_text","text":")" : R"([{"type":"reasoning_text","text":")";
      out_.append(part.text).append("\"}]");
    }
    if (sealed) item.text("encrypted_content", part.proof);
    item.end();
  }

  void call(const Part& part) {
    if (part.seal != Seal::none) notes_.add("proofs on tool calls dropped");
    note_cache_control(part);
    if (part.custom) custom_calls_.push_back(part.id);
    items_.next(out_);
    Members item(out_);
    item.text("type", part.custom ? "custom_tool_call" : "function_call");
    item.text("call_id", part.id);
    item.text("name", part.name);
    item.key(part.custom ? "input" : "arguments") += '"';
    if (part.arguments.empty()) {
      if (!part.custom) out_ += "{}";
    } else if (part.arguments_escaped) {
      out_ += part.arguments;
    } else {
      json::append_escaped(out_, part.arguments);
    }
    out_ += '"';
    item.end();
  }

  Result<void> tool(const Turn& turn) {
    const Part& result = *request_.begin(turn);
    const Part* part = request_.begin(turn) + 1;
    const Part* const end = request_.end(turn);
    note_cache_control(result);
    const bool custom =
        result.custom || std::ranges::find(custom_calls_, result.id) != custom_calls_.end();
    items_.next(out_);
    Members item(out_);
    item.text("type", custom ? "custom_tool_call_output" : "function_call_output");
    item.text("call_id", result.id);
    item.key("output");
    auto written = output(part, end, result.is_error);
    item.end();
    return written;
  }

  // The surface cannot say that a tool failed, but the text can.
  Result<void> output(const Part* part, const Part* end, bool is_error) {
    constexpr std::string_view kFailed = "Error: ";
    const auto count = end - part;
    if (count == 0) {
      out_ += is_error ? "\"Error\"" : "\"\"";
      return {};
    }
    if (!is_error) return contents(part, end);
    if (count == 1 && part->kind == Kind::text) {
      note_cache_control(*part);
      out_.append("\"").append(kFailed).append(part->text).append("\"");
      return {};
    }
    out_ += '[';
    Commas commas;
    commas.next(out_);
    auto written = input_text(kFailed);
    for (; written && part != end; ++part) written = content(*part, commas);
    out_ += ']';
    return written;
  }

  void other_item(const Part& part) {
    if (!ours() || part.raw.empty()) {
      notes_.add(
          fmt::format("{} dropped", part.name.empty() ? "media of the assistant" : part.name));
      return;
    }
    items_.next(out_);
    out_ += part.raw;
  }

  void note_cache_control(const Part& part) {
    if (!part.cache_control.empty()) notes_.add("cache_control dropped");
  }

  const Request& request_;
  const protocol::DialectTable& dialect_;
  std::string& out_;
  Notes& notes_;
  Commas items_;
  std::vector<std::string_view> custom_calls_;
};

bool is_text(const Request& request, const Turn& turn) {
  return std::all_of(request.begin(turn), request.end(turn),
                     [](const Part& part) { return part.kind == Kind::text; });
}

}  // namespace

std::size_t leading_instructions(const Request& request) {
  const bool ours = request.surface == Surface::responses;
  std::size_t count = 0;
  for (const Turn& turn : request.turns) {
    const bool operators = turn.role == Role::system || turn.role == Role::developer;
    if (!operators || !is_text(request, turn)) break;
    if (ours && turn.place.item != Place::kNone) break;
    ++count;
  }
  // A conversation needs an item.
  return count == request.turns.size() && !ours && count > 0 ? count - 1 : count;
}

Result<void> write_items(const Request& request, std::size_t first,
                         const protocol::DialectTable& dialect, std::string& out, Notes& notes) {
  ItemsWriter writer(request, dialect, out, notes);
  out += '[';
  const std::size_t begin = out.size();
  for (std::size_t i = first; i < request.turns.size(); ++i) {
    if (auto written = writer.turn(request.turns[i]); !written) return written;
  }
  if (out.size() == begin) {  // of an answer without a word, as clients keep after an abort
    out += R"({"type":"message","role":"user","content":"Start."})";
    notes.add("first message added: the user must begin");
  }
  out += ']';
  return {};
}

}  // namespace tidegate::translation
