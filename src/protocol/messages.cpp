#include "protocol/messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "json/escape.h"
#include "protocol/tool_names.h"

namespace tidegate::protocol {
namespace {

using json::Kind;
using json::Reader;

struct Message {
  std::string_view role;
  std::string_view first_text, last_text;  // no data: none
  std::uint32_t calls = 0;
  bool reasoning = false;  // under any name
  bool prefix = false;     // likewise
};

class Messages {
 public:
  Messages(Reader& reader, Conversation& out, Error& error)
      : reader_(reader), out_(out), error_(error) {}

  bool read() {
    return reader_.array([this] { return message(); });
  }

 private:
  bool message() {
    if (reader_.kind() != Kind::object) {
      return refuse_type(reader_, error_, fmt::format("messages[{}]", out_.messages), "an object");
    }
    Message message;
    if (!reader_.object([&](std::string_view key) { return member(key, message); })) return false;
    if (message.role.data() == nullptr) {
      error_ = {ErrorCode::invalid, fmt::format("messages[{}].role is missing", out_.messages),
                fmt::format("messages[{}].role", out_.messages)};
      return false;
    }
    settle(message);
    ++out_.messages;
    return true;
  }

  // In place: it runs for every member of every message.
  [[gnu::always_inline]] bool member(std::string_view key, Message& message) {
    if (key == "role") {
      if (reader_.kind() == Kind::string) return reader_.string(message.role);
      return refuse_type(reader_, error_, fmt::format("messages[{}].role", out_.messages),
                         "a string");
    }
    if (key == "content") return content(message);
    if (key == "tool_calls" && reader_.kind() == Kind::array) {
      return reader_.array([&] { return call(message); });
    }
    if (key == "function_call" && reader_.kind() == Kind::object) {
      ++message.calls;
      return function();
    }
    if (key == "reasoning_content") return reasoning(out_.reasoning_content, message);
    if (key == "reasoning") return reasoning(out_.reasoning, message);
    if (key == "reasoning_details") message.reasoning = out_.reasoning_details = true;
    if (key == "prefix") return mark(message, out_.prefix);
    if (key == "partial") return mark(message, out_.partial);
    return key == "refusal" ? text() : reader_.skip();
  }

  // Clients write "" or null where they lost it (OpenCode #24442), and providers where there is
  // none.
  bool reasoning(bool& under_this_name, Message& message) {
    if (reader_.kind() != Kind::string) return reader_.skip();
    std::string_view raw;
    if (!reader_.string(raw)) return false;
    count_bytes(raw, out_.text);
    if (json::is_blank(raw)) return true;
    message.reasoning = under_this_name = true;
    return true;
  }

  bool content(Message& message) {
    if (reader_.kind() != Kind::array) return text(&message);
    return reader_.array([&] {
      if (reader_.kind() != Kind::object) return text(&message);
      bool media = false;
      const bool good = reader_.object([&](std::string_view key) {
        if (key == "text") return text(&message);
        if (key == "type" && reader_.kind() == Kind::string) {
          std::string_view type;
          if (!reader_.string(type)) return false;
          out_.reasoning_parts = out_.reasoning_parts || type == "reasoning";
          return true;
        }
        if (key == "refusal" || key == "thinking") return text();
        if (key == "image_url" || key == "image") add(out_.media, Media::images);
        if (key == "file") add(out_.media, Media::documents);
        if (key == "input_audio") add(out_.media, Media::audio);
        media = media || key == "image_url" || key == "input_audio" || key == "file" ||
                key == "video_url" || key == "image";
        return reader_.skip();
      });
      out_.images += media ? 1 : 0;
      return good;
    });
  }

  bool call(Message& message) {
    ++message.calls;
    if (reader_.kind() != Kind::object) return reader_.skip();
    return reader_.object([this](std::string_view key) {
      const bool named = key == "function" || key == "custom";
      return named && reader_.kind() == Kind::object ? function() : reader_.skip();
    });
  }

  bool function() {
    return reader_.object([this](std::string_view key) {
      return key == "name" || key == "arguments" || key == "input" ? text() : reader_.skip();
    });
  }

  // True for one message is true for the conversation.
  bool mark(Message& message, bool& flag) {
    if (reader_.kind() != Kind::boolean) return reader_.skip();
    std::string_view raw;
    if (!reader_.scalar(raw)) return false;
    if (raw == "true") message.prefix = flag = true;
    return true;
  }

  // Counts a string's bytes; anything else is passed over. With a message, it is its text.
  bool text(Message* message = nullptr) {
    if (reader_.kind() != Kind::string) return reader_.skip();
    std::string_view raw;
    if (!reader_.string(raw)) return false;
    count_bytes(raw, out_.text);
    if (message != nullptr) {
      if (message->first_text.data() == nullptr) message->first_text = raw;
      message->last_text = raw;
    }
    return true;
  }

  void settle(const Message& message) {
    if (message.role == "user") {
      if (out_.first_user_text.data() == nullptr) out_.first_user_text = message.first_text;
      out_.last_user_text = message.last_text;
    } else if (message.role == "assistant") {
      out_.recent_tool_calls[out_.assistant_steps++ % out_.recent_tool_calls.size()] =
          static_cast<std::uint16_t>(
              std::min<std::uint32_t>(message.calls, std::numeric_limits<std::uint16_t>::max()));
      if (!message.reasoning && !message.prefix) ++out_.bare_steps;
    } else if (message.role == "system" || message.role == "developer") {
      out_.developer_roles += message.role == "developer" ? 1 : 0;
      if (out_.system_text.data() == nullptr) out_.system_text = message.first_text;
    }
  }

  Reader& reader_;
  Conversation& out_;
  Error& error_;
};

}  // namespace

bool refuse_type(Reader& reader, Error& error, std::string field, std::string_view expected) {
  if (!reader.skip()) return false;  // malformed is the better answer
  error = {ErrorCode::invalid, fmt::format("{} must be {}", field, expected), field};
  return false;
}

bool read_messages(Reader& reader, Conversation& out, Error& error) {
  if (reader.kind() != Kind::array) return refuse_type(reader, error, "messages", "an array");
  return Messages(reader, out, error).read();
}

bool read_tools(Reader& reader, ToolsMemo& memo, Conversation& out, Error& error) {
  if (reader.kind() == Kind::null) return reader.skip();
  if (reader.kind() != Kind::array) return refuse_type(reader, error, "tools", "an array");
  const std::uint32_t begin = reader.offset();
  const auto add = [&out](const ToolFacts& facts) {
    out.tools += facts.tools;
    out.edit_tools = out.edit_tools || facts.edit_tools;
    out.shell_tools = out.shell_tools || facts.shell_tools;
    out.other_tools = out.other_tools || facts.other_tools;
    out.strict_tools = out.strict_tools || facts.strict_tools;
    out.text += facts.text;
  };
  if (const ToolsMemo::Known* known = memo.find(out.body.substr(begin))) {
    reader.pass(known->array.size());
    add(known->facts);
    return true;
  }
  ToolFacts facts;
  const auto name = [&] {
    std::string_view raw;
    if (reader.kind() != Kind::string) return reader.skip();
    if (!reader.string(raw)) return false;
    facts.edit_tools = facts.edit_tools || edits_files(raw);
    facts.shell_tools = facts.shell_tools || runs_commands(raw);
    return true;
  };
  const auto strict = [&] {
    std::string_view raw;
    if (reader.kind() != Kind::boolean) return reader.skip();
    if (!reader.scalar(raw)) return false;
    facts.strict_tools = facts.strict_tools || raw == "true";
    return true;
  };
  const bool good = reader.array([&] {
    ++facts.tools;
    if (reader.kind() != Kind::object) return reader.skip();
    return reader.object([&](std::string_view key) {
      if (key == "name") return name();
      if (key == "type" && reader.kind() == Kind::string) {
        std::string_view type;
        if (!reader.string(type)) return false;
        facts.other_tools = facts.other_tools || type != "function";
        return true;
      }
      if (key != "function" || reader.kind() != Kind::object) return reader.skip();
      return reader.object([&](std::string_view inner) {
        if (inner == "strict") return strict();
        return inner == "name" ? name() : reader.skip();
      });
    });
  });
  if (!good) return false;
  const std::string_view array = Range{begin, reader.last_end()}.in(out.body);
  count_bytes(array.substr(0, array.size() - 1), facts.text);
  memo.remember(array, facts);
  add(facts);
  return true;
}

}  // namespace tidegate::protocol
