#include "translation/chat_messages.h"

#include "translation/chat_part.h"
#include "translation/chat_reasoning.h"

namespace tidegate::translation {
namespace {

using json::Kind;

// Kept from message to message, so that its vectors grow once.
struct Message {
  std::string_view role, name, refusal, tool_call_id, cache_control;
  ChatReasoning reasoning;
  std::vector<Part> content, calls;
  bool has_content = false, legacy_call = false, prefix = false;

  void clear() {
    role = name = refusal = tool_call_id = cache_control = {};
    reasoning = {};
    content.clear();
    calls.clear();
    has_content = legacy_call = prefix = false;
  }
};

// A call of the latest assistant turn, and whether its result came.
struct Call {
  std::string_view id, name;
  bool answered = false;
};

class Messages {
 public:
  explicit Messages(Walk& walk) : walk_(walk), request_(walk.request) {}

  bool read() {
    if (!walk_.is(Kind::array)) return walk_.refuse_type("messages", "an array");
    const auto message = [this] {
      if (!walk_.is(Kind::object)) return walk_.refuse_type(where(), "an object");
      message_.clear();
      if (!walk_.object([this](std::string_view key) { return member(key); })) return false;
      if (!settle()) return false;
      ++item_;
      return true;
    };
    return walk_.json.array(message);
  }

 private:
  [[nodiscard]] std::string where(std::string_view member = {}) const {
    return member.empty() ? fmt::format("messages[{}]", item_)
                          : fmt::format("messages[{}].{}", item_, member);
  }
  [[nodiscard]] std::string where_call(std::size_t call, std::string_view member) const {
    return fmt::format("messages[{}].tool_calls[{}].{}", item_, call, member);
  }
  [[nodiscard]] Place place(std::size_t element) const {
    return {item_, static_cast<std::uint32_t>(element)};
  }

  bool member(std::string_view key) {
    const auto here = [this, key] { return where(key); };
    if (key == "role") {
      if (!walk_.is(Kind::string)) return walk_.refuse_type(where(key), "a string");
      return walk_.json.string(message_.role);
    }
    if (key == "content") return content();
    if (key == "tool_calls") return calls();
    if (key == "tool_call_id") return walk_.text(message_.tool_call_id, here);
    if (key == "reasoning_content" || key == "reasoning")
      return walk_.text(key == "reasoning" ? message_.reasoning.other : message_.reasoning.text,
                        here);
    if (key == "reasoning_details") return walk_.value(message_.reasoning.details);
    if (key == "name") return walk_.text(message_.name, here);
    if (key == "refusal") return walk_.text(message_.refusal, here);
    if (key == "function_call") return legacy_call();
    if (key == "cache_control") return walk_.value(message_.cache_control);
    if (key == "prefix" || key == "partial") {
      std::optional<bool> prefix;
      if (!walk_.flag(prefix, here)) return false;
      message_.prefix = prefix.value_or(false);
      return true;
    }
    if (!walk_.is(Kind::null) && key != "annotations")
      request_.dropped.add(fmt::format("{} of messages dropped", key));
    return walk_.json.skip();
  }

  bool content() {
    if (walk_.is(Kind::null)) return walk_.json.skip();
    message_.has_content = true;
    if (walk_.is(Kind::string)) {
      Part& part = message_.content.emplace_back();
      part.place.item = item_;
      return walk_.json.string(part.text);
    }
    if (!walk_.is(Kind::array))
      return walk_.refuse_type(where("content"), "a string or an array of parts");
    return walk_.json.array([this] {
      const std::size_t element = message_.content.size();
      Part& part = message_.content.emplace_back();
      part.place = place(element);
      return read_chat_part(walk_, part);
    });
  }

  bool calls() {
    if (walk_.is(Kind::null)) return walk_.json.skip();
    if (!walk_.is(Kind::array)) return walk_.refuse_type(where("tool_calls"), "an array");
    return walk_.json.array([this] {
      const std::size_t index = message_.calls.size();
      if (!walk_.is(Kind::object))
        return walk_.refuse_type(fmt::format("messages[{}].tool_calls[{}]", item_, index),
                                 "an object");
      Part& part = message_.calls.emplace_back();
      part.kind = Part::Kind::tool_call;
      part.place = place(index);
      if (!walk_.object([&](std::string_view key) { return call_member(key, part, index); }))
        return false;
      if (part.id.empty()) return walk_.refuse_missing(where_call(index, "id"));
      if (part.name.empty()) return walk_.refuse_missing(where_call(index, "function.name"));
      return true;
    });
  }

  bool call_member(std::string_view key, Part& part, std::size_t index) {
    if (key == "id") return walk_.text(part.id, [&] { return where_call(index, "id"); });
    if (key == "function" || key == "custom") {
      if (!walk_.is(Kind::object)) return walk_.refuse_type(where_call(index, key), "an object");
      part.custom = key == "custom";
      return function(part, [&, key] { return where_call(index, key); });
    }
    if (key == "extra_content" && walk_.is(Kind::object)) return extra_content(part);
    return walk_.json.skip();
  }

  template <class Where>
  bool function(Part& part, Where&& outer) {
    return walk_.object([&](std::string_view key) {
      const auto here = [&] { return fmt::format("{}.{}", outer(), key); };
      if (key == "name") return walk_.text(part.name, here);
      if (key != "arguments" && key != "input") return walk_.json.skip();
      if (walk_.is(Kind::object)) return walk_.value(part.arguments);  // as some clients send them
      part.arguments_escaped = true;
      return walk_.text(part.arguments, here);
    });
  }

  // Gemini's {"google":{"thought_signature":"..."}}.
  bool extra_content(Part& part) {
    return walk_.object([&](std::string_view key) {
      if (key != "google" || !walk_.is(Kind::object)) return walk_.json.skip();
      return walk_.object([&](std::string_view inner) {
        if (inner != "thought_signature" || !walk_.is(Kind::string)) return walk_.json.skip();
        part.seal = Seal::gemini_signature;
        return walk_.json.string(part.proof);
      });
    });
  }

  // The form before tool_calls: one call without an id, answered by role "function".
  bool legacy_call() {
    if (walk_.is(Kind::null)) return walk_.json.skip();
    if (!walk_.is(Kind::object)) return walk_.refuse_type(where("function_call"), "an object");
    message_.legacy_call = true;
    Part& part = message_.calls.emplace_back();
    part.kind = Part::Kind::tool_call;
    part.place = {item_, Place::kNone};
    part.id = request_.keep(fmt::format("call_function_{}", item_));
    if (!function(part, [this] { return where("function_call"); })) return false;
    return !part.name.empty() || walk_.refuse_missing(where("function_call.name"));
  }

  bool settle() {
    if (!message_.cache_control.empty() && !message_.content.empty())
      message_.content.back().cache_control = message_.cache_control;
    const std::string_view role = message_.role;
    if (role.data() == nullptr) return walk_.refuse_missing(where("role"));
    if (role == "tool" || role == "function") return result();
    if (const Call* open = unanswered())
      return walk_.refuse(fmt::format("{} comes before the result of tool call {}: each call of "
                                      "the assistant must be answered by a tool message first",
                                      where(), open->id),
                          where());
    if (role == "assistant") return assistant();
    calls_.clear();
    if (role == "user") return plain(Role::user);
    if (role == "system") return plain(Role::system);
    if (role == "developer") return plain(Role::developer);
    return walk_.refuse(
        fmt::format("{} must be system, developer, user, assistant or tool", where("role")),
        where("role"));
  }

  bool plain(Role role) {
    if (!message_.has_content) return walk_.refuse_missing(where("content"));
    if (!message_.calls.empty())
      return walk_.refuse("only the assistant may call tools", where("tool_calls"));
    open(role);
    return add_content(false);
  }

  bool assistant() {
    calls_.clear();
    for (std::size_t i = 0; i < message_.calls.size(); ++i) {
      const Part& call = message_.calls[i];
      if (std::ranges::find(calls_, call.id, &Call::id) != calls_.end())
        return walk_.refuse(fmt::format("the id {} is given to two tool calls", call.id),
                            where_call(i, "id"));
      calls_.push_back({call.id, call.name});
    }
    open(Role::assistant).prefix = message_.prefix;
    const std::size_t first = request_.parts.size();
    add_reasoning(request_, message_.reasoning, {item_, Place::kNone});
    for (const Part& part : message_.content) {
      if (part.kind == Part::Kind::reasoning) request_.parts.push_back(part);
    }
    for (const Part& part : message_.content) {
      if (part.kind == Part::Kind::reasoning) continue;
      const bool blank = part.kind == Part::Kind::text && part.text.empty();
      if (!blank) request_.parts.push_back(part);
    }
    if (!message_.refusal.empty()) {
      Part& part = request_.parts.emplace_back();
      part.kind = Part::Kind::refusal;
      part.text = message_.refusal;
      part.place.item = item_;
    }
    request_.parts.insert(request_.parts.end(), message_.calls.begin(), message_.calls.end());
    request_.turns.back().parts = static_cast<std::uint32_t>(request_.parts.size() - first);
    return true;
  }

  bool result() {
    const bool legacy = message_.role == "function";
    const std::string_view wanted = legacy ? message_.name : message_.tool_call_id;
    const std::string field = where(legacy ? "name" : "tool_call_id");
    if (wanted.empty()) return walk_.refuse_missing(field);
    const auto call = std::ranges::find(calls_, wanted, legacy ? &Call::name : &Call::id);
    if (call == calls_.end())
      return walk_.refuse(
          fmt::format("{} names no tool call of the assistant message before it", field), field);
    if (call->answered)
      return walk_.refuse(fmt::format("the tool call {} is answered twice", wanted), field);
    call->answered = true;

    open(Role::tool);
    Part& part = request_.parts.emplace_back();
    part.kind = Part::Kind::tool_result;
    part.id = call->id;
    part.place.item = item_;
    request_.turns.back().parts = 1;
    return add_content(true);
  }

  Turn& open(Role role) {
    Turn& turn = request_.turns.emplace_back();
    turn.role = role;
    turn.first = static_cast<std::uint32_t>(request_.parts.size());
    turn.name = message_.name;
    turn.place.item = item_;
    return turn;
  }

  bool add_content(bool in_result) {
    for (Part& part : message_.content) {
      if (part.kind == Part::Kind::reasoning)
        return walk_.refuse("only the assistant may have reasoning",
                            path(Surface::chat, part.place));
      part.in_result = in_result;
    }
    request_.parts.insert(request_.parts.end(), message_.content.begin(), message_.content.end());
    request_.turns.back().parts += static_cast<std::uint32_t>(message_.content.size());
    return true;
  }

  [[nodiscard]] const Call* unanswered() const {
    const auto open = std::ranges::find(calls_, false, &Call::answered);
    return open == calls_.end() ? nullptr : &*open;
  }

  Walk& walk_;
  Request& request_;
  std::uint32_t item_ = 0;
  Message message_;
  std::vector<Call> calls_;
};

}  // namespace

bool read_chat_messages(Walk& walk) { return Messages(walk).read(); }

}  // namespace tidegate::translation
