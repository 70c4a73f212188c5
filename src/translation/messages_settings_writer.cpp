#include "translation/messages_settings_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "json/checked_text.h"
#include "json/escape.h"
#include "json/reader.h"
#include "translation/messages_ids.h"
#include "translation/messages_thinking.h"
#include "translation/one_input.h"
#include "translation/schema_instruction.h"

namespace tidegate::translation::messages {
namespace {

std::optional<double> number(std::string_view json) {
  double value = 0;
  const auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), value);
  if (error != std::errc{} || end != json.data() + json.size()) return std::nullopt;
  return value;
}

bool lacks_type(std::string_view schema) {
  const auto checked = json::check_text(schema);
  if (!checked) return false;
  json::Reader reader(*checked);
  bool said = false;
  const bool read = reader.object([&](std::string_view key) {
    said = said || key == "type";
    return reader.skip();
  });
  return read && !said;
}

// Anthropic wants the type of a tool's arguments said ("tools.0.custom.input_schema.type: Field
// required"), which the others take for granted.
std::string object_schema(std::string_view schema) {
  constexpr std::string_view kType = R"({"type":"object")";
  if (schema.empty()) return std::string(kType) + R"(,"properties":{}})";
  if (!schema.starts_with('{') || !lacks_type(schema)) return std::string(schema);
  schema.remove_prefix(1);
  const bool empty = schema.find_first_not_of(" \t\r\n") == schema.rfind('}');
  return fmt::format("{}{}{}", kType, empty ? "" : ",", schema);
}

class SettingsWriter {
 public:
  SettingsWriter(const Request& request, const protocol::DialectTable& dialect,
                 const ModelRules& rules, std::string& out, Notes& notes)
      : request_(request),
        dialect_(dialect),
        rules_(rules),
        out_(out),
        notes_(notes),
        plan_(plan_thinking(request, dialect, rules, notes)) {}

  Result<void> run() {
    if (const auto n = number(request_.n); n && *n > 1) {
      return fail(ErrorCode::invalid, "n must be 1: the provider gives one answer to a request",
                  "n");
    }
    raw("max_tokens", fmt::to_string(plan_.max_tokens));
    if (request_.stream) raw("stream", "true");
    if (!plan_.member.empty()) raw("thinking", plan_.member);
    write_output_config();
    write_sampling();
    write_rest();
    write_tools();
    write_tool_choice();
    note_dropped();
    return {};
  }

 private:
  void raw(std::string_view name, std::string_view json) {
    out_.append(",\"").append(name).append("\":").append(json);
  }
  void text(std::string_view name, std::string_view raw_string) {
    out_.append(",\"").append(name).append("\":\"").append(raw_string).append("\"");
  }

  [[nodiscard]] bool writes_schema() const {
    return request_.format.kind == ResponseFormat::Kind::json_schema &&
           !needs_instruction(request_.format, dialect_, rules_);
  }

  void write_output_config() {
    const std::string_view effort = plan_.effort;
    const bool schema = writes_schema();
    if (effort.empty() && !schema) return;
    out_ += R"(,"output_config":{)";
    if (!effort.empty()) out_.append(R"("effort":")").append(effort).append("\"");
    if (schema) {
      if (!effort.empty()) out_ += ',';
      const std::string_view given = request_.format.schema;
      out_.append(R"("format":{"type":"json_schema","schema":)");
      out_.append(given.empty() ? R"({"type":"object"})" : given).append("}");
    }
    out_ += '}';
  }

  void write_sampling() {
    const bool thinks = plan_.thinks;
    const auto temperature = number(request_.temperature);
    bool temperature_sent = false;
    if (temperature) {
      if (!rules_.sampling || (thinks && *temperature != 1)) {
        if (*temperature != 1) notes_.add("temperature dropped");
      } else if (*temperature > 1) {
        raw("temperature", "1");
        notes_.add("temperature -> 1");
        temperature_sent = true;
      } else {
        raw("temperature", request_.temperature);
        temperature_sent = true;
      }
    }
    if (const auto top_p = number(request_.top_p)) {
      const bool refused = !rules_.sampling || (thinks && *top_p < 0.95) ||
                           (temperature_sent && rules_.either_of_sampling);
      if (!refused) {
        raw("top_p", request_.top_p);
      } else if (*top_p != 1) {
        notes_.add("top_p dropped");
      }
    }
    if (number(request_.top_k)) {
      if (!rules_.sampling || thinks) {
        notes_.add("top_k dropped");
      } else {
        raw("top_k", request_.top_k);
      }
    }
  }

  void write_rest() {
    const std::string_view stop = request_.stop;
    if (stop.starts_with('"')) {
      out_.append(R"(,"stop_sequences":[)").append(stop).append("]");
    } else if (stop.starts_with('[')) {
      raw("stop_sequences", stop);
    }
    if (!request_.user.empty()) {
      out_.append(R"(,"metadata":{"user_id":")").append(request_.user).append(R"("})");
    }
    const std::string_view tier = request_.service_tier;
    if (tier == R"("auto")" || tier == R"("standard_only")") {
      raw("service_tier", tier);
    } else if (tier == R"("default")") {
      raw("service_tier", R"("standard_only")");
    } else if (!tier.empty() && tier != "null") {
      notes_.add("service_tier dropped");
    }
    for (const Member& member : request_.others) {
      if (request_.surface == Surface::messages) {
        raw(member.name, member.json);
      } else {
        notes_.add(fmt::format("{} dropped", member.name));
      }
    }
  }

  void write_tools() {
    for (const Tool& tool : request_.tools) {
      if (tool.hosted && request_.surface != Surface::messages) {
        notes_.add(fmt::format("tool of type {} dropped", tool.type));
        continue;
      }
      out_ += tools_written_++ == 0 ? R"(,"tools":[)" : ",";
      tool.hosted ? static_cast<void>(out_ += tool.raw) : write_tool(tool);
    }
    if (tools_written_ != 0) out_ += ']';
  }

  void write_tool(const Tool& tool) {
    out_ += R"({"name":")";
    if (!is_wire_id(tool.name)) notes_.add("tool name encoded");
    append_wire_id(out_, tool.name);
    out_ += '"';
    if (!tool.description.empty()) text("description", tool.description);
    if (tool.custom) {
      notes_.add("custom tool -> function with one input");
      raw("input_schema", kOneInput);
    } else {
      raw("input_schema", object_schema(tool.schema));
    }
    if (tool.strict.value_or(false)) {
      if (rules_.json_schema) {
        raw("strict", "true");
      } else {
        notes_.add("strict dropped");
      }
    }
    if (!tool.cache_control.empty()) raw("cache_control", tool.cache_control);
    out_ += '}';
  }

  void write_tool_choice() {
    using Kind = ToolChoice::Kind;
    ToolChoice choice = request_.tool_choice;
    if (tools_written_ == 0) {
      if (choice.kind == Kind::required || choice.kind == Kind::named) {
        notes_.add("tool_choice dropped: no tools are left");
      }
      return;
    }
    const bool known = std::ranges::any_of(request_.tools, [&](const Tool& tool) {
      return tool.name == choice.name && (!tool.hosted || request_.surface == Surface::messages);
    });
    const bool forced = choice.kind == Kind::required || choice.kind == Kind::named;
    const bool refused = plan_.thinks && !dialect_.forced_tool_when_thinking;
    if ((forced && refused) || (choice.kind == Kind::named && !known)) {
      choice.kind = Kind::automatic;
      notes_.add("tool_choice -> auto");
    }
    const bool alone = request_.parallel_tool_calls == false && choice.kind != Kind::none;
    if (choice.kind == Kind::unset && !alone) return;
    out_ += R"(,"tool_choice":{"type":")";
    switch (choice.kind) {
      case Kind::unset:
      case Kind::automatic:
        out_ += "auto\"";
        break;
      case Kind::none:
        out_ += "none\"";
        break;
      case Kind::required:
        out_ += "any\"";
        break;
      case Kind::named:
        out_ += R"(tool","name":")";
        append_wire_id(out_, choice.name);
        out_ += '"';
        break;
    }
    if (alone) out_ += R"(,"disable_parallel_tool_use":true)";
    out_ += '}';
  }

  void note_dropped() {
    const auto note = [&](std::string_view name, std::string_view json) {
      if (!json.empty() && json != "null" && json != "false" && json != "{}") {
        notes_.add(fmt::format("{} dropped", name));
      }
    };
    const auto penalty = [&](std::string_view name, std::string_view json) {
      if (number(json).value_or(0) != 0) note(name, json);
    };
    note("seed", request_.seed);
    penalty("frequency_penalty", request_.frequency_penalty);
    penalty("presence_penalty", request_.presence_penalty);
    note("logprobs", request_.logprobs);
    note("top_logprobs", request_.top_logprobs);
    note("logit_bias", request_.logit_bias);
    note("metadata", request_.metadata);
    note("store", request_.store);
    note("verbosity", request_.verbosity);
    note("prediction", request_.prediction);
    if (!request_.prompt_cache_key.empty()) notes_.add("prompt_cache_key dropped");
  }

  const Request& request_;
  const protocol::DialectTable& dialect_;
  const ModelRules& rules_;
  std::string& out_;
  Notes& notes_;
  const ThinkingPlan plan_;
  std::size_t tools_written_ = 0;
};

}  // namespace

Result<void> write_settings(const Request& request, const protocol::DialectTable& dialect,
                            const ModelRules& rules, std::string& out, Notes& notes) {
  return SettingsWriter(request, dialect, rules, out, notes).run();
}

bool needs_instruction(const ResponseFormat& format, const protocol::DialectTable& dialect,
                       const ModelRules& rules) {
  using Kind = ResponseFormat::Kind;
  return format.kind == Kind::json_object ||
         (format.kind == Kind::json_schema && !(dialect.json_schema && rules.json_schema));
}

std::string format_instruction(const Request& request, const protocol::DialectTable& dialect,
                               const ModelRules& rules, Notes& notes) {
  const ResponseFormat& format = request.format;
  if (!needs_instruction(format, dialect, rules)) return {};
  if (format.kind == ResponseFormat::Kind::json_object) {
    notes.add("response_format json_object -> instruction");
    return "Answer with one json object and nothing else, no text or code fence around it.";
  }
  notes.add("json_schema -> instruction");
  return json::escape(schema_instruction(format.schema));
}

}  // namespace tidegate::translation::messages
