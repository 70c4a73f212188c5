#include "translation/responses_object.h"

#include <fmt/format.h>

#include "json/escape.h"
#include "translation/responses_fields.h"
#include "translation/responses_members.h"

namespace tidegate::translation {
namespace {

void text_or_null(Members& members, std::string_view name, std::string_view raw) {
  raw.empty() ? members.value(name, "null") : members.text(name, raw);
}
void value_or(Members& members, std::string_view name, std::string_view json,
              std::string_view otherwise) {
  members.value(name, json.empty() ? otherwise : json);
}

void tools(std::string& out, Members& members, const Request& request) {
  members.key("tools") += '[';
  Commas commas;
  for (const Tool& tool : request.tools) {
    if (tool.raw.empty()) continue;
    commas.next(out);
    out += tool.raw;
  }
  out += ']';
}

void tool_choice(std::string& out, Members& members, const Request& request) {
  using Choice = ToolChoice::Kind;
  const ToolChoice& choice = request.tool_choice;
  members.key("tool_choice");
  if (!choice.raw.empty()) {
    out += choice.raw;
  } else {
    out += choice.kind == Choice::none       ? "\"none\""
           : choice.kind == Choice::required ? "\"required\""
                                             : "\"auto\"";
  }
}

void text(std::string& out, Members& members, const Request& request) {
  using Format = ResponseFormat::Kind;
  const ResponseFormat& format = request.format;
  members.key("text");
  Members text(out);
  text.key("format");
  Members inner(out);
  if (format.kind == Format::json_schema) {
    inner.text("type", "json_schema");
    inner.text("name", format.name);
    text_or_null(inner, "description", format.description);
    inner.value("schema", format.schema);
    inner.flag("strict", format.strict.value_or(false));
  } else {
    inner.text("type", format.kind == Format::json_object ? "json_object" : "text");
  }
  inner.end();
  value_or(text, "verbosity", request.verbosity, "\"medium\"");
  text.end();
}

void instructions(std::string& out, Members& members, const Request& request) {
  const Turn* first = request.turns.empty() ? nullptr : &request.turns.front();
  const bool given = first != nullptr && first->role == Role::system && first->parts == 1 &&
                     first->place.item == Place::kNone;
  members.key("instructions");
  if (given) {
    out.append("\"").append(request.begin(*first)->text).append("\"");
  } else {
    out += "null";
  }
}

void settings(std::string& out, Members& members, const Request& request) {
  instructions(out, members, request);
  if (request.max_tokens) {
    members.value("max_output_tokens", fmt::format_int(*request.max_tokens).c_str());
  } else {
    members.value("max_output_tokens", "null");
  }
  value_or(members, "metadata", request.metadata, "{}");
  members.flag("parallel_tool_calls", request.parallel_tool_calls.value_or(true));
  text_or_null(members, "previous_response_id", request.previous_response_id);
  text_or_null(members, "prompt_cache_key", request.prompt_cache_key);
  members.key("reasoning");
  Members reasoning(out);
  text_or_null(reasoning, "effort", effort_name(request.thinking.effort));
  text_or_null(reasoning, "summary", request.thinking.summary_level);
  reasoning.end();
  value_or(members, "service_tier", request.service_tier, "\"default\"");
  value_or(members, "store", request.store, "true");
  value_or(members, "temperature", request.temperature, "1.0");
  text(out, members, request);
  tool_choice(out, members, request);
  tools(out, members, request);
  value_or(members, "top_logprobs", request.top_logprobs, "0");
  value_or(members, "top_p", request.top_p, "1.0");
  members.text("truncation", "disabled");
  text_or_null(members, "user", request.user);
}

void usage(std::string& out, const Usage& usage) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"input_tokens":{},"input_tokens_details":{{"cached_tokens":{}}},)"
                 R"("output_tokens":{},"output_tokens_details":{{"reasoning_tokens":{}}},)"
                 R"("total_tokens":{}}})",
                 usage.prompt, usage.cached, usage.completion, usage.reasoning,
                 usage.prompt + usage.completion);
}

}  // namespace

void append_response_id(std::string& out, const AnswerContext& context) {
  out.append("resp_").append(context.id);
}

std::string response_settings(const Request* request) {
  static const Request kNone;
  std::string out;
  Members members(out);
  settings(out, members, request == nullptr ? kNone : *request);
  return out.substr(1);
}

void append_response(std::string& out, const AnswerContext& context, std::string_view settings,
                     const ResponseState& state) {
  Members members(out);
  members.key("id") += '"';
  append_response_id(out, context);
  out += '"';
  members.text("object", "response");
  members.value("created_at", fmt::format_int(context.created).c_str());
  members.text("status", state.status);
  members.flag("background", false);
  members.key("error");
  if (state.error_code.empty()) {
    out += "null";
  } else {
    out.append(R"({"code":")").append(state.error_code).append(R"(","message":")");
    json::append_escaped(out, state.error_message);
    out += "\"}";
  }
  members.key("incomplete_details");
  if (state.incomplete_reason.empty()) {
    out += "null";
  } else {
    out.append(R"({"reason":")").append(state.incomplete_reason).append(R"("})");
  }
  members.text("model", context.model);
  out.append(",").append(settings);
  members.key("output").append("[").append(state.output).append("]");
  members.key("usage");
  state.usage == nullptr ? out += "null" : (usage(out, *state.usage), out);
  members.end();
}

}  // namespace tidegate::translation
