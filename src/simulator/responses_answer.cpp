#include "simulator/responses_answer.h"

#include <algorithm>

#include "json/writer.h"
#include "simulator/named_events.h"
#include "simulator/responses_items.h"
#include "simulator/seal.h"
#include "simulator/text_pieces.h"

namespace tidegate::simulator {
namespace {

using Kind = OutputItem::Kind;

constexpr std::size_t kArgumentBytes = 12;  // of one fragment

enum class Stage : std::uint8_t { added, done };

// What of an item is shown, and how far it is.
struct ItemView {
  Stage stage = Stage::done;
  bool encrypted = false;
  bool summary = false;
};

bool is_cut(const Answer& answer) {
  return answer.finish_reason == "length" || answer.finish_reason == "content_filter";
}

std::string_view status_of(const Answer& answer, const Fault& fault) {
  if (fault.kind == FaultKind::failed) return "failed";
  return is_cut(answer) ? "incomplete" : "completed";
}

void write_part(json::Writer& json, const Answer& answer, std::string_view text) {
  json.begin_object();
  if (!answer.refusal.empty()) {
    json.member("type", "refusal").member("refusal", text).end_object();
    return;
  }
  json.member("type", "output_text").key("annotations").begin_array().end_array();
  json.key("logprobs").begin_array().end_array();
  json.member("text", text).end_object();
}

std::string text_of(const Answer& answer) {
  return answer.refusal.empty() ? join(answer.content) : answer.refusal;
}

// When it begins, an item's reasoning is sealed as far as it is: clients must take the last one.
std::string encrypted(const Answer& answer, Stage stage) {
  return seal(kEncryptedMark, answer.model, "",
              stage == Stage::done ? join(answer.reasoning) : std::string());
}

void write_summary(json::Writer& json, std::string_view text) {
  json.begin_object().member("type", "summary_text").member("text", text).end_object();
}

void write_item(json::Writer& json, const Answer& answer, const OutputItem& item, ItemView view) {
  const bool done = view.stage == Stage::done;
  json.begin_object().member("id", item.id);
  switch (item.kind) {
    case Kind::reasoning:
      json.member("type", "reasoning").key("summary").begin_array();
      if (done && view.summary) write_summary(json, join(answer.reasoning));
      json.end_array();
      if (view.encrypted) json.member("encrypted_content", encrypted(answer, view.stage));
      break;
    case Kind::message:
      json.member("type", "message").member("role", "assistant");
      json.member("status", !done ? "in_progress" : is_cut(answer) ? "incomplete" : "completed");
      json.key("content").begin_array();
      if (done) write_part(json, answer, text_of(answer));
      json.end_array();
      break;
    case Kind::function_call:
      json.member("type", "function_call").member("status", done ? "completed" : "in_progress");
      json.member("call_id", item.call->id).member("name", item.call->name);
      json.member("arguments", done ? item.call->arguments : "");
      break;
    case Kind::custom_call:
      json.member("type", "custom_tool_call").member("status", done ? "completed" : "in_progress");
      json.member("call_id", item.call->id).member("name", item.call->name);
      json.member("input", done ? item.call->arguments : "");
      break;
  }
  json.end_object();
}

void write_usage(json::Writer& json, const Usage& usage) {
  json.begin_object().member("input_tokens", usage.prompt);
  json.key("input_tokens_details").begin_object().member("cached_tokens", usage.cached);
  json.end_object().member("output_tokens", usage.completion);
  json.key("output_tokens_details").begin_object();
  json.member("reasoning_tokens", usage.reasoning).end_object();
  json.member("total_tokens", usage.prompt + usage.completion).end_object();
}

// A member of the request as it was, or `otherwise`.
void write_back(json::Writer& json, const Value& request, std::string_view name,
                std::string_view otherwise) {
  const Value* value = request.find(name);
  json.key(name).raw(value != nullptr ? value->raw : otherwise);
}

void write_response(json::Writer& json, const Answer& answer, const ResponseShape& shape,
                    std::string_view status, const Fault& fault) {
  const Value& request = shape.request;
  const bool over = status != "in_progress";
  const auto seconds = std::chrono::floor<std::chrono::seconds>(shape.created).time_since_epoch();
  json.begin_object().member("id", shape.id).member("object", "response");
  json.member("created_at", seconds.count()).member("status", status);
  json.member("background", false).key("error");
  if (status == "failed") {
    json.begin_object().member("code", "server_error");
    json.member("message", "The model failed to generate a response.").end_object();
  } else {
    json.null();
  }
  json.key("incomplete_details");
  if (status == "incomplete") {
    const bool length = answer.finish_reason == "length";
    json.begin_object().member("reason", length ? "max_output_tokens" : "content_filter");
    json.end_object();
  } else {
    json.null();
  }
  write_back(json, request, "instructions", "null");
  write_back(json, request, "max_output_tokens", "null");
  write_back(json, request, "max_tool_calls", "null");
  json.member("model", answer.model).key("output").begin_array();
  for (const OutputItem& item : shape.items) {
    if (!over || status == "failed") break;
    write_item(json, answer, item, {Stage::done, shape.encrypted, shape.summary});
  }
  json.end_array();
  write_back(json, request, "parallel_tool_calls", "true");
  write_back(json, request, "previous_response_id", "null");
  write_back(json, request, "reasoning", R"({"effort":null,"summary":null})");
  json.member("service_tier", over ? "default" : "auto");
  write_back(json, request, "store", "true");
  write_back(json, request, "temperature", "1.0");
  write_back(json, request, "text", R"({"format":{"type":"text"},"verbosity":"medium"})");
  write_back(json, request, "tool_choice", R"("auto")");
  write_back(json, request, "tools", "[]");
  json.member("top_logprobs", 0);
  write_back(json, request, "top_p", "1.0");
  write_back(json, request, "truncation", R"("disabled")");
  json.key("usage");
  if (over && status != "failed" && fault.kind != FaultKind::no_usage) {
    write_usage(json, answer.usage);
  } else {
    json.null();
  }
  write_back(json, request, "user", "null");
  write_back(json, request, "metadata", "{}");
  json.end_object();
}

// The events of one response.
class Events : public NamedEvents {
 public:
  Events(const Answer& answer, const ResponseShape& shape, const Fault& fault)
      : NamedEvents(true), answer_(answer), shape_(shape), fault_(fault) {}

  void response(std::string_view type, std::string_view status) {
    add(type, [&](json::Writer& json) {
      write_response(json.key("response"), answer_, shape_, status, fault_);
    });
  }
  void item(const OutputItem& item) {
    stage("response.output_item.added", item, Stage::added);
    switch (item.kind) {
      case Kind::reasoning:
        if (shape_.summary) summary(item);
        break;
      case Kind::message:
        message(item);
        break;
      case Kind::function_call:
        arguments(item, "response.function_call_arguments", "arguments");
        break;
      case Kind::custom_call:
        arguments(item, "response.custom_tool_call_input", "input");
        break;
    }
    stage("response.output_item.done", item, Stage::done);
    ++index_;
  }

 private:
  void stage(std::string_view type, const OutputItem& item, Stage stage) {
    add(type, [&](json::Writer& json) {
      json.member("output_index", index_).key("item");
      write_item(json, answer_, item, {stage, shape_.encrypted, shape_.summary});
    });
  }
  // An event about the item's part `kind` ("content_index", "summary_index"; none when empty).
  template <class Write>
  void part(std::string_view type, const OutputItem& item, std::string_view kind, Write&& write) {
    add(type, [&](json::Writer& json) {
      json.member("item_id", item.id).member("output_index", index_);
      if (!kind.empty()) json.member(kind, 0);
      write(json);
    });
  }
  void summary(const OutputItem& item) {
    constexpr std::string_view kIndex = "summary_index";
    const std::string whole = join(answer_.reasoning);
    part("response.reasoning_summary_part.added", item, kIndex,
         [&](json::Writer& json) { write_summary(json.key("part"), ""); });
    for (const std::string& piece : answer_.reasoning) {
      part("response.reasoning_summary_text.delta", item, kIndex,
           [&](json::Writer& json) { json.member("delta", piece); });
    }
    part("response.reasoning_summary_text.done", item, kIndex,
         [&](json::Writer& json) { json.member("text", whole); });
    part("response.reasoning_summary_part.done", item, kIndex,
         [&](json::Writer& json) { write_summary(json.key("part"), whole); });
  }
  void message(const OutputItem& item) {
    constexpr std::string_view kIndex = "content_index";
    const bool refuses = !answer_.refusal.empty();
    const std::string whole = text_of(answer_);
    const std::string type = refuses ? "response.refusal" : "response.output_text";
    part("response.content_part.added", item, kIndex,
         [&](json::Writer& json) { write_part(json.key("part"), answer_, ""); });
    for (const std::string& piece : refuses ? split_pieces(whole) : answer_.content) {
      part(type + ".delta", item, kIndex, [&](json::Writer& json) {
        json.member("delta", piece);
        if (!refuses) json.key("logprobs").begin_array().end_array();
      });
    }
    part(type + ".done", item, kIndex, [&](json::Writer& json) {
      json.member(refuses ? "refusal" : "text", whole);
      if (!refuses) json.key("logprobs").begin_array().end_array();
    });
    part("response.content_part.done", item, kIndex,
         [&](json::Writer& json) { write_part(json.key("part"), answer_, whole); });
  }
  void arguments(const OutputItem& item, const std::string& type, std::string_view member) {
    const std::string_view whole = item.call->arguments;
    for (std::size_t at = 0; at < whole.size(); at += kArgumentBytes) {
      part(type + ".delta", item, "",
           [&](json::Writer& json) { json.member("delta", whole.substr(at, kArgumentBytes)); });
    }
    part(type + ".done", item, "", [&](json::Writer& json) { json.member(member, whole); });
  }

  const Answer& answer_;
  const ResponseShape& shape_;
  const Fault& fault_;
  std::size_t index_ = 0;
};

}  // namespace

std::vector<OutputItem> output_items(const Answer& answer, std::string_view seed,
                                     const std::vector<std::string>& custom) {
  std::vector<OutputItem> items;
  if (!answer.reasoning.empty()) items.push_back({Kind::reasoning, item_id("rs", seed, 0)});
  if (!answer.content.empty() || !answer.refusal.empty()) {
    items.push_back({Kind::message, item_id("msg", seed, items.size())});
  }
  for (const ToolCall& call : answer.tool_calls) {
    const bool is_custom = std::ranges::find(custom, call.name) != custom.end();
    items.push_back({is_custom ? Kind::custom_call : Kind::function_call,
                     item_id(is_custom ? "ctc" : "fc", seed, items.size()), &call});
  }
  return items;
}

std::string response_body(const Answer& answer, const ResponseShape& shape, const Fault& fault) {
  std::string body;
  json::Writer json(body);
  write_response(json, answer, shape, status_of(answer, fault), fault);
  return body;
}

std::vector<std::string> response_events(const Answer& answer, const ResponseShape& shape,
                                         const Fault& fault) {
  Events events(answer, shape, fault);
  events.response("response.created", "in_progress");
  events.response("response.in_progress", "in_progress");
  for (const OutputItem& item : shape.items) events.item(item);
  const std::string_view status = status_of(answer, fault);
  if (fault.kind != FaultKind::no_done) {
    events.response("response." + std::string(status), status);
  }
  return events.take();
}

std::string stored_item(const Answer& answer, const OutputItem& item) {
  std::string text;
  json::Writer json(text);
  write_item(json, answer, item, {Stage::done, true, true});
  return text;
}

}  // namespace tidegate::simulator
