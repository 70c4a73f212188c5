#include "translation/chat_request_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "json/reader.h"
#include "translation/chat_message_writer.h"
#include "translation/chat_text.h"
#include "translation/chat_thinking.h"
#include "translation/chat_tool_writer.h"
#include "translation/schema_instruction.h"

namespace tidegate::translation {
namespace {

constexpr std::string_view kTemplateKwargs = "chat_template_kwargs";

// What the client asks for, in the config's words, which the tables know. A budget alone is a
// level: Anthropic's and OpenRouter's own layers translate levels by shares like these.
config::Thinking level(const Thinking& thinking, const protocol::DialectTable& dialect) {
  if (thinking.toggle == Toggle::off) return config::Thinking::off;
  switch (thinking.effort) {
    case Effort::none:
      return thinking.toggle == Toggle::on ? config::Thinking::high : config::Thinking::off;
    case Effort::minimal:
    case Effort::low:
      return config::Thinking::low;
    case Effort::medium:
      return config::Thinking::medium;
    case Effort::high:
      return config::Thinking::high;
    case Effort::xhigh:
      return dialect.xhigh;
    case Effort::max:
      return config::Thinking::max;
    case Effort::unset:
      break;
  }
  constexpr Tokens kLow = 4096, kMedium = 16384;
  if (thinking.budget) {
    if (*thinking.budget == 0) return config::Thinking::off;
    if (*thinking.budget <= kLow) return config::Thinking::low;
    return *thinking.budget <= kMedium ? config::Thinking::medium : config::Thinking::high;
  }
  return thinking.toggle == Toggle::on ? config::Thinking::high : config::Thinking::unset;
}

class RequestWriter {
 public:
  RequestWriter(const Request& request, const protocol::DialectTable& dialect, std::string& out,
                Notes& notes)
      : request_(request), dialect_(dialect), out_(out), notes_(notes) {}

  Result<void> run(std::string_view wire_model) {
    out_.reserve(out_.size() + request_.body.size() + 4096);
    out_ += R"({"model":")";
    json::append_escaped(out_, wire_model);
    out_ += "\",\"messages\":";
    if (auto written = write_chat_messages(request_, dialect_, instruction(), out_, notes_);
        !written)
      return written;
    write_chat_tools(request_, dialect_, out_, notes_);
    prefix();
    format();
    settings();
    thinking();
    stream();
    others();
    out_ += '}';
    return {};
  }

 private:
  [[nodiscard]] bool from_chat() const { return request_.surface == Surface::chat; }

  std::string instruction() {
    if (request_.format.kind != ResponseFormat::Kind::json_schema || dialect_.json_schema)
      return {};
    notes_.add("json_schema -> json_object");
    return json::escape(schema_instruction(request_.format.schema));
  }

  void prefix() {
    const bool marked = !request_.turns.empty() && request_.turns.back().prefix;
    if (marked && !dialect_.prefix.members.empty()) (out_ += ',') += dialect_.prefix.members;
  }

  void format() {
    const ResponseFormat& format = request_.format;
    switch (format.kind) {
      case ResponseFormat::Kind::unset:
      case ResponseFormat::Kind::text:
        return;
      case ResponseFormat::Kind::json_schema:
        if (dialect_.json_schema) break;
        [[fallthrough]];
      case ResponseFormat::Kind::json_object:
        out_ += R"(,"response_format":{"type":"json_object"})";
        return;
    }
    out_ += R"(,"response_format":{"type":"json_schema","json_schema":{"name":)";
    append_raw(out_, format.name.empty() ? "answer" : format.name);
    if (!format.description.empty()) append_text(out_, "description", format.description);
    append_value(out_, "schema", format.schema);
    if (format.strict) append_value(out_, "strict", *format.strict ? "true" : "false");
    out_ += "}}";
  }

  void carry(std::string_view name, std::string_view json) {
    if (!json.empty()) append_value(out_, name, json);
  }

  // What only OpenAI takes: its own client has chosen it, others may not know that they did.
  void carry_extra(std::string_view name, std::string_view json, bool text = false) {
    if (json.empty()) return;
    if (!dialect_.openai_extras && !from_chat()) {
      notes_.add(fmt::format("{} dropped", name));
    } else if (text) {
      append_text(out_, name, json);
    } else {
      append_value(out_, name, json);
    }
  }

  void settings() {
    if (request_.max_tokens)
      append_value(out_, dialect_.max_tokens_key, fmt::to_string(*request_.max_tokens));
    carry("temperature", request_.temperature);
    carry("top_p", request_.top_p);
    if (dialect_.top_k || from_chat()) {
      carry("top_k", request_.top_k);
    } else if (!request_.top_k.empty()) {
      notes_.add("top_k dropped");
    }
    carry("stop", request_.stop);
    carry("seed", request_.seed);
    carry("n", request_.n);
    carry("frequency_penalty", request_.frequency_penalty);
    carry("presence_penalty", request_.presence_penalty);
    carry("logprobs", request_.logprobs);
    if (request_.surface != Surface::responses) {
      carry("top_logprobs", request_.top_logprobs);
    } else if (!request_.top_logprobs.empty() && request_.top_logprobs != "0") {
      notes_.add("top_logprobs dropped");  // they come in a place that its answers lack
    }
    carry("logit_bias", request_.logit_bias);
    carry_extra("service_tier", request_.service_tier);
    carry_extra("metadata", request_.metadata);
    if (request_.store != "false") carry_extra("store", request_.store);  // nobody else keeps any
    carry_extra("verbosity", request_.verbosity);
    carry_extra("prediction", request_.prediction);
    carry_extra("prompt_cache_key", request_.prompt_cache_key, true);
    user();
  }

  // DeepSeek's user_id: [a-zA-Z0-9_-], at most 512 (fact sheet 1.2).
  void user() {
    if (request_.user.empty()) return;
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '-';
    };
    constexpr std::size_t kMost = 512;
    if (dialect_.user_key == "user_id" &&
        (request_.user.size() > kMost || !std::ranges::all_of(request_.user, fits))) {
      notes_.add("user dropped: no valid user_id");
      return;
    }
    append_text(out_, dialect_.user_key, request_.user);
  }

  void thinking() {
    const config::Thinking wanted = level(request_.thinking, dialect_);
    const std::string_view members = protocol::thinking_members(dialect_, wanted);
    if (wanted != config::Thinking::unset && members.empty())
      notes_.add(fmt::format("thinking control dropped: {} has none", dialect_.name));
    const auto kwargs = std::ranges::find(request_.others, kTemplateKwargs, &Member::name);
    const bool ours = members.contains(kTemplateKwargs);
    if (!members.empty()) {
      out_ += ',';
      out_ += members;
    }
    if (kwargs == request_.others.end() || !from_chat()) return;
    if (!ours) {
      append_key(out_, kTemplateKwargs);
      out_ += '{';
    } else {
      out_.pop_back();
    }
    // What the client said of thinking is in the members before.
    json::Reader reader(json::CheckedText{kwargs->json});
    const std::size_t begin = out_.size();
    (void)reader.object([&](std::string_view key) {
      const std::uint32_t at = reader.offset();
      if (!reader.skip()) return false;
      if (is_thinking_kwarg(key)) return true;
      append_value(out_, key, kwargs->json.substr(at, reader.last_end() - at));
      return true;
    });
    if (!ours && out_.size() > begin) out_.erase(begin, 1);  // the first comma
    out_ += '}';
  }

  void stream() {
    if (!request_.stream) return;
    out_ += R"(,"stream":true)";
    if (dialect_.include_usage) out_ += R"(,"stream_options":{"include_usage":true})";
  }

  void others() {
    for (const Member& member : request_.others) {
      if (!from_chat()) {
        notes_.add(fmt::format("{} dropped", member.name));
      } else if (member.name != kTemplateKwargs) {
        append_key(out_, json::escape(member.name));
        out_ += member.json;
      }
    }
  }

  const Request& request_;
  const protocol::DialectTable& dialect_;
  std::string& out_;
  Notes& notes_;
};

}  // namespace

Result<void> write_chat_request(const Request& request, const protocol::DialectTable& dialect,
                                std::string_view wire_model, std::string& out, Notes& notes) {
  return RequestWriter(request, dialect, out, notes).run(wire_model);
}

}  // namespace tidegate::translation
