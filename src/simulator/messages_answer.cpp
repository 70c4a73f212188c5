#include "simulator/messages_answer.h"

#include "json/writer.h"
#include "simulator/messages_rules.h"
#include "simulator/named_events.h"
#include "simulator/seal.h"
#include "simulator/text_pieces.h"

namespace tidegate::simulator {
namespace {

constexpr std::size_t kArgumentBytes = 12;  // of one fragment

std::string_view stop_reason(const Answer& answer) {
  if (!answer.stop_sequence.empty()) return "stop_sequence";
  if (answer.finish_reason == "tool_calls") return "tool_use";
  if (answer.finish_reason == "length") return "max_tokens";
  if (answer.finish_reason == "content_filter" || !answer.refusal.empty()) return "refusal";
  return "end_turn";
}

bool has_thinking(const Answer& answer) { return !answer.reasoning.empty(); }

std::string signature_of(const Answer& answer, ThinkingShape shape) {
  const std::string thought = join(answer.reasoning);
  return seal(kSignatureMark, answer.model, shape.hidden ? "" : thought, thought);
}

std::string redacted_data(const Answer& answer) {
  return seal(kRedactedMark, answer.model, "", join(answer.reasoning));
}

void write_usage(json::Writer& json, const Usage& usage, Tokens output) {
  json.key("usage").begin_object();
  json.member("input_tokens", usage.prompt - usage.cached - usage.cache_write);
  json.member("cache_creation_input_tokens", usage.cache_write);
  json.member("cache_read_input_tokens", usage.cached);
  json.key("cache_creation").begin_object();
  json.member("ephemeral_5m_input_tokens", usage.cache_write);
  json.member("ephemeral_1h_input_tokens", 0).end_object();
  json.member("output_tokens", output).member("service_tier", "standard").end_object();
}

void write_stop(json::Writer& json, const Answer& answer) {
  json.member("stop_reason", stop_reason(answer)).key("stop_sequence");
  answer.stop_sequence.empty() ? json.null() : json.value(answer.stop_sequence);
}

// The events of one message's blocks, one after the other.
class Events : public NamedEvents {
 public:
  Events() : NamedEvents(false) {}
  template <class Write>
  void open(Write&& write_block) {
    add("content_block_start", [&](json::Writer& json) {
      json.member("index", index_).key("content_block").begin_object();
      write_block(json);
      json.end_object();
    });
    // The real API sends one behind the first block's start.
    if (index_ == 0) add("ping");
  }
  void delta(std::string_view type, std::string_view member, std::string_view text) {
    add("content_block_delta", [&](json::Writer& json) {
      json.member("index", index_).key("delta").begin_object();
      json.member("type", type).member(member, text).end_object();
    });
  }
  void close() {
    add("content_block_stop", [&](json::Writer& json) { json.member("index", index_); });
    ++index_;
  }

 private:
  std::size_t index_ = 0;
};

void add_thinking(Events& events, const Answer& answer, ThinkingShape shape) {
  if (!has_thinking(answer)) return;
  if (shape.redacted) {
    events.open([&](json::Writer& json) {
      json.member("type", "redacted_thinking").member("data", redacted_data(answer));
    });
    events.close();
    return;
  }
  events.open([](json::Writer& json) {
    json.member("type", "thinking").member("thinking", "").member("signature", "");
  });
  if (!shape.hidden) {
    for (const std::string& piece : answer.reasoning) {
      events.delta("thinking_delta", "thinking", piece);
    }
  }
  events.delta("signature_delta", "signature", signature_of(answer, shape));
  events.close();
}

void add_calls(Events& events, const Answer& answer) {
  for (const ToolCall& call : answer.tool_calls) {
    events.open([&](json::Writer& json) {
      json.member("type", "tool_use").member("id", call.id).member("name", call.name);
      json.key("input").begin_object().end_object();
    });
    // The first fragment is empty, and the only one of a call without arguments.
    events.delta("input_json_delta", "partial_json", "");
    const std::string_view arguments =
        call.arguments == "{}" ? std::string_view() : std::string_view(call.arguments);
    for (std::size_t at = 0; at < arguments.size(); at += kArgumentBytes) {
      events.delta("input_json_delta", "partial_json", arguments.substr(at, kArgumentBytes));
    }
    events.close();
  }
}

}  // namespace

std::string message_body(const Answer& answer, ThinkingShape shape) {
  std::string body;
  json::Writer json(body);
  json.begin_object().member("id", answer.id).member("type", "message");
  json.member("role", "assistant").member("model", answer.model);
  json.key("content").begin_array();
  if (has_thinking(answer) && shape.redacted) {
    json.begin_object().member("type", "redacted_thinking");
    json.member("data", redacted_data(answer)).end_object();
  } else if (has_thinking(answer)) {
    json.begin_object().member("type", "thinking");
    json.member("thinking", shape.hidden ? "" : join(answer.reasoning));
    json.member("signature", signature_of(answer, shape)).end_object();
  }
  if (!answer.content.empty()) {
    json.begin_object().member("type", "text").member("text", join(answer.content)).end_object();
  }
  for (const ToolCall& call : answer.tool_calls) {
    json.begin_object().member("type", "tool_use").member("id", call.id);
    json.member("name", call.name).key("input").raw(call.arguments).end_object();
  }
  json.end_array();
  write_stop(json, answer);
  write_usage(json, answer.usage, answer.usage.completion);
  json.end_object();
  return body;
}

std::vector<std::string> message_events(const Answer& answer, ThinkingShape shape,
                                        const Fault& fault) {
  Events events;
  events.add("message_start", [&](json::Writer& json) {
    json.key("message").begin_object().member("id", answer.id).member("type", "message");
    json.member("role", "assistant").member("model", answer.model);
    json.key("content").begin_array().end_array();
    json.key("stop_reason").null().key("stop_sequence").null();
    write_usage(json, answer.usage, 1);
    json.end_object();
  });
  add_thinking(events, answer, shape);
  if (!answer.content.empty()) {
    events.open([](json::Writer& json) { json.member("type", "text").member("text", ""); });
    for (const std::string& piece : answer.content) events.delta("text_delta", "text", piece);
    events.close();
  }
  add_calls(events, answer);
  events.add("message_delta", [&](json::Writer& json) {
    json.key("delta").begin_object();
    write_stop(json, answer);
    json.end_object();
    if (fault.kind != FaultKind::no_usage) {
      write_usage(json, answer.usage, answer.usage.completion);
    }
  });
  if (fault.kind != FaultKind::no_done) events.add("message_stop");
  return events.take();
}

}  // namespace tidegate::simulator
