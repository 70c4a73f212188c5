#include <fmt/format.h>

#include <algorithm>

#include "json/escape.h"
#include "translation/responses_fields.h"
#include "translation/responses_items_writer.h"
#include "translation/responses_members.h"
#include "translation/responses_request.h"

namespace tidegate::translation {
namespace {

constexpr Tokens kLeastMaxTokens = 16;  // 400 "Expected a value >= 16"

class RequestWriter {
 public:
  RequestWriter(const Request& request, const protocol::DialectTable& dialect, std::string& out,
                Notes& notes)
      : request_(request), dialect_(dialect), out_(out), notes_(notes), body_(out) {}

  Result<void> write(std::string_view wire_model) {
    if (!request_.n.empty() && request_.n != "1") {
      return fail(ErrorCode::invalid, "n must be 1: the Responses API gives one answer", "n");
    }
    body_.key("model") += '"';
    json::append_escaped(out_, wire_model);
    out_ += '"';
    const std::size_t first = leading_instructions(request_);
    instructions(first);
    if (first < request_.turns.size()) {
      body_.key("input");
      if (auto items = write_items(request_, first, dialect_, out_, notes_); !items) return items;
    }
    tools();
    tool_choice();
    thinking();
    text();
    settings();
    state();
    drop_the_rest();
    body_.end();
    return {};
  }

 private:
  [[nodiscard]] bool ours() const { return request_.surface == Surface::responses; }

  void instructions(std::size_t turns) {
    if (turns == 0) return;
    body_.key("instructions") += '"';
    bool more = false;
    for (std::size_t i = 0; i < turns; ++i) {
      const Turn& turn = request_.turns[i];
      for (const Part* part = request_.begin(turn); part != request_.end(turn); ++part) {
        if (more) out_ += "\\n\\n";
        more = true;
        out_ += part->text;
        if (!part->cache_control.empty()) notes_.add("cache_control dropped");
      }
    }
    out_ += '"';
  }

  [[nodiscard]] bool takes(const Tool& tool) const {
    return !tool.hosted || (ours() && !dialect_.only_function_tools);
  }

  void tools() {
    bool any = false;
    for (const Tool& tool : request_.tools) {
      if (!takes(tool)) {
        notes_.add(fmt::format("tool {} dropped", tool.type.empty() ? tool.name : tool.type));
        continue;
      }
      any ? out_ += ',' : body_.key("tools") += '[';
      any = true;
      if (ours() && (tool.hosted || tool.custom)) {
        out_ += tool.raw;
      } else {
        write_tool(tool);
      }
    }
    if (any) out_ += ']';
    has_tools_ = any;
  }

  void write_tool(const Tool& tool) {
    if (!tool.cache_control.empty()) notes_.add("cache_control dropped");
    Members members(out_);
    members.text("type", tool.custom ? "custom" : "function");
    members.text("name", tool.name);
    members.text_if("description", tool.description);
    if (tool.custom) {
      if (tool.raw.find("\"grammar\"") != std::string_view::npos) {
        notes_.add("grammar of a custom tool dropped");
      }
    } else {
      members.value("parameters",
                    tool.schema.empty() ? R"({"type":"object","properties":{}})" : tool.schema);
      // Strict is what is not said here, and not strict what is not said elsewhere.
      if (tool.strict || !ours()) members.flag("strict", tool.strict.value_or(false));
    }
    members.end();
  }

  void tool_choice() {
    using Choice = ToolChoice::Kind;
    const ToolChoice& choice = request_.tool_choice;
    if (!has_tools_ && !request_.tools.empty()) {
      if (choice.kind == Choice::required || choice.kind == Choice::named) {
        notes_.add("tool_choice dropped: no tools are left");
      }
      return;
    }
    if (request_.parallel_tool_calls) {
      body_.flag("parallel_tool_calls", *request_.parallel_tool_calls);
    }
    if (choice.kind == Choice::automatic) body_.text("tool_choice", "auto");
    if (choice.kind == Choice::none) body_.text("tool_choice", "none");
    if (choice.kind == Choice::required) body_.text("tool_choice", "required");
    if (choice.kind != Choice::named) return;
    const auto tool = std::ranges::find_if(request_.tools, [&](const Tool& one) {
      return takes(one) && (one.name == choice.name || (one.hosted && one.type == choice.name));
    });
    if (tool == request_.tools.end()) {
      notes_.add("tool_choice dropped: its tool is not there");
      return;
    }
    body_.key("tool_choice");
    if (tool->hosted) {
      out_ += choice.raw;
      return;
    }
    Members members(out_);
    members.text("type", tool->custom ? "custom" : "function");
    members.text("name", choice.name);
    members.end();
  }

  [[nodiscard]] Effort effort() {
    const Thinking& thinking = request_.thinking;
    if (thinking.toggle == Toggle::off) return Effort::none;
    if (thinking.effort != Effort::unset || !thinking.budget) return thinking.effort;
    notes_.add("thinking budget became an effort");
    if (*thinking.budget <= 4096) return Effort::low;
    return *thinking.budget <= 16384 ? Effort::medium : Effort::high;
  }

  // Encrypted reasoning is asked for where the model thinks: others refuse the wish.
  [[nodiscard]] bool wants_proof() const {
    const Thinking& thinking = request_.thinking;
    if (thinking.want_proof) return true;
    if (ours() || thinking.toggle == Toggle::off || thinking.effort == Effort::none) return false;
    if (thinking.toggle == Toggle::on || thinking.effort != Effort::unset) return true;
    return std::ranges::any_of(
        request_.parts, [](const Part& part) { return part.seal == Seal::openai_encrypted; });
  }

  void thinking() {
    const Thinking& thinking = request_.thinking;
    const std::string_view name = effort_name(effort());
    const bool shows =
        request_.surface == Surface::messages && thinking.toggle == Toggle::on && !thinking.hide;
    if (name.empty() && !thinking.summary && !shows) return;
    body_.key("reasoning");
    Members members(out_);
    members.text_if("effort", name);
    if (thinking.summary || shows) {
      members.text("summary", thinking.summary_level.empty() ? "auto" : thinking.summary_level);
    }
    members.end();
  }

  void text() {
    using Format = ResponseFormat::Kind;
    const ResponseFormat& format = request_.format;
    if (format.kind == Format::unset && request_.verbosity.empty()) return;
    body_.key("text");
    Members text(out_);
    if (format.kind != Format::unset) {
      text.key("format");
      Members members(out_);
      if (format.kind == Format::text) members.text("type", "text");
      if (format.kind == Format::json_object) members.text("type", "json_object");
      if (format.kind == Format::json_schema) {
        members.text("type", "json_schema");
        members.text("name", format.name.empty() ? "answer" : format.name);
        members.text_if("description", format.description);
        members.value("schema", format.schema);
        if (format.strict) members.flag("strict", *format.strict);
      }
      members.end();
    }
    text.value_if("verbosity", request_.verbosity);
    text.end();
  }

  void settings() {
    if (request_.max_tokens) {
      if (*request_.max_tokens < kLeastMaxTokens) notes_.add("max_output_tokens raised to 16");
      body_.value("max_output_tokens",
                  fmt::format_int(std::max(*request_.max_tokens, kLeastMaxTokens)).c_str());
    }
    body_.value_if("temperature", request_.temperature);
    body_.value_if("top_p", request_.top_p);
    body_.text_if("user", request_.user);
    body_.text_if("prompt_cache_key", request_.prompt_cache_key);
    if (request_.stream) body_.flag("stream", true);
    // Of Anthropic's clients these have other words and members.
    if (request_.surface == Surface::messages) return;
    body_.value_if("service_tier", request_.service_tier);
    body_.value_if("metadata", request_.metadata);
  }

  // Clients of other surfaces send their whole history, so the provider need not keep any.
  void state() {
    if (ours()) {
      body_.value_if("store", request_.store);
      body_.text_if("previous_response_id", request_.previous_response_id);
      body_.value_if("top_logprobs", request_.top_logprobs);
    } else {
      if (request_.store == "true") notes_.add("store dropped");
      body_.flag("store", false);
    }
    include();
    for (const Member& member : request_.others) {
      if (!ours()) {
        notes_.add(fmt::format("{} dropped", member.name));
      } else if (member.name != "include") {
        body_.value(member.name, member.json);
      }
    }
  }

  void include() {
    constexpr std::string_view kProof = "\"reasoning.encrypted_content\"";
    const auto sent =
        std::ranges::find(request_.others, std::string_view("include"), &Member::name);
    if (ours() && sent != request_.others.end()) {
      body_.value("include", sent->json);  // holds the wish for proofs, if there was one
    } else if (wants_proof()) {
      body_.key("include").append("[").append(kProof).append("]");
    }
  }

  void drop_the_rest() {
    const auto drop = [this](std::string_view json, std::string_view name) {
      const bool says = !json.empty() && json != "[]" && json != "{}" && json != "0" &&
                        json != "0.0" && json != "false";
      if (says) notes_.add(fmt::format("{} dropped", name));
    };
    drop(request_.top_k, "top_k");
    drop(request_.stop, "stop");
    if (!request_.seed.empty()) notes_.add("seed dropped");
    drop(request_.frequency_penalty, "frequency_penalty");
    drop(request_.presence_penalty, "presence_penalty");
    drop(request_.logprobs, "logprobs");
    drop(request_.logit_bias, "logit_bias");
    drop(request_.prediction, "prediction");
    if (request_.surface == Surface::messages) drop(request_.service_tier, "service_tier");
  }

  const Request& request_;
  const protocol::DialectTable& dialect_;
  std::string& out_;
  Notes& notes_;
  Members body_;
  bool has_tools_ = false;
};

}  // namespace

Result<void> write_responses_request(const Request& request, const protocol::DialectTable& dialect,
                                     std::string_view wire_model, std::string& out, Notes& notes) {
  out.reserve(out.size() + request.body.size() + request.body.size() / 8 + 512);
  return RequestWriter(request, dialect, out, notes).write(wire_model);
}

}  // namespace tidegate::translation
