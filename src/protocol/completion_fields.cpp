#include "protocol/completion_fields.h"

#include <algorithm>
#include <charconv>

#include "json/reader.h"

namespace tidegate::protocol {
namespace {

using json::Kind;

FinishReason finish_reason(std::string_view raw) {
  if (raw == "stop") return FinishReason::stop;
  if (raw == "length") return FinishReason::length;
  if (raw == "tool_calls" || raw == "function_call") return FinishReason::tool_calls;
  if (raw == "content_filter") return FinishReason::content_filter;
  if (raw == "insufficient_system_resource") return FinishReason::insufficient_system_resource;
  if (raw == "aborted" || raw == "error") return FinishReason::aborted;
  return FinishReason::other;
}

// Counts of tokens as providers send them: integers, now and then "12.0". Nonsense counts as 0.
Tokens token_count(std::string_view number) {
  Tokens whole = 0;
  std::size_t digits = 0;
  for (; digits < number.size() && number[digits] >= '0' && number[digits] <= '9'; ++digits) {
    if (digits == 15) return 0;
    whole = whole * 10 + (number[digits] - '0');
  }
  if (digits == number.size()) return whole;
  constexpr double kMax = 1e15;
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  return error == std::errc() && value > 0 && value < kMax ? static_cast<Tokens>(value) : 0;
}

class Walk {
 public:
  Walk(json::Reader& json, CompletionFields& fields) : json_(json), fields_(fields) {}

  bool root() {
    std::string_view object_name;
    bool message = false;
    const bool read = json_.object([&](std::string_view key) {
      if (key == "choices") return choices();
      if (key == "usage") return usage();
      if (key == "model") return text(fields_.model);
      if (key == "obfuscation") return text(fields_.obfuscation);
      if (key == "object") return text(object_name);
      if (key == "error") fields_.error = fields_.error || json_.kind() != Kind::null;
      if (key == "message") message = true;
      return json_.skip();
    });
    // vLLM's {"object":"error"}, and {"code","message","data"} of others.
    fields_.error |= !fields_.has_choices && (object_name == "error" || message);
    return read;
  }

 private:
  bool choices() {
    if (json_.kind() != Kind::array) return json_.skip();
    fields_.has_choices = true;
    return json_.array([&] {
      ++fields_.choices;
      if (json_.kind() != Kind::object) return json_.skip();
      return json_.object([&](std::string_view key) {
        if (key == "delta" || key == "message") return message();
        if (key == "finish_reason") return finish();
        if (key == "usage") return usage();  // Kimi's place for it
        return json_.skip();
      });
    });
  }

  bool message() {
    if (json_.kind() != Kind::object) return json_.skip();
    return json_.object([&](std::string_view key) {
      if (key == "content" || key == "refusal" || key == "audio") return said(fields_.content);
      if (key == "reasoning_content" || key == "reasoning" || key == "reasoning_details")
        return said(fields_.reasoning);
      if (key == "tool_calls") return tool_calls();
      if (key == "function_call" && json_.kind() == Kind::object) {
        fields_.tool_calls = std::max(fields_.tool_calls, 1u);
        return function();
      }
      if (key == "role") fields_.role = true;
      return json_.skip();
    });
  }

  bool finish() {
    std::string_view raw;
    if (!text(raw)) return false;
    if (!raw.empty()) fields_.finish = finish_reason(raw);
    return true;
  }

  // A value that counts when it is a string, array or object that is not empty.
  bool said(bool& flag) {
    switch (json_.kind()) {
      case Kind::string: {
        std::string_view raw;
        if (!json_.string(raw)) return false;
        if (!raw.empty()) {
          flag = true;
          note_text(raw);
        }
        return true;
      }
      case Kind::array:
        return json_.array([&] {
          flag = true;
          fields_.texts += 2;  // not the one text that a pattern may have
          return json_.skip();
        });
      case Kind::object:
        flag = true;
        fields_.texts += 2;
        return json_.skip();
      default:
        return json_.skip();
    }
  }

  bool tool_calls() {
    if (json_.kind() != Kind::array) return json_.skip();
    std::uint32_t position = 0;
    return json_.array([&] {
      std::uint32_t index = position++;
      if (json_.kind() != Kind::object) return json_.skip();
      const bool read = json_.object([&](std::string_view key) {
        if (key == "index" && json_.kind() == Kind::number) {
          std::string_view number;
          if (!json_.scalar(number)) return false;
          index = static_cast<std::uint32_t>(std::min<Tokens>(token_count(number), 100'000));
          return true;
        }
        if (key == "id") return tool_call_id();
        if (key == "function" && json_.kind() == Kind::object) return function();
        return json_.skip();
      });
      fields_.tool_calls = std::max(fields_.tool_calls, index + 1);
      return read;
    });
  }

  bool tool_call_id() {
    std::string_view id;
    if (!text(id)) return false;
    if (!id.empty() && fields_.tool_call_ids < fields_.tool_call_id.size())
      fields_.tool_call_id[fields_.tool_call_ids++] = id;
    return true;
  }

  bool function() {
    return json_.object([&](std::string_view key) {
      std::string_view arguments;
      if (key != "arguments") return json_.skip();
      if (!text(arguments)) return false;
      if (!arguments.empty()) note_text(arguments);
      return true;
    });
  }

  // OpenAI's names; DeepSeek's cache hit and miss beside the details and, in newer answers, inside
  // them (fact sheet 1.5); Kimi's cached_tokens beside them; OpenRouter's cache_write_tokens.
  bool usage() {
    if (json_.kind() != Kind::object) return json_.skip();
    Usage usage;
    Tokens total = 0;
    Tokens miss = 0;
    const auto count = [&](std::string_view key, std::string_view number) {
      const Tokens tokens = token_count(number);
      if (key == "prompt_tokens") usage.prompt = tokens;
      if (key == "completion_tokens") usage.completion = tokens;
      if (key == "total_tokens") total = tokens;
      if (key == "cached_tokens" || key == "prompt_cache_hit_tokens")
        usage.cached = std::max(usage.cached, tokens);
      if (key == "prompt_cache_miss_tokens") miss = tokens;
      if (key == "cache_write_tokens") usage.cache_write = tokens;
      if (key == "reasoning_tokens") usage.reasoning = tokens;
    };
    const auto member = [&](auto&& self, std::string_view key, bool top) -> bool {
      std::string_view number;
      if (json_.kind() == Kind::number) {
        if (!json_.scalar(number)) return false;
        count(key, number);
        return true;
      }
      const bool details = key == "prompt_tokens_details" || key == "completion_tokens_details";
      if (top && details && json_.kind() == Kind::object)
        return json_.object([&](std::string_view inner) { return self(self, inner, false); });
      return json_.skip();
    };
    if (!json_.object([&](std::string_view key) { return member(member, key, true); }))
      return false;

    if (usage.prompt == 0) usage.prompt = usage.cached + miss;
    // xAI leaves reasoning out of completion_tokens and counts it in the total only.
    if (usage.reasoning > 0 && total == usage.prompt + usage.completion + usage.reasoning)
      usage.completion += usage.reasoning;
    fields_.usage = usage;
    return true;
  }

  bool text(std::string_view& raw) {
    return json_.kind() == Kind::string ? json_.string(raw) : json_.skip();
  }

  void note_text(std::string_view raw) {
    ++fields_.texts;
    fields_.text = raw;
  }

  json::Reader& json_;
  CompletionFields& fields_;
};

}  // namespace

Result<CompletionFields> read_completion(json::Parser& parser, std::string_view text) {
  const Result<json::Tokens> tokens = parser.tokenize(text);
  if (!tokens) return std::unexpected(tokens.error());
  json::Reader json(*tokens);
  Result<CompletionFields> fields;
  const bool read = Walk(json, *fields).root() && json.finish();
  if (!read) fields = std::unexpected(json.error());
  return fields;
}

void merge(const CompletionFields& fields, std::string_view text, Answer& answer) {
  constexpr std::size_t kMaxName = 256;
  if (!fields.model.empty() && answer.model != fields.model)
    answer.model = fields.model.substr(0, kMaxName);
  if (fields.usage) answer.usage = fields.usage;
  if (fields.finish != FinishReason::none) answer.finish = fields.finish;
  answer.content |= fields.content;
  answer.reasoning |= fields.reasoning;
  if (fields.error) answer.error = text.substr(0, Answer::kMaxErrorBytes);

  // Some providers repeat the id on every chunk, some send no index: distinct ids and the highest
  // index both count.
  auto& ids = answer.tool_call_ids;
  for (std::uint32_t i = 0; i < fields.tool_call_ids && ids.size() < Answer::kMaxToolCallIds; ++i) {
    const std::string_view id = fields.tool_call_id[i].substr(0, kMaxName);
    if (std::ranges::find(ids, id) == ids.end()) ids.emplace_back(id);
  }
  answer.tool_calls =
      std::max({answer.tool_calls, fields.tool_calls, static_cast<std::uint32_t>(ids.size())});
}

}  // namespace tidegate::protocol
