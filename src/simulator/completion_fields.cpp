#include "simulator/completion_fields.h"

namespace tidegate::simulator {

void write_head(json::Writer& json, const Answer& answer, std::string_view object,
                WallTime created) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(created).time_since_epoch();
  json.member("id", answer.id).member("object", object).member("created", seconds.count());
  json.member("model", answer.model).member("system_fingerprint", answer.fingerprint);
  if (answer.provider == Provider::openai) json.member("service_tier", "default");
}

void write_usage(json::Writer& json, const Answer& answer) {
  const Usage& usage = answer.usage;
  json.key("usage").begin_object();
  json.member("prompt_tokens", usage.prompt).member("completion_tokens", usage.completion);
  json.member("total_tokens", usage.prompt + usage.completion);
  json.key("prompt_tokens_details").begin_object().member("cached_tokens", usage.cached);
  if (answer.provider == Provider::openai) json.member("audio_tokens", 0);
  json.end_object();
  json.key("completion_tokens_details").begin_object();
  json.member("reasoning_tokens", usage.reasoning).end_object();
  if (answer.provider == Provider::deepseek) {
    json.member("prompt_cache_hit_tokens", usage.cached);
    json.member("prompt_cache_miss_tokens", usage.prompt - usage.cached);
  }
  json.end_object();
}

}  // namespace tidegate::simulator
