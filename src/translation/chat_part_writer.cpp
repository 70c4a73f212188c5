#include "translation/chat_part_writer.h"

#include <algorithm>

#include "json/reader.h"
#include "translation/chat_text.h"

namespace tidegate::translation {
namespace {

using Kind = Part::Kind;

void append_data_url(std::string& out, const Part& part) {
  out += "\"data:";
  out += part.media_type;
  out += ";base64,";
  out += part.data;
  out += '"';
}

void append_type(std::string& out, std::string_view type) {
  out += R"({"type":")";
  out += type;
  out += '"';
}

void note_cache_control(const Part& part, Notes& notes) {
  if (!part.cache_control.empty()) notes.add("cache_control dropped");
}

bool write_image(const Part& part, std::string& out) {
  if (part.url.empty() && part.data.empty()) return false;  // a file id of another API
  append_type(out, "image_url");
  out += R"(,"image_url":{"url":)";
  if (part.data.empty()) {
    append_raw(out, part.url);
  } else {
    append_data_url(out, part);
  }
  if (!part.detail.empty()) append_text(out, "detail", part.detail);
  out += "}}";
  return true;
}

bool write_document(const Request& request, const Part& part, std::string& out) {
  if (!part.text.empty()) {
    append_type(out, "text");
    out += R"(,"text":")";
    if (!part.name.empty()) {
      out += part.name;
      out += "\\n\\n";
    }
    out += part.text;
    out += "\"}";
    return true;
  }
  const bool by_id = !part.file_id.empty() && request.surface == Surface::chat;
  if (part.data.empty() && !by_id) return false;  // a URL, which a file may not have
  append_type(out, "file");
  out += R"(,"file":{)";
  if (part.data.empty()) {
    out += R"("file_id":)";
    append_raw(out, part.file_id);
  } else {
    out += R"("file_data":)";
    append_data_url(out, part);
    append_text(out, "filename", part.name.empty() ? "document" : part.name);
  }
  out += "}}";
  return true;
}

// The items of a reasoning_details array; one without its text, as streams leave it, gets it back.
void append_details(std::string& out, const Part& part) {
  std::string_view array = part.proof;
  const std::size_t begin = array.find('[');
  if (begin == std::string_view::npos) return;
  array = array.substr(begin + 1, array.rfind(']') - begin - 1);
  json::Reader item(json::CheckedText{array});
  bool text_type = false, has_text = false;
  if (item.kind() != json::Kind::object) return;
  const bool good = item.object([&](std::string_view key) {
    std::string_view type;
    has_text = has_text || key == "text";
    if (key != "type" || item.kind() != json::Kind::string) return item.skip();
    if (!item.string(type)) return false;
    text_type = type == "reasoning.text";
    return true;
  });
  out += '{';
  if (good && text_type && !has_text) {
    out += R"("text":)";
    append_raw(out, part.text);
    out += ',';
  }
  out += array.substr(array.find('{') + 1);
}

// All texts as one member: what stood apart stays apart by a blank line.
void append_joined(std::string& out, std::string_view name, std::span<const Part> parts) {
  append_key(out, name);
  out += '"';
  bool first = true;
  for (const Part& part : parts) {
    if (part.kind != Kind::reasoning) continue;
    if (!first && !part.text.empty()) out += "\\n\\n";
    out += part.text;
    first = first && part.text.empty();
  }
  out += '"';
}

void write_details(std::span<const Part> parts, std::string& out) {
  append_key(out, "reasoning_details");
  out += '[';
  bool first = true;
  for (const Part& part : parts) {
    if (part.kind != Kind::reasoning) continue;
    if (part.text.empty() && part.seal != Seal::openrouter_details) continue;
    if (!first) out += ',';
    first = false;
    if (part.seal == Seal::openrouter_details) {
      append_details(out, part);
    } else {
      append_type(out, "reasoning.text");
      append_text(out, "text", part.text);
      out += '}';
    }
  }
  out += ']';
}

}  // namespace

bool keeps_cache_control(const Request& request, const protocol::DialectTable& dialect) {
  return request.surface == Surface::chat || dialect.cache_control;
}

bool write_chat_part(const Request& request, const protocol::DialectTable& dialect,
                     const Part& part, std::string& out, Notes& notes) {
  switch (part.kind) {
    case Kind::text:
    case Kind::refusal:
      append_type(out, "text");
      append_text(out, "text", part.text);
      if (!part.cache_control.empty() && keeps_cache_control(request, dialect)) {
        append_value(out, "cache_control", part.cache_control);
      } else {
        note_cache_control(part, notes);
      }
      out += '}';
      return true;
    case Kind::image:
      note_cache_control(part, notes);
      return write_image(part, out);
    case Kind::document:
      note_cache_control(part, notes);
      if (part.cites()) notes.add("citations dropped");
      if (part.has_context) notes.add("context of a document dropped");
      return write_document(request, part, out);
    case Kind::audio:
      append_type(out, "input_audio");
      out += R"(,"input_audio":{"data":)";
      append_raw(out, part.data);
      append_text(out, "format", part.media_type);
      out += "}}";
      return true;
    case Kind::other:
      if (request.surface != Surface::chat) return false;
      out += part.raw;
      return true;
    default:
      return false;
  }
}

void write_chat_reasoning(std::span<const Part> parts, const protocol::DialectTable& dialect,
                          std::string& out, Notes& notes) {
  const auto is_reasoning = [](const Part& part) { return part.kind == Kind::reasoning; };
  if (std::ranges::none_of(parts, is_reasoning)) return;
  const bool sealed = std::ranges::any_of(parts, [](const Part& part) {
    return part.kind == Kind::reasoning && part.seal != Seal::none;
  });
  if (dialect.reasoning_details) {
    if (sealed) write_details(parts, out);
    append_joined(out, "reasoning", parts);
    // Its provider of DeepSeek's models wants that name back (fact sheet 2.1, row 19).
    append_joined(out, "reasoning_content", parts);
    return;
  }
  if (dialect.reasoning_field.empty()) {
    notes.add("reasoning left out");
    return;
  }
  if (sealed) notes.add("seal of reasoning dropped");
  append_joined(out, dialect.reasoning_field, parts);
}

}  // namespace tidegate::translation
