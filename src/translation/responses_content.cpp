#include "translation/responses_content.h"

#include <fmt/format.h>

#include "json/escape.h"

namespace tidegate::translation {
namespace {

using json::Kind;

struct Content {
  std::string_view type, text, refusal, image_url, detail, file_id, file_url, file_data, filename;
  std::string_view audio_data, audio_format, annotations, cache_control;
};

class ContentReader {
 public:
  ContentReader(Fields& fields, Request& out, Place place, std::string_view list, bool in_result)
      : fields_(fields), out_(out), place_(place), list_(list), in_result_(in_result) {}

  auto at(std::string_view member) {
    return [this, member] {
      const std::string element =
          place_.element == Place::kNone ? "" : fmt::format("[{}]", place_.element);
      return fmt::format("input[{}].{}{}{}", place_.item, list_, element, member);
    };
  }

  bool element() {
    if (fields_.json.kind() != Kind::object) return fields_.refuse_type(at(""), "an object");
    const std::uint32_t begin = fields_.json.offset();
    Content content;
    if (!fields_.json.object([&](std::string_view key) { return member(key, content); })) {
      return false;
    }
    if (content.type.empty()) return missing(".type");
    Part& part = out_.parts.emplace_back();
    part.place = place_;
    part.in_result = in_result_;
    part.cache_control = content.cache_control;
    part.raw = fields_.since(begin);
    return settle(content, part);
  }

  bool string() {
    std::string_view text;
    if (!fields_.json.string(text)) return false;
    Part& part = out_.parts.emplace_back();
    part.text = text;
    part.place = place_;
    part.in_result = in_result_;
    return true;
  }

  bool list() {
    place_.element = 0;
    return fields_.json.array([&] {
      if (!element()) return false;
      ++place_.element;
      return true;
    });
  }

 private:
  bool member(std::string_view key, Content& content) {
    const auto text = [&](std::string_view& into, std::string_view name) {
      return fields_.text(into, at(name));
    };
    if (key == "type") return text(content.type, ".type");
    if (key == "text") return text(content.text, ".text");
    if (key == "refusal") return text(content.refusal, ".refusal");
    if (key == "image_url") return text(content.image_url, ".image_url");
    if (key == "detail") return text(content.detail, ".detail");
    if (key == "file_id") return text(content.file_id, ".file_id");
    if (key == "file_url") return text(content.file_url, ".file_url");
    if (key == "file_data") return text(content.file_data, ".file_data");
    if (key == "filename") return text(content.filename, ".filename");
    if (key == "annotations") return fields_.value(content.annotations);
    if (key == "cache_control") return fields_.value(content.cache_control);
    if (key == "input_audio" && fields_.json.kind() == Kind::object) {
      return fields_.json.object([&](std::string_view inner) {
        if (inner == "data") return text(content.audio_data, ".input_audio.data");
        if (inner == "format") return text(content.audio_format, ".input_audio.format");
        return fields_.json.skip();
      });
    }
    return fields_.json.skip();
  }

  bool settle(const Content& content, Part& part) {
    const std::string_view type = content.type;
    if (type == "input_text" || type == "output_text" || type == "text") {
      if (content.text.data() == nullptr) return missing(".text");
      part.text = content.text;
      if (content.annotations.size() > 2) part.citations = content.annotations;  // not "[]"
      return true;
    }
    if (type == "refusal") {
      if (content.refusal.data() == nullptr) return missing(".refusal");
      part.kind = Part::Kind::refusal;
      part.text = content.refusal;
      return true;
    }
    if (type == "input_image") {
      if (content.image_url.empty() && content.file_id.empty()) return missing(".image_url");
      part.kind = Part::Kind::image;
      part.file_id = content.file_id;
      part.detail = content.detail;
      read_url(content.image_url, out_, part);
      return true;
    }
    if (type == "input_file") {
      if (content.file_id.empty() && content.file_url.empty() && content.file_data.empty()) {
        return missing(".file_data");
      }
      part.kind = Part::Kind::document;
      part.file_id = content.file_id;
      part.url = content.file_url;
      part.name = content.filename;
      if (!content.file_data.empty()) read_file(content, part);
      return true;
    }
    if (type == "input_audio") {
      if (content.audio_data.empty()) return missing(".input_audio.data");
      part.kind = Part::Kind::audio;
      part.data = content.audio_data;
      part.media_type = content.audio_format;
      return true;
    }
    part.kind = Part::Kind::other;
    part.name = type;
    return true;
  }

  // A data URL, as documented, or its base64 alone, as some clients send it.
  void read_file(const Content& content, Part& part) {
    read_url(content.file_data, out_, part);
    if (!part.data.empty()) return;
    part.url = content.file_url;
    part.data = content.file_data;
    part.media_type = "application/pdf";
  }

  bool missing(std::string_view member) {
    const std::string path = at(member)();
    return fields_.refuse(fmt::format("{} is missing", path), path);
  }

  Fields& fields_;
  Request& out_;
  Place place_;
  std::string_view list_;
  bool in_result_;
};

}  // namespace

bool read_content(Fields& fields, Request& out, Place place, std::string_view list,
                  bool in_result) {
  ContentReader reader(fields, out, place, list, in_result);
  if (fields.json.kind() == Kind::string) return reader.string();
  if (fields.json.kind() == Kind::array) return reader.list();
  return fields.refuse_type(reader.at(""), "a string or an array");
}

void read_url(std::string_view raw, Request& out, Part& part) {
  constexpr std::string_view kBase64 = ";base64";
  if (!raw.starts_with("data:")) {
    part.url = raw;
    return;
  }
  // Some clients escape slashes.
  if (raw.find('\\') != std::string_view::npos) {
    auto plain = json::unescape(raw);
    if (plain && json::escape(*plain) == *plain) raw = out.keep(std::move(*plain));
  }
  const std::size_t comma = raw.find(',');
  if (comma == std::string_view::npos || !raw.substr(0, comma).ends_with(kBase64)) {
    part.url = raw;
    return;
  }
  std::string_view head = raw.substr(5, comma - 5 - kBase64.size());
  part.media_type = head.substr(0, head.find(';'));
  part.data = raw.substr(comma + 1);
}

}  // namespace tidegate::translation
