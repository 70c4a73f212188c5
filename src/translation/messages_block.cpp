#include "translation/messages_block.h"

#include <optional>

#include "translation/cargo.h"
#include "translation/messages_ids.h"

namespace tidegate::translation::messages {
namespace {

using json::Kind;

bool read_source(Walk& walk, const Where& where, Source& out) {
  return walk.object(where, "source", [&](std::string_view key) {
    if (key == "type") return walk.string(where, "source.type", out.type);
    if (key == "media_type") return walk.string(where, "source.media_type", out.media_type);
    if (key == "data") return walk.string(where, "source.data", out.data);
    if (key == "url") return walk.string(where, "source.url", out.url);
    if (key == "file_id") return walk.string(where, "source.file_id", out.file_id);
    if (key == "content") return walk.value(out.content);
    return walk.reader().skip();
  });
}

// Adds one block as a Part; those of a result's content are in_result.
class Adder {
 public:
  Adder(Walk& walk, const Where& where, const Block& block, Request& request)
      : walk_(walk), where_(where), block_(block), request_(request) {
    part_.raw = block.raw;
    part_.cache_control = block.cache_control;
    part_.place = {where.item, where.element};
    part_.in_result = where.inner != Place::kNone;
  }

  bool add() {
    const std::string_view type = block_.type;
    if (type.data() == nullptr) return missing("type");
    if (type == "text") return text();
    if (type == "image") return image();
    if (type == "document") return document();
    if (part_.in_result) return other();
    if (type == "tool_use") return tool_use();
    if (type == "tool_result") return tool_result();
    if (type == "thinking") return thinking();
    if (type == "redacted_thinking") return redacted();
    return other();
  }

 private:
  bool missing(std::string_view member) { return walk_.refuse(where_, member, "is missing"); }
  bool done(Part::Kind kind) {
    part_.kind = kind;
    request_.parts.push_back(part_);
    return true;
  }
  bool other() {
    part_.name = block_.type;
    return done(Part::Kind::other);
  }

  bool text() {
    if (block_.text.data() == nullptr) return missing("text");
    if (block_.text.empty()) return walk_.refuse(where_, "text", "must not be empty");
    part_.text = block_.text;
    part_.citations = block_.citations;
    return done(Part::Kind::text);
  }

  bool image() {
    if (!block_.has_source) return missing("source");
    return media() && done(Part::Kind::image);
  }

  bool document() {
    if (!block_.has_source) return missing("source");
    const Source& source = block_.source;
    part_.name = block_.title;
    part_.has_context = block_.has_context;
    part_.citations = block_.citations;
    if (source.type == "text") {
      if (source.data.data() == nullptr) return missing("source.data");
      part_.text = source.data;
      part_.media_type = "text/plain";
    } else if (source.type == "content") {
      if (source.content.data() == nullptr) return missing("source.content");
      if (!source.content.starts_with('"')) return other();  // blocks: only Anthropic has them
      part_.text = source.content.substr(1, source.content.size() - 2);
      part_.media_type = "text/plain";
    } else if (!media()) {
      return false;
    }
    return done(Part::Kind::document);
  }

  bool media() {
    const Source& source = block_.source;
    if (source.type.data() == nullptr) return missing("source.type");
    if (source.type == "base64") {
      if (source.media_type.empty()) return missing("source.media_type");
      if (source.data.data() == nullptr) return missing("source.data");
    } else if (source.type == "url") {
      if (source.url.empty()) return missing("source.url");
    } else if (source.type == "file") {
      if (source.file_id.empty()) return missing("source.file_id");
    } else {
      return walk_.refuse(where_, "source.type",
                          "must be base64, url or file; documents may be text and content, too");
    }
    part_.media_type = source.media_type;
    part_.data = source.data;
    part_.url = source.url;
    part_.file_id = source.file_id;
    return true;
  }

  // Ids that we encoded for Anthropic are what they were again.
  std::string_view id(std::string_view wire) {
    std::string storage;
    const std::string_view id = read_wire_id(wire, storage);
    return storage.empty() ? id : request_.keep(std::move(storage));
  }

  bool tool_use() {
    if (block_.id.empty()) return missing("id");
    if (block_.name.empty()) return missing("name");
    if (block_.input.empty()) return missing("input");
    if (!block_.input.starts_with('{')) return walk_.refuse(where_, "input", "must be an object");
    part_.id = id(block_.id);
    part_.name = id(block_.name);
    part_.arguments = block_.input;
    return done(Part::Kind::tool_call);
  }

  bool tool_result() {
    if (block_.tool_use_id.empty()) return missing("tool_use_id");
    part_.id = id(block_.tool_use_id);
    part_.is_error = block_.is_error;
    if (!done(Part::Kind::tool_result)) return false;
    const std::string_view content = block_.content;
    if (content.empty()) return true;
    if (content.starts_with('"')) {
      Part text;
      text.in_result = true;
      text.place = part_.place;
      text.text = content.substr(1, content.size() - 2);
      if (!text.text.empty()) request_.parts.push_back(text);
      return true;
    }
    if (!content.starts_with('[')) {
      return walk_.refuse(where_, "content", "must be a string or an array of blocks");
    }
    Walk inner(content);
    Where at = where_;
    at.inner = 0;
    const bool good = inner.reader().array([&] {
      Block block;
      if (!read_block(inner, at, block) || !add_block(inner, at, block, request_)) return false;
      ++at.inner;
      return true;
    });
    return good || walk_.fault(inner.error());
  }

  bool thinking() {
    if (block_.thinking.data() == nullptr) return missing("thinking");
    part_.text = block_.thinking;
    if (block_.signature.empty()) return done(Part::Kind::reasoning);  // clients lose it
    if (std::optional<Cargo> cargo = unwrap(block_.signature)) return unpacked(std::move(*cargo));
    // One of ours that a client has cut or forged is worth nothing to anybody.
    if (block_.signature.starts_with(kEnvelopeMark)) return done(Part::Kind::reasoning);
    part_.seal = Seal::anthropic_signature;
    part_.proof = block_.signature;
    return done(Part::Kind::reasoning);
  }

  bool redacted() {
    if (block_.data.empty()) return missing("data");
    if (std::optional<Cargo> cargo = unwrap(block_.data)) return unpacked(std::move(*cargo));
    if (block_.data.starts_with(kEnvelopeMark)) return true;
    part_.seal = Seal::anthropic_redacted;
    part_.proof = block_.data;
    return done(Part::Kind::reasoning);
  }

  bool unpacked(Cargo cargo) {
    part_.seal = cargo.seal;
    if (!cargo.maker.empty()) part_.maker = request_.keep(std::move(cargo.maker));
    if (!cargo.id.empty()) part_.id = request_.keep(std::move(cargo.id));
    if (!cargo.proof.empty()) part_.proof = request_.keep(std::move(cargo.proof));
    if (!cargo.text.empty()) part_.text = request_.keep(std::move(cargo.text));
    return done(Part::Kind::reasoning);
  }

  Walk& walk_;
  const Where& where_;
  const Block& block_;
  Request& request_;
  Part part_;
};

}  // namespace

bool read_block(Walk& walk, const Where& where, Block& out) {
  const std::uint32_t begin = walk.reader().offset();
  const bool good = walk.object(where, {}, [&](std::string_view key) {
    if (key == "type") return walk.string(where, key, out.type);
    if (key == "text") return walk.string(where, key, out.text);
    if (key == "thinking") return walk.string(where, key, out.thinking);
    if (key == "signature") return walk.optional_string(where, key, out.signature);
    if (key == "data") return walk.string(where, key, out.data);
    if (key == "id") return walk.string(where, key, out.id);
    if (key == "name") return walk.string(where, key, out.name);
    if (key == "tool_use_id") return walk.string(where, key, out.tool_use_id);
    if (key == "title") return walk.optional_string(where, key, out.title);
    if (key == "input") return walk.value(out.input);
    if (key == "content") return walk.value(out.content);
    if (key == "citations") return walk.value(out.citations);
    if (key == "cache_control") return walk.value(out.cache_control);
    out.has_context = out.has_context || key == "context";
    if (key == "is_error") return walk.flag(where, key, out.is_error);
    if (key == "source" && walk.kind() == Kind::object) {
      out.has_source = true;
      return read_source(walk, where, out.source);
    }
    return walk.reader().skip();
  });
  if (good) out.raw = walk.since(begin);
  return good;
}

bool add_block(Walk& walk, const Where& where, const Block& block, Request& request) {
  return Adder(walk, where, block, request).add();
}

}  // namespace tidegate::translation::messages
