#include "translation/chat_places.h"

namespace tidegate::translation {
namespace {

using json::Kind;
using json::Reader;

bool named(Reader& reader, protocol::Range key, NamedReasoning& out) {
  out.key = key;
  out.value.begin = reader.offset();
  const bool good = reader.kind() == Kind::string ? reader.string(out.text) : reader.skip();
  out.value.end = reader.last_end();
  return good;
}

bool part(Reader& reader, MessagePlaces& message, ContentElement& element) {
  if (reader.kind() != Kind::object) return reader.skip();
  std::string_view type, text;
  const bool good = reader.object([&](std::string_view key) {
    const bool wanted = key == "type" || key == "text" || key == "reasoning";
    if (!wanted || reader.kind() != Kind::string) return reader.skip();
    return reader.string(key == "type" ? type : text);
  });
  element.reasoning = type == "reasoning";
  if (element.reasoning) {
    if (!message.thoughts.empty() && !text.empty()) message.thoughts += "\\n\\n";
    message.thoughts += text;
  } else if (type == "text") {
    message.turn.text.add(text);
  }
  return good;
}

bool content(Reader& reader, MessagePlaces& message) {
  std::string_view raw;
  message.content.begin = reader.offset();
  bool good = false, has_reasoning = false;
  if (reader.kind() == Kind::array) {
    good = reader.array([&] {
      ContentElement element;
      element.place.begin = reader.offset();
      if (!part(reader, message, element)) return false;
      element.place.end = reader.last_end();
      has_reasoning = has_reasoning || element.reasoning;
      message.parts.push_back(element);
      return true;
    });
  } else if (reader.kind() == Kind::string) {
    good = reader.string(raw);
    message.turn.text.add(raw);
  } else {
    good = reader.skip();
  }
  message.content.end = reader.last_end();
  if (!has_reasoning) message.parts.clear();
  return good;
}

// {"google":{"thought_signature":"..."}}
bool extra_content(Reader& reader, CallPlace& call) {
  if (reader.kind() != Kind::object) return reader.skip();
  return reader.object([&](std::string_view vendor) {
    if (vendor != "google" || reader.kind() != Kind::object) return reader.skip();
    return reader.object([&](std::string_view key) {
      if (key != "thought_signature" || reader.kind() != Kind::string) return reader.skip();
      call.signature_place.begin = reader.offset();
      if (!reader.string(call.signature)) return false;
      call.signature_place.end = reader.last_end();
      return true;
    });
  });
}

bool calls(Reader& reader, MessagePlaces& message) {
  return reader.array([&] {
    if (reader.kind() != Kind::object) return reader.skip();
    CallPlace call;
    const bool good = reader.object([&](std::string_view key) {
      if (key == "extra_content") {
        call.extra = true;
        return extra_content(reader, call);
      }
      if (key != "id" || reader.kind() != Kind::string) return reader.skip();
      return reader.string(call.id);
    });
    call.end = reader.last_end();
    message.turn.calls.emplace_back(call.id);
    message.calls.push_back(call);
    return good;
  });
}

}  // namespace

bool read_places(Reader& reader, std::string_view body, MessagePlaces& message) {
  message.object.begin = reader.offset();
  const bool good = reader.object([&](std::string_view key) {
    const auto key_begin = static_cast<std::uint32_t>(key.data() - body.data()) - 1;
    const protocol::Range quoted{key_begin, key_begin + static_cast<std::uint32_t>(key.size()) + 2};
    if (key == "role" && reader.kind() == Kind::string) {
      message.role.begin = reader.offset();
      if (!reader.string(message.role_name)) return false;
      message.role.end = reader.last_end();
      return true;
    }
    if (key == "reasoning_content") return named(reader, quoted, message.reasoning_content);
    if (key == "reasoning") return named(reader, quoted, message.reasoning);
    if ((key == "prefix" || key == "partial") && reader.kind() == Kind::boolean) {
      std::string_view value;
      if (!reader.scalar(value)) return false;
      if (value == "true") message.prefix_key = quoted;
      message.prefix_end = reader.last_end();
      return true;
    }
    if (key == "reasoning_details") {
      message.details.begin = reader.offset();
      if (!reader.skip()) return false;
      message.details.end = reader.last_end();
      return true;
    }
    if (key == "content") return content(reader, message);
    if (key == "tool_calls" && reader.kind() == Kind::array) return calls(reader, message);
    return reader.skip();
  });
  if (!good) return false;
  message.object.end = reader.last_end();
  return true;
}

}  // namespace tidegate::translation
