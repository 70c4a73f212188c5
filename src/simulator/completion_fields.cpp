#include "simulator/completion_fields.h"

#include "simulator/chat_profile.h"
#include "simulator/messages_rules.h"
#include "simulator/seal.h"
#include "simulator/text_pieces.h"

namespace tidegate::simulator {

namespace {

std::string_view details_format(std::string_view upstream) {
  if (upstream == "anthropic") return "anthropic-claude-v1";
  if (upstream == "google") return "google-gemini-v1";
  return upstream == "openai" ? "openai-responses-v1" : "unknown";
}

}  // namespace

UsagePlace place_usage(Provider provider, bool include_usage, FaultKind fault) {
  switch (fault) {
    case FaultKind::usage_only_chunk:
      return {.own_chunk = true};
    case FaultKind::usage_last_chunk:
      return {.last_chunk = true};
    case FaultKind::usage_both:
      return {.last_chunk = true, .own_chunk = true};
    case FaultKind::no_usage:
      return {};
    default:
      break;
  }
  if (profile_of(provider).usage_on_last_chunk) return {.last_chunk = true};
  return {.own_chunk = include_usage};
}

void write_head(json::Writer& json, const Answer& answer, std::string_view object,
                WallTime created) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(created).time_since_epoch();
  json.member("id", answer.id).member("object", object).member("created", seconds.count());
  json.member("model", answer.model).member("system_fingerprint", answer.fingerprint);
  if (profile_of(answer.provider).openai_extras) json.member("service_tier", "default");
}

void write_reasoning(json::Writer& json, const Answer& answer, std::string_view text) {
  json.member(profile_of(answer.provider).reasoning_out, text);
}

void write_reasoning_details(json::Writer& json, const Answer& answer, std::string_view text,
                             bool last) {
  const std::string_view upstream = upstream_of(answer.model);
  const std::string whole = join(answer.reasoning);
  json.key("reasoning_details").begin_array().begin_object();
  if (upstream == "google" || upstream == "openai") {
    json.member("type", "reasoning.encrypted").member("id", "rs_" + answer.id.substr(9));
    json.member("data", seal(kThoughtMark, answer.model, "", whole));
  } else {
    json.member("type", "reasoning.text").member("text", text);
    if (last && upstream == "anthropic") {
      json.member("signature", seal(kSignatureMark, answer.model, whole, whole));
    }
  }
  json.member("format", details_format(upstream));
  json.member("index", 0).end_object().end_array();
}

void write_signature(json::Writer& json, const Answer& answer) {
  json.key("extra_content").begin_object().key("google").begin_object();
  json.member("thought_signature", seal(kThoughtMark, answer.model, "", join(answer.reasoning)));
  json.end_object().end_object();
}

void write_usage(json::Writer& json, const Answer& answer) {
  const Usage& usage = answer.usage;
  json.key("usage").begin_object();
  json.member("prompt_tokens", usage.prompt).member("completion_tokens", usage.completion);
  json.member("total_tokens", usage.prompt + usage.completion);
  json.key("prompt_tokens_details").begin_object().member("cached_tokens", usage.cached);
  if (profile_of(answer.provider).openai_extras) json.member("audio_tokens", 0);
  json.end_object();
  json.key("completion_tokens_details").begin_object();
  json.member("reasoning_tokens", usage.reasoning).end_object();
  if (profile_of(answer.provider).cache_counts) {
    json.member("prompt_cache_hit_tokens", usage.cached);
    json.member("prompt_cache_miss_tokens", usage.prompt - usage.cached);
  }
  json.end_object();
}

}  // namespace tidegate::simulator
