#include "translation/responses_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "json/escape.h"
#include "translation/responses_input.h"
#include "translation/responses_tools.h"

namespace tidegate::translation {
namespace {

using json::Kind;

// The members that we read; a second one of the same name is refused, as the provider might read
// the other one.
enum class Field : unsigned {
  model,
  input,
  instructions,
  tools,
  tool_choice,
  stream,
  stream_options,
  max_output_tokens,
  reasoning,
  text,
  include,
  parallel_tool_calls,
  previous_response_id,
  store,
  metadata,
  temperature,
  top_p,
  top_logprobs,
  service_tier,
  user,
  safety_identifier,
  prompt_cache_key,
  unknown
};
constexpr std::array<std::string_view, 22> kNames = {"model",
                                                     "input",
                                                     "instructions",
                                                     "tools",
                                                     "tool_choice",
                                                     "stream",
                                                     "stream_options",
                                                     "max_output_tokens",
                                                     "reasoning",
                                                     "text",
                                                     "include",
                                                     "parallel_tool_calls",
                                                     "previous_response_id",
                                                     "store",
                                                     "metadata",
                                                     "temperature",
                                                     "top_p",
                                                     "top_logprobs",
                                                     "service_tier",
                                                     "user",
                                                     "safety_identifier",
                                                     "prompt_cache_key"};
static_assert(kNames.size() == static_cast<std::size_t>(Field::unknown));

class Pass {
 public:
  Pass(json::Reader& reader, std::string_view body) : fields_(reader, body) {
    out_.surface = Surface::responses;
    out_.body = body;
    // Of histories we have seen, a part has 1 KiB and more.
    out_.parts.reserve(8 + body.size() / 2048);
    out_.turns.reserve(8 + body.size() / 2048);
  }

  Result<Request> run() {
    json::Reader& json = fields_.json;
    if (json.kind() != Kind::object) {
      fields_.refuse_type([] { return std::string("the body"); }, "a JSON object");
      Error error = fields_.error();
      error.field.clear();
      return std::unexpected(std::move(error));
    }
    out_.members_begin = json.offset() + 1;
    const bool good =
        json.object([this](std::string_view key) { return member(key); }) && json.finish();
    if (!good) return std::unexpected(fields_.error());
    if (out_.model_value.empty()) return fail(ErrorCode::invalid, "model is missing", "model");
    if (!has_input() && !continues()) {
      return fail(ErrorCode::invalid, "input must hold at least one item", "input");
    }
    keep_allowed_tools();
    if (continues()) return std::move(out_);
    if (auto checked = check_calls(out_); !checked) return std::unexpected(checked.error());
    return std::move(out_);
  }

 private:
  static auto at(std::string_view path) {
    return [path] { return std::string(path); };
  }

  bool member(std::string_view raw_key) {
    // A provider would undo escapes, too.
    std::string storage;
    std::string_view key = raw_key;
    if (key.find('\\') != std::string_view::npos) {
      auto plain = json::unescape(key);
      if (!plain) return fields_.refuse("a key has an invalid escape", std::string(raw_key));
      key = storage = std::move(*plain);
    }
    const auto found = std::ranges::find(kNames, key) - kNames.begin();
    const Field field = static_cast<Field>(found);
    if (field == Field::unknown) {
      return other(storage.empty() ? raw_key : out_.keep(json::escape(storage)));
    }
    if ((seen_ >> found & 1U) != 0) {
      return fields_.refuse(fmt::format("{} is given twice, send it once", key), std::string(key));
    }
    seen_ |= 1U << found;
    return known(field);
  }

  bool known(Field field) {
    std::optional<bool> stream;
    const std::uint32_t begin = fields_.json.offset();
    switch (field) {
      case Field::model:
        if (fields_.json.kind() != Kind::string)
          return fields_.refuse_type(at("model"), "a string");
        if (!fields_.json.string(out_.model)) return false;
        out_.model_value = {begin, fields_.json.last_end()};
        return out_.model.find('\\') == std::string_view::npos ||
               fields_.refuse("model must be a name without escapes", "model");
      case Field::input:
        return read_input(fields_, out_);
      case Field::instructions:
        return read_instructions(fields_, out_);
      case Field::tools:
        return read_tools(fields_, out_);
      case Field::tool_choice:
        return read_tool_choice(fields_, out_, allowed_);
      case Field::stream:
        if (!fields_.flag(stream, at("stream"))) return false;
        out_.stream = stream.value_or(false);
        out_.stream_value = {begin, fields_.json.last_end()};
        return true;
      case Field::stream_options:
        return fields_.json.skip();  // obfuscation is the provider's matter
      case Field::max_output_tokens:
        return max_tokens();
      case Field::reasoning:
        return reasoning();
      case Field::text:
        return text();
      case Field::include:
        return include();
      case Field::parallel_tool_calls:
        return fields_.flag(out_.parallel_tool_calls, at("parallel_tool_calls"));
      case Field::previous_response_id:
        return fields_.text(out_.previous_response_id, at("previous_response_id"));
      case Field::store:
        return fields_.value(out_.store, Kind::boolean, at("store"), "true or false");
      case Field::metadata:
        return fields_.value(out_.metadata, Kind::object, at("metadata"), "an object");
      case Field::temperature:
        return fields_.value(out_.temperature, Kind::number, at("temperature"), "a number");
      case Field::top_p:
        return fields_.value(out_.top_p, Kind::number, at("top_p"), "a number");
      case Field::top_logprobs:
        return fields_.value(out_.top_logprobs, Kind::number, at("top_logprobs"), "an integer");
      case Field::service_tier:
        return fields_.value(out_.service_tier, Kind::string, at("service_tier"), "a string");
      case Field::user:
        return fields_.text(out_.user, at("user"));
      case Field::safety_identifier: {
        std::string_view name;
        if (!fields_.text(name, at("safety_identifier"))) return false;
        if (!name.empty()) out_.user = name;  // it replaces `user`, and clients may send both
        return true;
      }
      default:
        return fields_.text(out_.prompt_cache_key, at("prompt_cache_key"));
    }
  }

  bool other(std::string_view key) {
    std::string_view value;
    if (!fields_.value(value)) return false;
    if (key == "background" && value == "true") {
      return fields_.refuse(
          "background: answers in the background are not offered; ask without it, and with stream "
          "for one that takes long",
          "background");
    }
    if (!value.empty()) out_.others.push_back({key, value});
    return true;
  }

  bool max_tokens() {
    json::Reader& json = fields_.json;
    const std::uint32_t begin = json.offset();
    std::string_view raw;
    if (json.kind() == Kind::null) return json.skip();
    const auto where = at("max_output_tokens");
    if (json.kind() != Kind::number) return fields_.refuse_type(where, "a positive integer");
    if (!json.scalar(raw)) return false;
    constexpr std::uint64_t kMost = std::uint64_t{1} << 53;  // what every JSON reader can hold
    const auto number = parse_u64(raw);
    if (!number || *number == 0 || *number > kMost) {
      return fields_.refuse("max_output_tokens must be a positive integer, written in digits",
                            where());
    }
    out_.max_tokens = static_cast<Tokens>(*number);
    out_.max_tokens_value = {begin, json.last_end()};
    return true;
  }

  bool reasoning() {
    if (fields_.json.kind() == Kind::null) return fields_.json.skip();
    if (fields_.json.kind() != Kind::object) {
      return fields_.refuse_type(at("reasoning"), "an object");
    }
    return fields_.json.object([&](std::string_view key) {
      if (key == "effort") {
        std::string_view name;
        if (!fields_.text(name, at("reasoning.effort"))) return false;
        out_.thinking.effort = find_effort(name);
        if (out_.thinking.effort == Effort::none) out_.thinking.toggle = Toggle::off;
        return true;
      }
      if (key != "summary" && key != "generate_summary") return fields_.json.skip();
      if (!fields_.text(out_.thinking.summary_level, at("reasoning.summary"))) return false;
      out_.thinking.summary = !out_.thinking.summary_level.empty();
      return true;
    });
  }

  bool text() {
    if (fields_.json.kind() == Kind::null) return fields_.json.skip();
    if (fields_.json.kind() != Kind::object) return fields_.refuse_type(at("text"), "an object");
    return fields_.json.object([&](std::string_view key) {
      if (key == "verbosity") {
        return fields_.value(out_.verbosity, Kind::string, at("text.verbosity"), "a string");
      }
      return key == "format" ? format() : fields_.json.skip();
    });
  }

  bool format() {
    if (fields_.json.kind() == Kind::null) return fields_.json.skip();
    if (fields_.json.kind() != Kind::object) {
      return fields_.refuse_type(at("text.format"), "an object");
    }
    ResponseFormat& format = out_.format;
    std::string_view type;
    const bool good = fields_.json.object([&](std::string_view key) {
      if (key == "type") return fields_.text(type, at("text.format.type"));
      if (key == "name") return fields_.text(format.name, at("text.format.name"));
      if (key == "strict") return fields_.flag(format.strict, at("text.format.strict"));
      if (key == "description") {
        return fields_.text(format.description, at("text.format.description"));
      }
      if (key == "schema") {
        return fields_.value(format.schema, Kind::object, at("text.format.schema"), "an object");
      }
      return fields_.json.skip();
    });
    if (!good) return false;
    using Format = ResponseFormat::Kind;
    if (type == "text") format.kind = Format::text;
    if (type == "json_object") format.kind = Format::json_object;
    if (type == "json_schema") format.kind = Format::json_schema;
    if (format.kind == Format::unset) {
      return fields_.refuse("text.format.type must be text, json_object or json_schema",
                            "text.format.type");
    }
    return format.kind != Format::json_schema || !format.schema.empty() ||
           fields_.refuse("text.format.schema is missing", "text.format.schema");
  }

  bool include() {
    if (fields_.json.kind() == Kind::null) return fields_.json.skip();
    if (fields_.json.kind() != Kind::array) return fields_.refuse_type(at("include"), "an array");
    const std::uint32_t begin = fields_.json.offset();
    bool more = false;
    const bool good = fields_.json.array([&] {
      std::string_view what;
      if (fields_.json.kind() != Kind::string) return fields_.refuse_type(at("include"), "strings");
      if (!fields_.json.string(what)) return false;
      const bool proof = what == "reasoning.encrypted_content";
      out_.thinking.want_proof = out_.thinking.want_proof || proof;
      more = more || !proof;
      return true;
    });
    if (good && more) out_.others.push_back({"include", fields_.since(begin)});
    return good;
  }

  // {"type":"allowed_tools"} keeps the rest of the tools from the model.
  void keep_allowed_tools() {
    if (allowed_.empty()) return;
    std::erase_if(out_.tools, [this](const Tool& tool) {
      return std::ranges::find(allowed_, tool.name) == allowed_.end();
    });
  }

  [[nodiscard]] bool has_input() const {
    return std::ranges::any_of(out_.turns, [](const Turn& turn) {
      return turn.role != Role::system || turn.place.item != Place::kNone;
    });
  }

  // Whether more of the conversation is with the provider, or with us.
  [[nodiscard]] bool continues() const {
    if (!out_.previous_response_id.empty()) return true;
    const auto elsewhere = [](const Member& member) {
      return member.name == "conversation" || member.name == "prompt";
    };
    const auto reference = [](const Part& part) {
      return part.kind == Part::Kind::other && part.name == "item_reference";
    };
    return std::ranges::any_of(out_.others, elsewhere) ||
           std::ranges::any_of(out_.parts, reference);
  }

  Fields fields_;
  Request out_;
  std::vector<std::string_view> allowed_;
  unsigned seen_ = 0;
};

}  // namespace

Result<Request> read_responses_request(std::string_view body) {
  const auto checked = json::check_text(body);
  if (!checked) return std::unexpected(checked.error());
  json::Reader reader(*checked);
  return Pass(reader, body).run();
}

}  // namespace tidegate::translation
