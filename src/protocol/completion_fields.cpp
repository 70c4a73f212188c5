#include "protocol/completion_fields.h"

#include <algorithm>
#include <charconv>

#include "json/checked_text.h"
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

UsageCount usage_count(std::string_view key) {
  if (key == "prompt_tokens") return UsageCount::prompt;
  if (key == "completion_tokens") return UsageCount::completion;
  if (key == "total_tokens") return UsageCount::total;
  if (key == "cached_tokens" || key == "prompt_cache_hit_tokens") return UsageCount::cached;
  if (key == "prompt_cache_miss_tokens") return UsageCount::cache_miss;
  if (key == "cache_write_tokens") return UsageCount::cache_write;
  if (key == "reasoning_tokens") return UsageCount::reasoning;
  return UsageCount::nothing;
}

class Walk {
 public:
  Walk(json::Reader& json, CompletionFields& fields, std::vector<VaryingPart>* varying)
      : json_(json), fields_(fields), varying_(varying) {}

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
      if ((key == "id" || key == "system_fingerprint") && json_.kind() == Kind::string)
        return name();
      if (key == "created" && json_.kind() == Kind::number) return number(UsageCount::nothing);
      if (key == "data") return vectors();
      return json_.skip();
    });
    // vLLM's {"object":"error"}, and {"code","message","data"} of others.
    const bool answers = fields_.has_choices || fields_.vectors != 0;
    fields_.error |= !answers && (object_name == "error" || message);
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
        if (key == "text") return completion();
        return json_.skip();
      });
    });
  }

  bool vectors() {
    if (json_.kind() != Kind::array) return json_.skip();
    return json_.array([&] {
      ++fields_.vectors;
      return json_.skip();
    });
  }

  // Of the legacy surface. An empty one is an answer too: there is nothing to fill in.
  bool completion() {
    if (json_.kind() == Kind::string) fields_.content = true;
    return said(fields_.content);
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
    UsageCounts counts;
    const auto member = [&](auto&& self, std::string_view key, bool top) -> bool {
      if (json_.kind() == Kind::number) return number(usage_count(key), &counts);
      const bool details = key == "prompt_tokens_details" || key == "completion_tokens_details";
      if (top && details && json_.kind() == Kind::object)
        return json_.object([&](std::string_view inner) { return self(self, inner, false); });
      return json_.skip();
    };
    if (!json_.object([&](std::string_view key) { return member(member, key, true); }))
      return false;

    ++fields_.usages;
    fields_.usage = counts.usage();
    return true;
  }

  bool number(UsageCount count, UsageCounts* counts = nullptr) {
    std::string_view raw;
    if (!json_.scalar(raw)) return false;
    note(VaryingPart::Kind::number, raw, count);
    if (counts != nullptr) counts->add(count, token_count(raw));
    return true;
  }

  bool name() {
    std::string_view raw;
    if (!json_.string(raw)) return false;
    note(VaryingPart::Kind::name, raw);
    return true;
  }

  bool text(std::string_view& raw) {
    return json_.kind() == Kind::string ? json_.string(raw) : json_.skip();
  }

  void note_text(std::string_view raw) {
    ++fields_.texts;
    fields_.text = raw;
    note(VaryingPart::Kind::text, raw);
  }

  void note(VaryingPart::Kind kind, std::string_view raw, UsageCount count = UsageCount::nothing) {
    if (varying_ != nullptr) varying_->push_back({raw, kind, count});
  }

  json::Reader& json_;
  CompletionFields& fields_;
  std::vector<VaryingPart>* varying_;
};

}  // namespace

void UsageCounts::add(UsageCount what, Tokens tokens) {
  Tokens& known = tokens_[static_cast<std::size_t>(what)];
  // Where cached tokens stand twice, one of the two may be 0.
  known = what == UsageCount::cached ? std::max(known, tokens) : tokens;
}

Usage UsageCounts::usage() const {
  Usage usage{.prompt = of(UsageCount::prompt),
              .cached = of(UsageCount::cached),
              .cache_write = of(UsageCount::cache_write),
              .completion = of(UsageCount::completion),
              .reasoning = of(UsageCount::reasoning)};
  if (usage.prompt == 0) usage.prompt = usage.cached + of(UsageCount::cache_miss);
  // Voyage says the total of its embeddings alone.
  if (usage.prompt == 0 && usage.completion == 0) usage.prompt = of(UsageCount::total);
  // xAI leaves reasoning out of completion_tokens and counts it in the total only.
  if (usage.reasoning > 0 &&
      of(UsageCount::total) == usage.prompt + usage.completion + usage.reasoning)
    usage.completion += usage.reasoning;
  return usage;
}

Result<CompletionFields> read_completion(std::string_view text, std::vector<VaryingPart>* varying) {
  const Result<json::CheckedText> checked = json::check_text(text);
  if (!checked) return std::unexpected(checked.error());
  json::Reader json(*checked);
  Result<CompletionFields> fields;
  const bool read = Walk(json, *fields, varying).root() && json.finish();
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
