#include <algorithm>
#include <array>
#include <utility>

#include "simulator/chat_profile.h"
#include "simulator/completion.h"
#include "simulator/completion_fields.h"

namespace tidegate::simulator {
namespace {

constexpr std::size_t kArgumentBytes = 12;  // of one fragment

// Appends events to `events`; one object per stream.
class Events {
 public:
  Events(const Answer& answer, UsagePlace usage, WallTime created)
      : answer_(answer), usage_(usage), created_(created) {}

  // An event whose delta write_delta(json) fills.
  template <class WriteDelta>
  void delta(WriteDelta&& write_delta, bool last = false) {
    add(true, last, last && usage_.last_chunk, write_delta);
  }
  void usage_only() {
    add(false, false, true, [](json::Writer&) {});
  }
  void done() { events_.emplace_back("data: [DONE]\n\n"); }
  std::vector<std::string> take() { return std::move(events_); }

 private:
  template <class WriteDelta>
  void add(bool choice, bool last, bool with_usage, WriteDelta&& write_delta) {
    std::string event = "data: ";
    json::Writer json(event);
    json.begin_object();
    write_head(json, answer_, "chat.completion.chunk", created_);
    json.key("choices").begin_array();
    if (choice) {
      json.begin_object().member("index", 0).key("delta").begin_object();
      write_delta(json);
      json.end_object().key("logprobs").null().key("finish_reason");
      last ? json.value(answer_.finish_reason) : json.null();
      json.end_object();
    }
    json.end_array();
    if (with_usage) {
      write_usage(json, answer_);
    } else if (usage_.last_chunk || usage_.own_chunk) {
      json.key("usage").null();
    }
    if (events_.empty() && !answer_.echo.empty()) json.key("echo").raw(answer_.echo);
    json.end_object();
    event += "\n\n";
    events_.push_back(std::move(event));
  }

  const Answer& answer_;
  const UsagePlace usage_;
  const WallTime created_;
  std::vector<std::string> events_;
};

void add_reasoning(Events& events, const Answer& answer) {
  const ChatProfile& profile = profile_of(answer.provider);
  if (!answer.thinking) return;
  for (std::size_t i = 0; i < answer.reasoning.size(); ++i) {
    const std::string& piece = answer.reasoning[i];
    events.delta([&](json::Writer& json) {
      json.key("content").null();
      write_reasoning(json, answer, piece);
      if (profile.reasoning_details) {
        write_reasoning_details(json, answer, piece, i + 1 == answer.reasoning.size());
      }
    });
  }
}

void add_texts(Events& events, const Answer& answer) {
  const ChatProfile& profile = profile_of(answer.provider);
  events.delta([&](json::Writer& json) {
    json.member("role", "assistant").key("content");
    // A thinking model has no content yet; others begin with an empty one.
    if (answer.thinking) {
      json.null();
      write_reasoning(json, answer, "");
    } else {
      json.value("");
    }
    if (profile.openai_extras) json.key("refusal").null();
  });
  add_reasoning(events, answer);
  for (const std::string& piece : answer.content) {
    events.delta([&](json::Writer& json) {
      json.member("content", piece);
      if (answer.thinking) json.key(profile.reasoning_out).null();
    });
  }
  if (!answer.refusal.empty()) {
    events.delta([&](json::Writer& json) { json.member("refusal", answer.refusal); });
  }
}

void write_call(json::Writer& json, const Answer& answer, std::size_t index, const ToolCall* start,
                std::string_view arguments) {
  json.key("tool_calls").begin_array().begin_object().member("index", index);
  if (start) json.member("id", start->id).member("type", "function");
  json.key("function").begin_object();
  if (start) json.member("name", start->name);
  json.member("arguments", arguments).end_object();
  if (start && index == 0 && profile_of(answer.provider).thought_signatures) {
    write_signature(json, answer);
  }
  json.end_object().end_array();
}

// Parallel calls interleave: a fragment of each in turn.
void add_tool_calls(Events& events, const Answer& answer) {
  std::size_t longest = 0;
  for (std::size_t i = 0; i < answer.tool_calls.size(); ++i) {
    const ToolCall& call = answer.tool_calls[i];
    events.delta([&](json::Writer& json) { write_call(json, answer, i, &call, ""); });
    longest = std::max(longest, call.arguments.size());
  }
  for (std::size_t at = 0; at < longest; at += kArgumentBytes) {
    for (std::size_t i = 0; i < answer.tool_calls.size(); ++i) {
      const std::string_view arguments = answer.tool_calls[i].arguments;
      if (at >= arguments.size()) continue;
      events.delta([&](json::Writer& json) {
        write_call(json, answer, i, nullptr, arguments.substr(at, kArgumentBytes));
      });
    }
  }
}

}  // namespace

std::vector<std::string> stream_events(const Answer& answer, bool include_usage, const Fault& fault,
                                       WallTime created) {
  const UsagePlace usage = place_usage(answer.provider, include_usage, fault.kind);
  Events events(answer, usage, created);
  add_texts(events, answer);
  add_tool_calls(events, answer);
  events.delta(
      [&](json::Writer& json) {
        const ChatProfile& profile = profile_of(answer.provider);
        if (profile.cache_counts) json.member("content", "");
        if (answer.thinking) json.key(profile.reasoning_out).null();
      },
      true);
  if (usage.own_chunk) events.usage_only();
  if (fault.kind != FaultKind::no_done) events.done();
  return events.take();
}

}  // namespace tidegate::simulator
