#include "translation/chat_repair.h"

#include <fmt/format.h>

#include "json/checked_text.h"
#include "json/escape.h"
#include "json/reader.h"
#include "translation/asked_form.h"
#include "translation/bare_seals.h"
#include "translation/chat_places.h"
#include "translation/missing_reasoning.h"
#include "translation/schema_instruction.h"

namespace tidegate::translation {
namespace {

using json::Kind;
using json::Reader;
using protocol::Conversation;
using protocol::MustReturn;

bool thinks(const Conversation& conversation, const Aim& aim) {
  return aim.thinks(conversation.thinking, conversation.effort);
}

// Some message has reasoning under a name that the provider does not read. Whether it has it under
// the right one, too, is each message's own question: several models may have spoken.
bool has_other_name(const Conversation& conversation, const protocol::DialectTable& dialect) {
  const std::string_view field = dialect.reasoning_field;
  if (dialect.reasoning_details || field == "reasoning_content") return conversation.reasoning;
  return field == "reasoning" && conversation.reasoning_content;
}

bool has_calls(const Conversation& conversation) {
  for (const std::uint16_t calls : conversation.recent_tool_calls) {
    if (calls != 0) return true;
  }
  return false;
}

bool lacks_reasoning(const Conversation& conversation, const Aim& aim) {
  if (conversation.bare_steps == 0 || aim.dialect->reasoning_field.empty()) return false;
  if (aim.must_return == MustReturn::nothing) return aim.memory != nullptr;
  return conversation.tools != 0 || has_calls(conversation);
}

bool must_drop_force(const Conversation& conversation, const Aim& aim) {
  return conversation.forced_tool && !aim.dialect->forced_tool_when_thinking &&
         thinks(conversation, aim);
}

// It says that the answer goes on from a message, but not as this provider is told so.
bool has_other_prefix(const Conversation& conversation, const protocol::DialectTable& dialect) {
  return (conversation.prefix && dialect.prefix.key != "prefix") ||
         (conversation.partial && dialect.prefix.key != "partial");
}

class Repair {
 public:
  Repair(const Conversation& conversation, const Aim& aim, Notes& notes)
      : conversation_(conversation),
        aim_(aim),
        notes_(notes),
        missing_(aim),
        thinks_(thinks(conversation, aim)) {}

  Result<std::vector<Cut>> run() {
    const auto checked = json::check_text(conversation_.body);
    if (!checked) return std::unexpected(checked.error());
    Reader reader(*checked);
    const bool good = reader.object([&](std::string_view key) {
      if (key == "messages") return reader.array([&] { return message(reader); });
      if (key == "tools" && conversation_.other_tools && aim_.dialect->only_function_tools) {
        return tools(reader);
      }
      return reader.skip();
    });
    if (!good) return std::unexpected(reader.error());
    tool_choice();
    prefixed();
    if (Result<void> asked = response_format(); !asked) return std::unexpected(asked.error());
    missing_.note(notes_);
    return std::move(cuts_);
  }

 private:
  void cut(Range place, std::string replacement) {
    cuts_.push_back({place, std::move(replacement)});
  }

  bool message(Reader& reader) {
    if (first_message_ == 0) first_message_ = reader.offset();
    MessagePlaces message;
    if (!read_places(reader, conversation_.body, message)) return false;
    if (message.role_name == "developer" && !aim_.dialect->developer_role) {
      cut(message.role, "\"system\"");
      notes_.add("developer->system");
    }
    if (!message.prefix_key.empty()) prefix(message);
    if (message.role_name != "assistant") return true;
    reasoning(message);
    if (aim_.dialect->thought_signatures) signatures(message);
    return true;
  }

  void prefix(const MessagePlaces& message) {
    const std::string_view key = aim_.dialect->prefix.key;
    const std::string_view body = conversation_.body;
    if (message.prefix_key.in(body) == fmt::format("\"{}\"", key)) return;
    is_prefixed_ = true;
    if (!key.empty()) {
      cut(message.prefix_key, fmt::format("\"{}\"", key));
      return;
    }
    // The member goes, with the comma on one side of it; there is a role at least.
    Range member{message.prefix_key.begin, message.prefix_end};
    const std::size_t after = body.find_first_not_of(" \t\r\n", member.end);
    if (body[after] == ',') {
      member.end = static_cast<std::uint32_t>(after) + 1;
    } else {
      member.begin = static_cast<std::uint32_t>(body.find_last_of(',', member.begin));
    }
    cut(member, "");
  }

  void reasoning(MessagePlaces& message) {
    const std::uint32_t step = steps_++;
    const std::string_view field = aim_.dialect->reasoning_field;
    if (field.empty()) return;
    if (aim_.dialect->reasoning_details) return both_names(message, step);
    if (!message.parts.empty()) cut_parts(message);
    const bool wants_content = field == "reasoning_content";
    const NamedReasoning& named = wants_content ? message.reasoning_content : message.reasoning;
    const NamedReasoning& other = wants_content ? message.reasoning : message.reasoning_content;
    if (!named.blank()) return;
    if (!other.blank()) {
      if (named.key.empty()) {
        cut(other.key, fmt::format("\"{}\"", field));
      } else {
        cut(named.value, fmt::format("\"{}\"", other.text));
      }
      notes_.add(fmt::format("reasoning sent as {}", field));
    } else if (!message.thoughts.empty()) {
      set(message, named, field, message.thoughts);
      notes_.add(fmt::format("reasoning sent as {}", field));
    } else {
      set(message, named, field, missing(message, step, named));
    }
  }

  // OpenRouter reads `reasoning`, and DeepSeek's models behind it want reasoning_content.
  void both_names(const MessagePlaces& message, std::uint32_t step) {
    const NamedReasoning& content = message.reasoning_content;
    const NamedReasoning& plain = message.reasoning;
    const bool settled = details(message);
    if (!content.blank()) return;
    if (!plain.blank()) return set(message, content, "reasoning_content", plain.text);
    if (settled) return;
    const std::string text = missing(message, step, plain);
    set(message, plain, "reasoning", text);
    set(message, content, "reasoning_content", text);
  }

  // What is sealed for another model stays behind, and Gemini gets what it takes in its place.
  // True: the message has its details.
  bool details(const MessagePlaces& message) {
    const bool present = !message.details.empty();
    const bool foreign =
        present && are_foreign_details(aim_, message.details.in(conversation_.body));
    if (present && !foreign) return true;
    const bool wanted = aim_.wants_details() && !message.calls.empty();
    std::string stand_in = "[]";
    if (wanted) stand_in = missing_.details_stand_in(message.calls.front().id);
    if (foreign) {
      cut(message.details, std::move(stand_in));
      notes_.add("reasoning of another model left out");
    } else if (wanted) {
      const std::uint32_t end = message.object.end - 1;
      cut({end, end}, ",\"reasoning_details\":" + stand_in);
    }
    return wanted;
  }

  // Parts of a type that is nobody's: the Roo Code of old sends them (Roo-Code #12196).
  void cut_parts(const MessagePlaces& message) {
    std::string kept;
    for (const ContentElement& element : message.parts) {
      if (element.reasoning) continue;
      kept += kept.empty() ? "[" : ",";
      kept += element.place.in(conversation_.body);
    }
    if (!kept.empty()) kept += ']';
    cut(message.content, kept.empty() ? std::string(aim_.dialect->no_content) : std::move(kept));
  }

  // Empty: there is none to be had, and none is demanded. What is there but blank will do: DeepSeek
  // itself sometimes calls a tool without a thought (fact sheet 1.3, item 6).
  std::string missing(const MessagePlaces& message, std::uint32_t step,
                      const NamedReasoning& named) {
    if (!thinks_ || !message.prefix_key.empty()) return {};
    std::string text = recalled(message.turn);
    if (text.empty() && named.text.data() == nullptr && is_demanded(message.turn)) {
      text = missing_.stand_in(step, message.turn);
    }
    return text;
  }

  void set(const MessagePlaces& message, const NamedReasoning& named, std::string_view name,
           std::string_view text) {
    if (text.empty()) return;
    if (!named.key.empty()) return cut(named.value, fmt::format("\"{}\"", text));
    const std::uint32_t end = message.object.end - 1;
    cut({end, end}, fmt::format(R"(,"{}":"{}")", name, text));
  }

  // Gemini wants the signature of a step back on the call that it came with.
  void signatures(const MessagePlaces& message) {
    if (message.calls.empty()) return;
    const std::vector<Cargo> cargo = missing_.recall(message.turn);
    bool signed_first = message.calls.front().extra;
    for (const CallPlace& call : message.calls) {
      if (!foreign_maker(aim_, call.signature).empty()) {
        cut(call.signature_place, fmt::format("\"{}\"", missing_.signature_stand_in()));
      }
      if (call.extra || call.id.empty()) continue;
      for (const Cargo& each : cargo) {
        if (each.seal != Seal::gemini_signature || each.id != call.id) continue;
        if (each.maker != aim_.maker) continue;
        sign(call, each.proof);
        signed_first = signed_first || &call == &message.calls.front();
        missing_.count_restored();
      }
    }
    if (!signed_first) sign(message.calls.front(), missing_.signature_stand_in());
  }

  void sign(const CallPlace& call, std::string_view signature) {
    cut({call.end - 1, call.end - 1},
        fmt::format(R"(,"extra_content":{{"google":{{"thought_signature":"{}"}}}})", signature));
  }

  std::string recalled(const ReasoningMemory::Turn& turn) {
    std::string text;
    for (const Cargo& cargo : missing_.recall(turn)) {
      if (!text.empty() && !cargo.text.empty()) text += "\\n\\n";
      text += cargo.text;
    }
    if (!text.empty()) missing_.count_restored();
    return text;
  }

  [[nodiscard]] bool is_demanded(const ReasoningMemory::Turn& turn) const {
    switch (aim_.must_return) {
      case MustReturn::nothing:
        return false;
      case MustReturn::tool_turns:
        return !turn.calls.empty();
      case MustReturn::every_turn:
        return conversation_.tools != 0 || has_calls(conversation_);
    }
    return false;
  }

  // Leaves only function tools; the whole member goes when none is left.
  bool tools(Reader& reader) {
    const std::uint32_t begin = reader.offset();
    std::string kept;
    bool dropped = false;
    const bool good = reader.array([&] {
      const std::uint32_t tool = reader.offset();
      bool function = true;
      const bool read =
          reader.kind() != Kind::object ? reader.skip() : reader.object([&](std::string_view key) {
            std::string_view type;
            if (key != "type" || reader.kind() != Kind::string) {
              return reader.skip();
            }
            if (!reader.string(type)) return false;
            function = type == "function";
            return true;
          });
      if (!read) return false;
      if (function) {
        if (!kept.empty()) kept += ',';
        kept += Range{tool, reader.last_end()}.in(conversation_.body);
      }
      dropped = dropped || !function;
      return true;
    });
    if (!good || !dropped) return good;
    notes_.add("tools that are no functions dropped");
    no_tools_ = kept.empty();
    cut({begin, reader.last_end()}, kept.empty() ? "null" : "[" + kept + "]");
    return true;
  }

  void tool_choice() {
    if (no_tools_ && !conversation_.tool_choice_value.empty()) {
      cut(conversation_.tool_choice_value, "null");
      return;
    }
    if (!must_drop_force(conversation_, aim_)) return;
    // The client's program relies on the tool; thinking would only make its choice better.
    if (stop_thinking("tool_choice")) return;
    cut(conversation_.tool_choice_value, "\"auto\"");
    notes_.add("tool_choice -> auto");
  }

  // What the answer goes on from was marked in the words of another provider.
  void prefixed() {
    if (!is_prefixed_) return;
    const protocol::PrefixMark& mark = aim_.dialect->prefix;
    if (!mark.known()) return notes_.add("prefix of the answer not marked");
    if (!mark.members.empty()) add_members(mark.members);
    if (thinks_) stop_thinking("prefix of the answer");
  }

  // False: the client asked for it, or it cannot be stopped.
  bool stop_thinking(std::string_view why) {
    const bool asked =
        conversation_.thinking == Toggle::on ||
        (conversation_.effort != Effort::unset && conversation_.effort != Effort::none);
    const std::string_view off = protocol::thinking_members(*aim_.dialect, config::Thinking::off);
    if (asked || off.empty()) return false;
    if (!stopped_) add_members(off);
    stopped_ = true;
    notes_.add(fmt::format("thinking off: {}", why));
    return true;
  }

  void add_members(std::string_view members) {
    const std::uint32_t begin = conversation_.members_begin;
    cut({begin, begin}, std::string(members) + ",");
  }

  Result<void> response_format() {
    if (!conversation_.json_schema || aim_.dialect->json_schema) return {};
    const auto format =
        read_response_format(conversation_.response_format_value.in(conversation_.body));
    if (!format) return std::unexpected(format.error());
    cut(conversation_.response_format_value, R"({"type":"json_object"})");
    const std::string ask = json::escape(schema_instruction(format->schema));
    cut({first_message_, first_message_},
        fmt::format(R"({{"role":"system","content":"{}"}},)", ask));
    notes_.add("json_schema -> json_object");
    return {};
  }

  const Conversation& conversation_;
  const Aim& aim_;
  Notes& notes_;
  MissingReasoning missing_;
  const bool thinks_;
  std::vector<Cut> cuts_;
  std::uint32_t steps_ = 0;
  std::uint32_t first_message_ = 0;
  bool no_tools_ = false;
  bool is_prefixed_ = false;  // under another name than the provider's
  bool stopped_ = false;      // the thinking
};

}  // namespace

bool needs_repair(const Conversation& conversation, const Aim& aim) {
  const protocol::DialectTable& dialect = *aim.dialect;
  if (conversation.developer_roles != 0 && !dialect.developer_role) return true;
  if (conversation.other_tools && dialect.only_function_tools) return true;
  if (conversation.json_schema && !dialect.json_schema) return true;
  if (conversation.forced_tool && must_drop_force(conversation, aim)) return true;
  if (has_other_prefix(conversation, dialect)) return true;
  if (conversation.assistant_steps == 0) return false;
  if (conversation.reasoning_parts && !dialect.reasoning_field.empty()) return true;
  if ((dialect.thought_signatures || aim.wants_details()) && has_calls(conversation)) return true;
  if (dialect.reasoning_details && conversation.reasoning_details) return true;
  return has_other_name(conversation, dialect) ||
         (lacks_reasoning(conversation, aim) && thinks(conversation, aim));
}

Result<std::vector<Cut>> repair_chat(const Conversation& conversation, const Aim& aim,
                                     Notes& notes) {
  return Repair(conversation, aim, notes).run();
}

}  // namespace tidegate::translation
