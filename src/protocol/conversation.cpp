#include "protocol/conversation.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <string>

#include "base/hash.h"
#include "base/text.h"
#include "json/checked_text.h"
#include "json/escape.h"
#include "json/reader.h"
#include "protocol/messages.h"

namespace tidegate::protocol {
namespace {

using json::Kind;
using json::Reader;

// The names that we read at top level; a second one of the same name is refused.
enum class Field : unsigned {
  model,
  messages,
  stream,
  stream_options,
  max_tokens,
  max_completion_tokens,
  tools,
  functions,
  thinking,
  reasoning_effort,
  tool_choice,
  response_format,
  reasoning,
  chat_template_kwargs,
  enable_thinking,
  input,
  prompt,
  suffix,
  n,
  best_of,
  unknown
};
constexpr std::string_view kNames[] = {"model",
                                       "messages",
                                       "stream",
                                       "stream_options",
                                       "max_tokens",
                                       "max_completion_tokens",
                                       "tools",
                                       "functions",
                                       "thinking",
                                       "reasoning_effort",
                                       "tool_choice",
                                       "response_format",
                                       "reasoning",
                                       "chat_template_kwargs",
                                       "enable_thinking",
                                       "input",
                                       "prompt",
                                       "suffix",
                                       "n",
                                       "best_of"};

constexpr unsigned bits(std::initializer_list<Field> fields) {
  unsigned all = 0;
  for (const Field field : fields) all |= 1U << static_cast<unsigned>(field);
  return all;
}
// What is read of a surface's requests.
constexpr unsigned fields_of(Surface surface) {
  if (surface == Surface::embeddings) return bits({Field::model, Field::input});
  if (surface == Surface::completions) {
    return bits({Field::model, Field::stream, Field::stream_options, Field::prompt, Field::suffix,
                 Field::n, Field::best_of});
  }
  return (bits({Field::input}) - 1) | bits({Field::n});
}

// Tells all names apart, so that a key is compared with one of them at most.
constexpr std::size_t slot_of(std::string_view name) {
  return (name.size() * 10 + static_cast<unsigned char>(name.back())) % 64;
}
constexpr auto kSlots = [] {
  std::array<Field, 64> slots;
  slots.fill(Field::unknown);
  for (unsigned i = 0; i < std::size(kNames); ++i) {
    Field& slot = slots[slot_of(kNames[i])];
    if (slot != Field::unknown) throw "two names share a slot: give slot_of() another factor";
    slot = static_cast<Field>(i);
  }
  return slots;
}();

Field find_field(std::string_view name) {
  if (name.empty()) return Field::unknown;
  const Field field = kSlots[slot_of(name)];
  const bool is_it = field != Field::unknown && name == kNames[static_cast<unsigned>(field)];
  return is_it ? field : Field::unknown;
}

Effort find_effort(std::string_view name) {
  if (name == "none") return Effort::none;
  if (name == "minimal") return Effort::minimal;
  if (name == "low") return Effort::low;
  if (name == "medium") return Effort::medium;
  if (name == "high") return Effort::high;
  if (name == "xhigh") return Effort::xhigh;
  if (name == "max" || name == "ultra") return Effort::max;
  return Effort::unset;
}

class Pass {
 public:
  Pass(Reader& reader, std::string_view body, ToolsMemo& memo, Surface surface)
      : reader_(reader), memo_(memo), reads_(fields_of(surface)) {
    out_.body = body;
  }

  Result<Conversation> run() {
    if (reader_.kind() != Kind::object) {
      if (refuse_type(reader_, error_, "the body", "a JSON object") || reader_.is_malformed()) {
        return std::unexpected(reader_.error());
      }
      return fail(ErrorCode::invalid, std::move(error_.message));
    }
    out_.members_begin = reader_.offset() + 1;
    const bool good =
        reader_.object([this](std::string_view key) { return member(key); }) && reader_.finish();
    if (reader_.is_malformed()) return std::unexpected(reader_.error());
    if (!good) return std::unexpected(std::move(error_));
    for (const Field needed : {Field::model, Field::messages}) {
      if (reads(needed) && !seen(needed))
        return fail(ErrorCode::invalid, name(needed) + " is missing", name(needed));
    }
    if (reads(Field::messages) && out_.messages == 0) {
      return fail(ErrorCode::invalid, "messages must hold at least one message", "messages");
    }
    out_.fingerprint = fingerprint(out_.system_text, out_.first_user_text);
    return std::move(out_);
  }

 private:
  static std::string name(Field field) { return std::string(kNames[static_cast<unsigned>(field)]); }
  [[nodiscard]] bool seen(Field field) const {
    return (seen_ >> static_cast<unsigned>(field) & 1U) != 0;
  }

  [[nodiscard]] bool reads(Field field) const {
    return (reads_ >> static_cast<unsigned>(field) & 1U) != 0;
  }

  bool refuse(std::string message, std::string field) {
    error_ = {ErrorCode::invalid, std::move(message), std::move(field)};
    return false;
  }

  // A key without its escapes: a provider would undo them, too.
  bool plain(std::string_view& key, std::string& storage) {
    if (key.find('\\') == std::string_view::npos) return true;
    auto unescaped = json::unescape(key);
    if (!unescaped) return refuse("a key has an invalid escape", std::string(key));
    storage = std::move(*unescaped);
    key = storage;
    return true;
  }

  bool member(std::string_view raw_key) {
    const Field field = find_field(raw_key);
    if (reads(field)) return member(field, raw_key);
    std::string storage;
    std::string_view key = raw_key;
    if (!plain(key, storage)) return false;
    const Field escaped = key == raw_key ? field : find_field(key);
    return reads(escaped) ? member(escaped, raw_key) : reader_.skip();
  }

  bool member(Field field, std::string_view raw_key) {
    if (seen(field)) {
      return refuse(fmt::format("{} is given twice, send it once", name(field)), name(field));
    }
    seen_ |= 1U << static_cast<unsigned>(field);
    switch (field) {
      case Field::model:
        return model();
      case Field::messages:
        return read_messages(reader_, out_, error_);
      case Field::stream:
        return flag("stream", out_.stream, out_.stream_value);
      case Field::stream_options:
        return stream_options();
      case Field::max_tokens:
      case Field::max_completion_tokens:
        return max_tokens(field, raw_key);
      case Field::tools:
      case Field::functions:
        return read_tools(reader_, memo_, out_, error_);
      case Field::thinking:
      case Field::reasoning:
      case Field::chat_template_kwargs:
        return thinking();
      case Field::enable_thinking:
        out_.has_thinking_field = true;
        return toggle();
      case Field::tool_choice:
        return tool_choice();
      case Field::response_format:
        return response_format();
      case Field::input:
      case Field::prompt:
      case Field::suffix:
        return text();
      case Field::n:
      case Field::best_of:
        return choices();
      default:
        out_.has_effort_field = true;
        return effort();
    }
  }

  bool model() {
    if (reader_.kind() != Kind::string) return refuse_type(reader_, error_, "model", "a string");
    const std::uint32_t begin = reader_.offset();
    if (!reader_.string(out_.model)) return false;
    out_.model_value = {begin, reader_.last_end()};
    if (out_.model.find('\\') != std::string_view::npos) {
      return refuse("model must be a name without escapes", "model");
    }
    return true;
  }

  // What is no such number is the provider's to judge.
  bool choices() {
    if (reader_.kind() != Kind::number) return reader_.skip();
    std::string_view raw;
    if (!reader_.scalar(raw)) return false;
    constexpr std::uint64_t kMost = 1024;
    const std::uint64_t asked = std::min(parse_u64(raw).value_or(1), kMost);
    out_.choices = std::max(out_.choices, static_cast<std::uint32_t>(asked));
    return true;
  }

  // true, false, or null for false.
  bool flag(const char* path, bool& value, Range& range) {
    if (reader_.kind() != Kind::boolean && reader_.kind() != Kind::null) {
      return refuse_type(reader_, error_, path, "true or false");
    }
    const std::uint32_t begin = reader_.offset();
    std::string_view raw;
    if (!reader_.scalar(raw)) return false;
    value = raw == "true";
    range = {begin, reader_.last_end()};
    return true;
  }

  bool stream_options() {
    const std::uint32_t begin = reader_.offset();
    bool good = false;
    if (reader_.kind() == Kind::null) {
      good = reader_.skip();
    } else if (reader_.kind() == Kind::object) {
      good = reader_.object([this](std::string_view key) {
        std::string storage;
        if (!plain(key, storage)) return false;
        if (key != "include_usage") return reader_.skip();
        if (!out_.include_usage_value.empty()) {
          return refuse("stream_options.include_usage is given twice, send it once",
                        "stream_options.include_usage");
        }
        return flag("stream_options.include_usage", out_.include_usage, out_.include_usage_value);
      });
    } else {
      return refuse_type(reader_, error_, "stream_options", "an object");
    }
    out_.stream_options_value = {begin, reader_.last_end()};
    return good;
  }

  bool max_tokens(Field field, std::string_view raw_key) {
    const std::uint32_t begin = reader_.offset();
    std::string_view raw;
    std::optional<Tokens> value;
    if (reader_.kind() == Kind::number) {
      if (!reader_.scalar(raw)) return false;
      constexpr std::uint64_t kMost = std::uint64_t{1} << 53;  // what every JSON reader can hold
      const auto number = parse_u64(raw);
      if (!number || *number == 0 || *number > kMost) {
        return refuse(fmt::format("{} must be a positive integer, written in digits", name(field)),
                      name(field));
      }
      value = static_cast<Tokens>(*number);
    } else if (reader_.kind() != Kind::null) {
      return refuse_type(reader_, error_, name(field), "a positive integer");
    } else if (!reader_.scalar(raw)) {
      return false;
    }
    const Range range{begin, reader_.last_end()};
    const bool first = out_.max_tokens_value.empty();
    if (!first && (!value || (field == Field::max_tokens && out_.max_tokens))) {
      out_.other_max_tokens_value = range;
      return true;
    }
    const auto key = static_cast<std::uint32_t>(raw_key.data() - out_.body.data());
    out_.other_max_tokens_value = out_.max_tokens_value;
    out_.max_tokens = value;
    out_.max_tokens_name = kNames[static_cast<unsigned>(field)];
    out_.max_tokens_key = {key - 1, key + static_cast<std::uint32_t>(raw_key.size()) + 1};
    out_.max_tokens_value = range;
    return true;
  }

  // {"type"} of DeepSeek, {"enabled", "effort"} of OpenRouter, {"thinking", "enable_thinking"} of
  // engines. What is not as they document it is the provider's to refuse.
  bool thinking() {
    out_.has_thinking_field = true;
    if (reader_.kind() != Kind::object) return reader_.skip();
    return reader_.object([this](std::string_view key) {
      if (key == "enabled" || key == "thinking" || key == "enable_thinking") return toggle();
      if (key == "effort" || key == "reasoning_effort") return effort();
      std::string_view raw;
      if (key != "type" || reader_.kind() != Kind::string) return reader_.skip();
      if (!reader_.string(raw)) return false;
      if (raw == "enabled" || raw == "adaptive") out_.thinking = Toggle::on;
      if (raw == "disabled") out_.thinking = Toggle::off;
      return true;
    });
  }

  bool toggle() {
    std::string_view raw;
    if (reader_.kind() != Kind::boolean) return reader_.skip();
    if (!reader_.scalar(raw)) return false;
    out_.thinking = raw == "true" ? Toggle::on : Toggle::off;
    return true;
  }

  bool tool_choice() {
    const std::uint32_t begin = reader_.offset();
    std::string_view word;
    if (reader_.kind() == Kind::string) {
      if (!reader_.string(word)) return false;
      out_.forced_tool = word == "required";
    } else {
      out_.forced_tool = reader_.kind() == Kind::object;
      if (!reader_.skip()) return false;
    }
    out_.tool_choice_value = {begin, reader_.last_end()};
    return true;
  }

  bool response_format() {
    const std::uint32_t begin = reader_.offset();
    const auto type = [this](std::string_view key) {
      std::string_view raw;
      if (key != "type" || reader_.kind() != Kind::string) return reader_.skip();
      if (!reader_.string(raw)) return false;
      out_.json_schema = raw == "json_schema";
      return true;
    };
    const bool good = reader_.kind() == Kind::object ? reader_.object(type) : reader_.skip();
    out_.response_format_value = {begin, reader_.last_end()};
    return good;
  }

  bool effort() {
    std::string_view raw;
    if (reader_.kind() != Kind::string) return reader_.skip();
    if (!reader_.string(raw)) return false;
    out_.effort = find_effort(raw);
    return true;
  }

  // A text, token ids, or any number of both; whatever else it is, the provider knows.
  bool text() {
    if (reader_.kind() == Kind::array) return reader_.array([this] { return text(); });
    if (reader_.kind() == Kind::number) ++out_.token_ids;
    if (reader_.kind() != Kind::string) return reader_.skip();
    std::string_view raw;
    if (!reader_.string(raw)) return false;
    count_bytes(raw, out_.text);
    return true;
  }

  Reader& reader_;
  ToolsMemo& memo_;
  const unsigned reads_;
  Conversation out_;
  Error error_;
  unsigned seen_ = 0;
};

}  // namespace

std::uint64_t fingerprint(std::string_view system_text, std::string_view first_user_text) {
  // Both ends and the size tell conversations apart, also those that begin with one template.
  constexpr std::size_t kEnd = 256;
  std::uint64_t hash = 0;
  for (const std::string_view text : {system_text, first_user_text}) {
    hash = hash_bytes(text.substr(0, kEnd), hash + text.size());
    if (text.size() > kEnd) {
      const std::size_t last = std::max(kEnd, text.size() - kEnd);
      hash = hash_bytes(text.substr(last), hash);
    }
  }
  return hash;
}

Result<Conversation> read_conversation(std::string_view body) {
  ToolsMemo nothing;
  return read_conversation(body, nothing);
}

Result<Conversation> read_conversation(std::string_view body, ToolsMemo& memo, Surface surface) {
  const auto checked = json::check_text(body);
  if (!checked) return std::unexpected(checked.error());
  Reader reader(*checked);
  auto conversation = Pass(reader, body, memo, surface).run();
  return conversation;
}

}  // namespace tidegate::protocol
