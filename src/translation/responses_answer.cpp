#include "translation/responses_answer.h"

namespace tidegate::translation {
namespace {

using json::Kind;

// A member that only says something as a string; anything else is passed over.
bool string_or_skip(json::Reader& json, std::string_view& out) {
  return json.kind() == Kind::string ? json.string(out) : json.skip();
}

bool count(json::Reader& json, Tokens& out) {
  std::string_view raw;
  if (json.kind() != Kind::number) return json.skip();
  if (!json.scalar(raw)) return false;
  out = token_count(raw);
  return true;
}

bool read_usage(json::Reader& json, Usage& usage) {
  const auto details = [&](std::string_view key) {
    if (key == "cached_tokens") return count(json, usage.cached);
    if (key == "cache_write_tokens") return count(json, usage.cache_write);
    if (key == "reasoning_tokens") return count(json, usage.reasoning);
    return json.skip();
  };
  return json.object([&](std::string_view key) {
    if (key == "input_tokens") return count(json, usage.prompt);
    if (key == "output_tokens") return count(json, usage.completion);
    const bool nested = key == "input_tokens_details" || key == "output_tokens_details";
    return nested && json.kind() == Kind::object ? json.object(details) : json.skip();
  });
}

void tell(EventSink& sink, Event::Kind kind, std::string_view text) {
  Event event;
  event.kind = kind;
  event.text = text;
  sink.take(event);
}

// Calls `element(type, text, annotations)` for the objects of a list: contents and summaries.
template <class OnElement>
void each_text(std::string_view list, OnElement&& element) {
  if (list.empty()) return;
  json::Reader json = reader_of(list);
  if (json.kind() != Kind::array) return;
  const bool read = json.array([&] {
    if (json.kind() != Kind::object) return json.skip();
    std::string_view type, text, annotations;
    Fields fields(json, list);
    const bool good = json.object([&](std::string_view key) {
      if (key == "type") return string_or_skip(json, type);
      if (key == "text" || key == "refusal") return string_or_skip(json, text);
      if (key == "annotations" && json.kind() == Kind::array) return fields.value(annotations);
      return json.skip();
    });
    if (good) element(type, text, annotations);
    return good;
  });
  static_cast<void>(read);  // its grammar was checked with the whole
}

void tell_citations(std::string_view annotations, EventSink& sink) {
  if (annotations.empty()) return;
  json::Reader json = reader_of(annotations);
  Fields fields(json, annotations);
  const bool read = json.array([&] {
    Event event;
    event.kind = Event::Kind::citation;
    event.name = protocol::name(Surface::responses);
    if (!fields.value(event.text)) return false;
    if (!event.text.empty()) sink.take(event);
    return true;
  });
  static_cast<void>(read);  // its grammar was checked with the whole
}

void tell_message(const OutputItem& item, EventSink& sink) {
  each_text(item.content,
            [&](std::string_view type, std::string_view text, std::string_view annotations) {
              const bool refusal = type == "refusal";
              if (!text.empty()) {
                tell(sink, refusal ? Event::Kind::refusal : Event::Kind::text, text);
              }
              tell_citations(annotations, sink);
            });
}

bool tell_reasoning(std::string_view list, bool summary, EventSink& sink) {
  bool told = false;
  each_text(list, [&](std::string_view, std::string_view text, std::string_view) {
    Event event;
    event.kind = Event::Kind::reasoning;
    event.seal = summary ? Seal::openai_encrypted : Seal::none;
    if (told) {
      event.text = "\\n\\n";
      sink.take(event);
    }
    event.text = text;
    sink.take(event);
    told = true;
  });
  return told;
}

}  // namespace

bool read_response_object(Fields& fields, ResponseObject& out) {
  json::Reader& json = fields.json;
  return json.object([&](std::string_view key) {
    if (key == "id") return string_or_skip(json, out.id);
    if (key == "model") return string_or_skip(json, out.model);
    if (key == "status") return string_or_skip(json, out.status);
    if (key == "error") return fields.value(out.error);
    if (key == "output" && json.kind() == Kind::array) return fields.value(out.output);
    if (key == "usage" && json.kind() == Kind::object) {
      return read_usage(json, out.usage.emplace());
    }
    if (key == "incomplete_details" && json.kind() == Kind::object) {
      return json.object([&](std::string_view inner) {
        return inner == "reason" ? string_or_skip(json, out.incomplete_reason) : json.skip();
      });
    }
    return json.skip();
  });
}

bool read_output_item(Fields& fields, OutputItem& out) {
  json::Reader& json = fields.json;
  if (json.kind() != Kind::object) {
    return fields.refuse_type([] { return std::string("output"); }, "a list of objects");
  }
  return json.object([&](std::string_view key) {
    if (key == "type") return string_or_skip(json, out.type);
    if (key == "id") return string_or_skip(json, out.id);
    if (key == "call_id") return string_or_skip(json, out.call_id);
    if (key == "name") return string_or_skip(json, out.name);
    if (key == "arguments") return string_or_skip(json, out.arguments);
    if (key == "input") return string_or_skip(json, out.input);
    if (key == "encrypted_content") return string_or_skip(json, out.encrypted_content);
    if (key == "content") return fields.value(out.content);
    if (key == "summary") return fields.value(out.summary);
    return json.skip();
  });
}

void begin_item(const OutputItem& item, ItemState& state, std::uint32_t& calls, EventSink& sink) {
  if (state.kind != ItemState::Kind::unknown) return;
  const bool custom = item.type == "custom_tool_call";
  if (item.type == "message") {
    state.kind = ItemState::Kind::message;
  } else if (item.type == "reasoning") {
    state.kind = ItemState::Kind::reasoning;
  } else if (custom || item.type == "function_call") {
    state.kind = ItemState::Kind::call;
    state.index = calls++;
    Event event;
    event.kind = Event::Kind::tool_call;
    event.custom = custom;
    event.index = state.index;
    event.id = item.call_id.empty() ? item.id : item.call_id;
    event.name = item.name;
    sink.take(event);
  } else {
    state.kind = ItemState::Kind::other;  // run by the provider: its results are in the text
  }
}

void tell_item(const OutputItem& item, ItemState& state, std::uint32_t& calls, EventSink& sink) {
  begin_item(item, state, calls, sink);
  switch (state.kind) {
    case ItemState::Kind::message:
      if (!state.said) tell_message(item, sink);
      break;
    case ItemState::Kind::reasoning:
      if (!state.said && !tell_reasoning(item.content, false, sink)) {
        tell_reasoning(item.summary, true, sink);
      }
      if (!item.encrypted_content.empty()) {
        Event event;
        event.kind = Event::Kind::reasoning_seal;
        event.seal = Seal::openai_encrypted;
        event.text = item.encrypted_content;
        event.id = item.id;
        sink.take(event);
      }
      break;
    case ItemState::Kind::call: {
      Event event;
      event.kind = Event::Kind::tool_arguments;
      event.index = state.index;
      event.text = item.type == "custom_tool_call" ? item.input : item.arguments;
      if (!state.said && !event.text.empty()) sink.take(event);
      break;
    }
    default:
      break;
  }
  state.said = true;
}

Result<void> tell_output(std::string_view output, std::uint32_t& calls, EventSink& sink) {
  json::Reader json = reader_of(output);
  Fields fields(json, output);
  const bool good = json.array([&] {
    OutputItem item;
    if (!read_output_item(fields, item)) return false;
    ItemState state;
    tell_item(item, state, calls, sink);
    return true;
  });
  if (!good) return std::unexpected(fields.error());
  return {};
}

bool tell_end(const ResponseObject& response, std::uint32_t calls, EventSink& sink) {
  using protocol::FinishReason;
  const bool failed = response.status == "failed" || response.status == "cancelled";
  if (failed || (!response.error.empty() && response.output.empty())) {
    tell(sink, Event::Kind::error,
         !response.error.empty()
             ? response.error
             : R"({"code":"server_error","message":"the provider's response failed"})");
    return false;
  }
  Event event;
  event.kind = Event::Kind::finish;
  event.finish = calls > 0 ? FinishReason::tool_calls : FinishReason::stop;
  if (response.status == "incomplete") {
    event.finish = FinishReason::other;
    if (response.incomplete_reason == "max_output_tokens") event.finish = FinishReason::length;
    if (response.incomplete_reason == "content_filter") event.finish = FinishReason::content_filter;
  }
  sink.take(event);
  if (response.usage) {
    Event usage;
    usage.kind = Event::Kind::usage;
    usage.usage = *response.usage;
    sink.take(usage);
  }
  tell(sink, Event::Kind::done, {});
  return true;
}

Result<void> read_responses_answer(std::string_view body, const protocol::DialectTable& /*dialect*/,
                                   EventSink& sink) {
  const auto checked = json::check_text(body);
  if (!checked) return std::unexpected(checked.error());
  json::Reader json(*checked);
  Fields fields(json, body);
  ResponseObject response;
  if (json.kind() != Kind::object) {
    return fail(ErrorCode::invalid, "the answer is no JSON object");
  }
  if (!read_response_object(fields, response) || !json.finish()) {
    return std::unexpected(fields.error());
  }
  if (response.output.empty() && response.error.empty()) {
    return fail(ErrorCode::invalid, "the answer has neither output nor error", "output");
  }
  Event start;
  start.id = response.id;
  start.name = response.model;
  sink.take(start);
  std::uint32_t calls = 0;
  if (!response.output.empty()) {
    if (auto told = tell_output(response.output, calls, sink); !told) return told;
  }
  tell_end(response, calls, sink);
  return {};
}

}  // namespace tidegate::translation
