#include "translation/outline.h"

#include <algorithm>
#include <array>

#include "json/checked_text.h"
#include "json/reader.h"
#include "translation/cargo.h"

namespace tidegate::translation {
namespace {

using json::Kind;
using json::Reader;
using protocol::Range;
using protocol::Surface;
using Speaker = Outline::Speaker;

template <std::size_t Size>
bool is_one_of(std::string_view key, const std::array<std::string_view, Size>& names) {
  return std::ranges::find(names, key) != names.end();
}

// Members whose strings the model reads, wherever they stand in a message.
constexpr std::array<std::string_view, 10> kText = {
    "text",      "content", "thinking", "reasoning", "reasoning_content",
    "arguments", "output",  "refusal",  "input",     "name"};
constexpr std::array<std::string_view, 9> kMedia = {"image_url", "input_audio", "file",
                                                    "video_url", "image",       "file_id",
                                                    "file_data", "file_url",    "source"};
constexpr std::array<std::string_view, 4> kProofs = {"signature", "thought_signature",
                                                     "thoughtSignature", "encrypted_content"};

// Our own envelope around plain reasoning proves nothing to anybody.
bool is_open_envelope(std::string_view proof) {
  const auto cargo = unwrap(proof);
  return cargo && cargo->seal == Seal::none;
}

// What one object of a message says about itself.
struct Facts {
  std::string_view role, type, id, call_id, tool_call_id, tool_use_id, approval_request_id, data;
  bool media = false;
  bool envelope = false;  // its proof is an open envelope
};

class Walk {
 public:
  Walk(Surface surface, std::string_view body, Reader& reader)
      : surface_(surface), body_(body), reader_(reader) {}

  bool run() {
    const std::string_view list = surface_ == Surface::responses ? "input" : "messages";
    return reader_.object([&](std::string_view key) {
      if (key == list && reader_.kind() == Kind::array) {
        return reader_.array([this] { return item(); });
      }
      if (key == list || key == "system" || key == "instructions") return apart();
      if (key == "tools" || key == "functions") return tools();
      return reader_.skip();
    }) && reader_.finish();
  }

  Outline out;

 private:
  bool item() {
    Outline::Item item;
    item.place.begin = reader_.offset();
    item.size.messages = 1;
    item_ = &item;
    result_ = false;
    Facts facts;
    const bool good = reader_.kind() == Kind::object ? object({}, 1, facts) : reader_.skip();
    item.place.end = reader_.last_end();
    item.speaker = surface_ == Surface::responses ? speaker_of(facts) : speaker_of(facts.role);
    out.items.push_back(item);
    return good;
  }

  bool apart() {
    Outline::Item prompt;
    item_ = &prompt;
    Facts facts;
    const bool good = value("content", 1, facts);
    out.rest += prompt.size;
    return good;
  }

  bool tools() {
    if (reader_.kind() != Kind::array) return reader_.skip();
    const std::uint32_t begin = reader_.offset();
    const bool good = reader_.array([this] {
      ++out.rest.tools;
      return reader_.skip();
    });
    if (good) count_bytes(Range{begin, reader_.last_end() - 1}.in(body_), out.rest.text);
    return good;
  }

  bool value(std::string_view key, unsigned depth, Facts& owner) {
    switch (reader_.kind()) {
      case Kind::string:
        return string(key, depth, owner);
      case Kind::array:
        return reader_.array([&] { return value(key, depth, owner); });
      case Kind::object: {
        // The arguments of a call: the tool's words, not ours to understand.
        if (key == "input" || key == "arguments") return raw();
        Facts facts;
        return object(key, depth + 1, facts);
      }
      default:
        return reader_.skip();
    }
  }

  bool object(std::string_view key, unsigned depth, Facts& facts) {
    const bool good = reader_.object([&](std::string_view member) {
      if (is_one_of(member, kMedia)) facts.media = true;
      const bool silent = silent_;
      silent_ = silent || member == "reasoning_details";  // the same text stands in `reasoning`
      const bool read = value(member, depth, facts);
      silent_ = silent;
      return read;
    });
    if (facts.media && !is_one_of(key, kMedia)) ++item_->size.images;
    if (key == "source" && facts.type == "text") count_bytes(facts.data, item_->size.text);
    settle(key, depth, facts);
    return good;
  }

  bool string(std::string_view key, unsigned depth, Facts& owner) {
    std::string_view raw;
    if (!reader_.string(raw)) return false;
    if (key == "role") owner.role = raw;
    if (key == "type") owner.type = raw;
    if (key == "id") owner.id = raw;
    if (key == "call_id") owner.call_id = raw;
    if (key == "tool_call_id") owner.tool_call_id = raw;
    if (key == "tool_use_id") owner.tool_use_id = raw;
    if (key == "approval_request_id") owner.approval_request_id = raw;
    if (key == "data") owner.data = raw;
    if (is_one_of(key, kProofs) && !raw.empty()) {
      if (is_open_envelope(raw)) {
        owner.envelope = true;
      } else {
        item_->sealed = true;
      }
    }
    const bool participant = key == "name" && depth == 1 && surface_ == Surface::chat;
    if (!silent_ && !participant && is_one_of(key, kText)) count_bytes(raw, item_->size.text);
    return true;
  }

  bool raw() {
    const std::uint32_t begin = reader_.offset();
    if (!reader_.skip()) return false;
    count_bytes(Range{begin, reader_.last_end()}.in(body_), item_->size.text);
    return true;
  }

  void settle(std::string_view key, unsigned depth, const Facts& facts) {
    if (facts.type == "redacted_thinking" || facts.type == "reasoning.encrypted") {
      item_->sealed = true;
    }
    switch (surface_) {
      case Surface::chat:
        if (key == "tool_calls") call(facts.id, false);
        if (depth == 1) call(facts.tool_call_id, true);
        break;
      case Surface::messages:
        if (facts.type.ends_with("tool_use")) call(facts.id, false);
        if (!facts.type.ends_with("tool_result")) break;
        call(facts.tool_use_id, true);
        result_ = true;
        break;
      case Surface::responses:
        if (depth == 1) settle_item(facts);
        break;
      default:
        break;
    }
  }

  void settle_item(const Facts& facts) {
    if (facts.type.ends_with("_call")) call(facts.call_id, false);
    if (facts.type.ends_with("_output")) call(facts.call_id, true);
    if (facts.type == "mcp_approval_request") call(facts.id, false);
    if (facts.type == "mcp_approval_response") call(facts.approval_request_id, true);
    // Reasoning without a proof, and a reference to anything, stand for what the provider stored.
    const bool stored = facts.type == "reasoning" || facts.type == "item_reference";
    item_->sealed = item_->sealed || (stored && !facts.envelope);
  }

  void call(std::string_view id, bool answered) {
    if (!id.empty()) {
      out.calls.push_back({static_cast<std::uint32_t>(out.items.size()), answered, id});
    }
  }

  [[nodiscard]] Speaker speaker_of(std::string_view role) const {
    if (role == "user") return result_ ? Speaker::result : Speaker::user;
    if (role == "assistant") return Speaker::assistant;
    const bool tool = role == "tool" || role == "function";
    return tool && surface_ == Surface::chat ? Speaker::result : Speaker::kept;
  }

  // An item of the responses surface.
  [[nodiscard]] Speaker speaker_of(const Facts& facts) const {
    const std::string_view type = facts.type;
    if (type.empty() || type == "message") return speaker_of(facts.role);
    if (type.ends_with("_output") || type == "mcp_approval_response") return Speaker::result;
    const bool made = type == "reasoning" || type == "item_reference" || type.ends_with("_call") ||
                      type == "mcp_list_tools" || type == "mcp_approval_request";
    return made ? Speaker::assistant : Speaker::kept;
  }

  const Surface surface_;
  const std::string_view body_;
  Reader& reader_;
  Outline::Item* item_ = nullptr;  // that is being read
  bool result_ = false;            // it holds a tool's result
  bool silent_ = false;
};

}  // namespace

PromptSize& PromptSize::operator+=(const PromptSize& other) {
  text += other.text;
  messages += other.messages;
  tools += other.tools;
  images += other.images;
  return *this;
}

PromptSize Outline::whole() const {
  PromptSize whole = rest;
  for (const Item& item : items) whole += item.size;
  return whole;
}

Result<Outline> read_outline(Surface surface, std::string_view body) {
  const auto checked = json::check_text(body);
  if (!checked) return std::unexpected(checked.error());
  Reader reader(*checked);
  Walk walk(surface, body, reader);
  if (!walk.run()) return std::unexpected(reader.error());
  return std::move(walk.out);
}

}  // namespace tidegate::translation
