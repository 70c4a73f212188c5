#include "translation/chat_part.h"

#include "translation/cargo.h"

namespace tidegate::translation {
namespace {

using json::Kind;

// What the members of a content part say, before its type is known.
struct Fields {
  std::string_view type, text, url, detail, format, refusal, signature, data;
  std::string_view file_id, file_name, file_data;
  bool has_text = false, has_url = false;
};

class PartReader {
 public:
  PartReader(Walk& walk, Part& part) : walk_(walk), part_(part) {}

  bool read() {
    if (walk_.is(Kind::string)) {  // as some clients send texts
      part_.kind = Part::Kind::text;
      return walk_.json.string(part_.text);
    }
    if (!walk_.is(Kind::object)) return walk_.refuse_type(where(), "an object");
    const std::uint32_t begin = walk_.json.offset();
    if (!walk_.object([this](std::string_view key) { return member(key); })) return false;
    part_.raw = walk_.request.body.substr(begin, walk_.json.last_end() - begin);
    return settle();
  }

 private:
  [[nodiscard]] std::string where(std::string_view member = {}) const {
    const std::string place = path(Surface::chat, part_.place);
    return member.empty() ? place : fmt::format("{}.{}", place, member);
  }
  auto at(std::string_view member) const {
    return [this, member] { return where(member); };
  }

  bool member(std::string_view key) {
    if (key == "type") return walk_.text(fields_.type, at(key));
    if (key == "text" || key == "thinking" || key == "reasoning") return text(key);
    if (key == "image_url") return url(key);
    if (key == "input_audio" || key == "file") {
      if (!walk_.is(Kind::object)) return walk_.refuse_type(where(key), "an object");
      return walk_.object([&](std::string_view inner) { return file_member(key, inner); });
    }
    if (key == "detail") return walk_.text(fields_.detail, at(key));
    if (key == "refusal") return walk_.text(fields_.refusal, at(key));
    if (key == "signature") return walk_.text(fields_.signature, at(key));
    if (key == "data" && walk_.is(Kind::string)) return walk_.json.string(fields_.data);
    if (key == "cache_control") return walk_.value(part_.cache_control);
    return walk_.json.skip();
  }

  bool text(std::string_view key) {
    // Magistral's {"type":"thinking","thinking":[{"type":"text",...}]} is its provider's to read.
    if (walk_.is(Kind::array)) return walk_.json.skip();
    fields_.has_text = fields_.has_text || walk_.is(Kind::string);
    return walk_.text(fields_.text, at(key));
  }

  bool url(std::string_view key) {
    fields_.has_url = true;
    if (walk_.is(Kind::string)) return walk_.json.string(fields_.url);
    if (!walk_.is(Kind::object)) return walk_.refuse_type(where(key), "an object with a url");
    return walk_.object([&](std::string_view inner) {
      if (inner == "url") return walk_.text(fields_.url, at("image_url.url"));
      if (inner == "detail") return walk_.text(fields_.detail, at("image_url.detail"));
      return walk_.json.skip();
    });
  }

  bool file_member(std::string_view outer, std::string_view key) {
    const auto inner = [&] { return fmt::format("{}.{}", where(outer), key); };
    if (key == "data") return walk_.text(fields_.data, inner);
    if (key == "format") return walk_.text(fields_.format, inner);
    if (key == "file_id") return walk_.text(fields_.file_id, inner);
    if (key == "filename") return walk_.text(fields_.file_name, inner);
    if (key == "file_data") return walk_.text(fields_.file_data, inner);
    return walk_.json.skip();
  }

  bool settle() {
    const std::string_view type = fields_.type;
    if (type.empty()) return walk_.refuse_missing(where("type"));
    part_.text = fields_.text;
    if (type == "text" || type == "input_text" || type == "output_text") {
      part_.kind = Part::Kind::text;
      return fields_.has_text || walk_.refuse_missing(where("text"));
    }
    if (type == "image_url" || type == "input_image") return image();
    if (type == "refusal") {
      part_.kind = Part::Kind::refusal;
      part_.text = fields_.refusal;
      return true;
    }
    if (type == "reasoning" || type == "thinking" || type == "redacted_thinking")
      return reasoning(type);
    if (type == "input_audio") {
      part_.kind = Part::Kind::audio;
      part_.data = fields_.data;
      part_.media_type = fields_.format;
      return !part_.data.empty() || walk_.refuse_missing(where("input_audio.data"));
    }
    if (type == "file") return file();
    part_.kind = Part::Kind::other;
    part_.name = type;
    return true;
  }

  bool image() {
    part_.kind = Part::Kind::image;
    part_.detail = fields_.detail;
    if (fields_.url.empty())
      return walk_.refuse_missing(where(fields_.has_url ? "image_url.url" : "image_url"));
    take_url(part_, fields_.url);
    return !is_empty() || no_data("image_url.url");
  }

  bool reasoning(std::string_view type) {
    const bool redacted = type == "redacted_thinking";
    if (!redacted && !fields_.has_text) {
      part_.kind = Part::Kind::other;
      part_.name = type;
      return true;
    }
    part_.kind = Part::Kind::reasoning;
    take_proof(walk_.request, part_, redacted ? fields_.data : fields_.signature,
               redacted ? Seal::anthropic_redacted : Seal::anthropic_signature);
    return true;
  }

  bool file() {
    part_.kind = Part::Kind::document;
    part_.name = fields_.file_name;
    part_.file_id = fields_.file_id;
    if (!fields_.file_data.empty()) take_url(part_, fields_.file_data);
    const bool given = !part_.file_id.empty() || !fields_.file_data.empty();
    if (!given) return walk_.refuse_missing(where("file.file_data"));
    return !is_empty() || no_data("file.file_data");
  }

  // A data URL that ends with its comma.
  [[nodiscard]] bool is_empty() const {
    return part_.url.empty() && part_.data.empty() && part_.file_id.empty();
  }
  bool no_data(std::string_view member) {
    return walk_.refuse(fmt::format("{} holds no data", where(member)), where(member));
  }

  Walk& walk_;
  Part& part_;
  Fields fields_;
};

}  // namespace

bool read_chat_part(Walk& walk, Part& part) { return PartReader(walk, part).read(); }

void take_proof(Request& request, Part& part, std::string_view proof, Seal otherwise) {
  if (proof.empty()) return;
  auto cargo = unwrap(proof);
  if (!cargo) {
    if (otherwise == Seal::none) return;
    part.seal = otherwise;
    part.proof = proof;
    return;
  }
  part.seal = cargo->seal;
  part.maker = request.keep(std::move(cargo->maker));
  part.id = request.keep(std::move(cargo->id));
  part.proof = request.keep(std::move(cargo->proof));
  if (part.text.empty()) part.text = request.keep(std::move(cargo->text));
}

void take_url(Part& part, std::string_view url) {
  constexpr std::string_view kBase64 = ";base64";
  const std::size_t comma = url.starts_with("data:") ? url.find(',') : std::string_view::npos;
  const std::string_view head = url.substr(0, comma == std::string_view::npos ? 0 : comma);
  if (!head.ends_with(kBase64)) {
    part.url = url;
    return;
  }
  part.media_type = head.substr(5, head.size() - 5 - kBase64.size());
  part.data = url.substr(comma + 1);
}

}  // namespace tidegate::translation
