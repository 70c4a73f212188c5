#include "translation/chat_delta.h"

#include "base/text.h"
#include "json/reader.h"

namespace tidegate::translation {
namespace {

using json::Kind;

class DeltaReader {
 public:
  DeltaReader(json::Reader& json, std::string_view text, ChatDelta& out)
      : json_(json), text_(text), out_(out) {}

  bool read() {
    return json_.object([this](std::string_view key) {
      if (key == "choices" && is(Kind::array)) return choices();
      if (key == "id") return string(out_.id);
      if (key == "model") return string(out_.model);
      if (key == "usage") return present(out_.usage);
      if (key == "error") return present(out_.error);
      return json_.skip();
    });
  }

 private:
  [[nodiscard]] bool is(Kind kind) const { return json_.kind() == kind; }
  bool string(std::string_view& raw) { return is(Kind::string) ? json_.string(raw) : json_.skip(); }
  bool present(bool& flag) {
    flag = flag || !is(Kind::null);
    return json_.skip();
  }
  bool value(std::string_view& raw) {
    const std::uint32_t begin = json_.offset();
    if (!json_.skip()) return false;
    raw = text_.substr(begin, json_.last_end() - begin);
    return true;
  }

  bool choices() {
    out_.has_choices = true;
    return json_.array([this] {
      if (!is(Kind::object) || out_.has_choice) return json_.skip();
      std::string_view index = "0";
      const bool good = json_.object([&](std::string_view key) {
        if (key == "index" && is(Kind::number)) return json_.scalar(index);
        if ((key == "delta" || key == "message") && is(Kind::object)) return message();
        if (key == "finish_reason") return present(out_.finish);
        if (key == "usage") return present(out_.usage);  // Kimi's place for it
        return json_.skip();
      });
      out_.has_choice = good && index == "0";
      if (!out_.has_choice) out_.clear_choice();
      return good;
    });
  }

  bool message() {
    return json_.object([this](std::string_view key) {
      if (key == "content") return is(Kind::array) ? pieces() : string(out_.content);
      if (key == "reasoning_content" || key == "reasoning") {
        std::string_view raw;
        if (!string(raw)) return false;
        if (!raw.empty()) out_.reasoning = raw;  // some send both names
        return true;
      }
      if (key == "refusal") return string(out_.refusal);
      if (key == "reasoning_details" && is(Kind::array)) return items(out_.details);
      if (key == "annotations" && is(Kind::array)) return items(out_.citations);
      if (key == "tool_calls" && is(Kind::array)) return calls();
      if (key == "function_call" && is(Kind::object)) {
        ChatDelta::Call& call = out_.calls.emplace_back();
        call.index = 0;
        return function(call);
      }
      return json_.skip();
    });
  }

  bool items(std::vector<std::string_view>& out) {
    return json_.array([&] {
      const bool object = is(Kind::object);
      std::string_view raw;
      if (!value(raw)) return false;
      if (object) out.push_back(raw);
      return true;
    });
  }

  // [{"type":"text","text":"..."}, {"type":"thinking","thinking":[{"type":"text",...}]}]
  bool pieces(bool reasoning = false) {
    return json_.array([this, reasoning] {
      if (!is(Kind::object)) return json_.skip();
      return json_.object([&](std::string_view key) {
        if (key == "thinking" && is(Kind::array)) return pieces(true);
        if (key != "text" && key != "thinking") return json_.skip();
        std::string_view raw;
        if (!string(raw)) return false;
        if (!raw.empty()) out_.pieces.push_back({reasoning || key == "thinking", raw});
        return true;
      });
    });
  }

  bool calls() {
    return json_.array([this] {
      if (!is(Kind::object)) return json_.skip();
      ChatDelta::Call& call = out_.calls.emplace_back();
      return json_.object([&](std::string_view key) {
        if (key == "index" && is(Kind::number)) return index(call);
        if (key == "id") return string(call.id);
        if ((key == "function" || key == "custom") && is(Kind::object)) {
          call.custom = key == "custom";
          return function(call);
        }
        if (key == "extra_content" && is(Kind::object)) return extra_content(call);
        return json_.skip();
      });
    });
  }

  bool index(ChatDelta::Call& call) {
    std::string_view raw;
    if (!json_.scalar(raw)) return false;
    constexpr std::uint64_t kMost = 100'000;
    const auto number = parse_u64(raw);
    if (number && *number <= kMost) call.index = static_cast<std::uint32_t>(*number);
    return true;
  }

  bool function(ChatDelta::Call& call) {
    return json_.object([&](std::string_view key) {
      if (key == "name") return string(call.name);
      if (key != "arguments" && key != "input") return json_.skip();
      if (!is(Kind::object)) return string(call.arguments);
      call.escaped = false;  // as Ollama sends them
      return value(call.arguments);
    });
  }

  bool extra_content(ChatDelta::Call& call) {
    return json_.object([&](std::string_view key) {
      if (key != "google" || !is(Kind::object)) return json_.skip();
      return json_.object([&](std::string_view inner) {
        return inner == "thought_signature" ? string(call.signature) : json_.skip();
      });
    });
  }

  json::Reader& json_;
  std::string_view text_;
  ChatDelta& out_;
};

}  // namespace

void ChatDelta::clear() {
  clear_choice();
  id = model = {};
  has_choices = has_choice = usage = error = false;
}

void ChatDelta::clear_choice() {
  content = reasoning = refusal = {};
  details.clear();
  citations.clear();
  calls.clear();
  pieces.clear();
  finish = false;
}

Result<void> read_chat_delta(std::string_view text, ChatDelta& out) {
  out.clear();
  const auto checked = json::check_text(text);
  if (!checked) return std::unexpected(checked.error());
  json::Reader json(*checked);
  if (!DeltaReader(json, text, out).read() || !json.finish()) return std::unexpected(json.error());
  return {};
}

}  // namespace tidegate::translation
