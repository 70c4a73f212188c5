#include "translation/chat_request.h"

#include "base/text.h"
#include "translation/chat_messages.h"
#include "translation/chat_thinking.h"
#include "translation/chat_tools.h"

namespace tidegate::translation {
namespace {

using json::Kind;

// Members that are carried as they are, if their type is one of these.
struct Plain {
  std::string_view name;
  std::string_view Request::* field;
  std::array<Kind, 2> kinds;
  std::string_view expected;
};
constexpr std::array kNumber = {Kind::number, Kind::number};
constexpr std::array kFlag = {Kind::boolean, Kind::boolean};
constexpr std::array kText = {Kind::string, Kind::string};
constexpr std::array kObject = {Kind::object, Kind::object};
constexpr Plain kPlain[] = {
    {"temperature", &Request::temperature, kNumber, "a number"},
    {"top_p", &Request::top_p, kNumber, "a number"},
    {"top_k", &Request::top_k, kNumber, "a number"},
    {"stop", &Request::stop, {Kind::string, Kind::array}, "a string or an array of strings"},
    {"seed", &Request::seed, kNumber, "an integer"},
    {"n", &Request::n, kNumber, "an integer"},
    {"frequency_penalty", &Request::frequency_penalty, kNumber, "a number"},
    {"presence_penalty", &Request::presence_penalty, kNumber, "a number"},
    {"logprobs", &Request::logprobs, {Kind::boolean, Kind::number}, "true or false"},
    {"top_logprobs", &Request::top_logprobs, kNumber, "an integer"},
    {"logit_bias", &Request::logit_bias, kObject, "an object"},
    {"service_tier", &Request::service_tier, kText, "a string"},
    {"metadata", &Request::metadata, kObject, "an object"},
    {"store", &Request::store, kFlag, "true or false"},
    {"verbosity", &Request::verbosity, kText, "a string"},
    {"prediction", &Request::prediction, kObject, "an object"},
};

class RequestReader {
 public:
  explicit RequestReader(Walk& walk) : walk_(walk), request_(walk.request) {}

  bool read() {
    if (!walk_.is(Kind::object)) return walk_.refuse_type("the body", "a JSON object");
    request_.members_begin = walk_.json.offset() + 1;
    if (!walk_.object([this](std::string_view key) { return member(key); })) return false;
    if (!walk_.json.finish()) return false;
    if (request_.model_value.empty()) return walk_.refuse_missing("model");
    if (request_.turns.empty()) {
      if (std::ranges::find(seen_, "messages") == seen_.end())
        return walk_.refuse_missing("messages");
      return walk_.refuse("messages must hold at least one message", "messages");
    }
    return settle_chat_tools(walk_);
  }

 private:
  bool member(std::string_view key) {
    if (std::ranges::find(seen_, key) != seen_.end())
      return walk_.refuse(fmt::format("{} is given twice, send it once", key), std::string(key));
    seen_.push_back(key);

    const auto here = [key] { return std::string(key); };
    if (key == "messages") return read_chat_messages(walk_);
    if (key == "model") return model();
    if (key == "stream") return stream();
    if (key == "stream_options") return stream_options();
    if (key == "max_tokens" || key == "max_completion_tokens") return max_tokens(key);
    if (key == "tools") return read_chat_tools(walk_);
    if (key == "functions") return read_chat_functions(walk_);
    if (key == "tool_choice" || key == "function_call") return read_chat_tool_choice(walk_, key);
    if (key == "parallel_tool_calls") return walk_.flag(request_.parallel_tool_calls, here);
    if (key == "response_format") return read_chat_format(walk_);
    if (key == "user" || key == "user_id") return walk_.text(request_.user, here);
    if (key == "prompt_cache_key") return walk_.text(request_.prompt_cache_key, here);
    if (is_chat_thinking(key)) return read_chat_thinking(walk_, key);
    for (const Plain& plain : kPlain) {
      if (key == plain.name) return carry(plain);
    }
    std::string_view raw;
    if (!walk_.value(raw)) return false;
    request_.others.push_back({key, raw});
    return true;
  }

  bool carry(const Plain& plain) {
    if (walk_.is(Kind::null)) return walk_.json.skip();
    if (std::ranges::find(plain.kinds, walk_.json.kind()) == plain.kinds.end())
      return walk_.refuse_type(std::string(plain.name), plain.expected);
    if (!walk_.value(request_.*plain.field)) return false;
    if (plain.name == "n" && request_.n != "1")
      return walk_.refuse("n must be 1 for a model of another API", "n");
    return true;
  }

  [[nodiscard]] Range since(std::uint32_t begin) const { return {begin, walk_.json.last_end()}; }

  bool model() {
    if (!walk_.is(Kind::string)) return walk_.refuse_type("model", "a string");
    const std::uint32_t begin = walk_.json.offset();
    if (!walk_.json.string(request_.model)) return false;
    request_.model_value = since(begin);
    if (request_.model.find('\\') != std::string_view::npos)
      return walk_.refuse("model must be a name without escapes", "model");
    return true;
  }

  bool stream() {
    std::optional<bool> flag;
    const std::uint32_t begin = walk_.json.offset();
    if (!walk_.flag(flag, [] { return std::string("stream"); })) return false;
    request_.stream = flag.value_or(false);
    request_.stream_value = since(begin);
    return true;
  }

  bool stream_options() {
    if (walk_.is(Kind::null)) return walk_.json.skip();
    if (!walk_.is(Kind::object)) return walk_.refuse_type("stream_options", "an object");
    return walk_.object([this](std::string_view key) {
      if (key != "include_usage") return walk_.json.skip();
      std::optional<bool> flag;
      if (!walk_.flag(flag, [] { return std::string("stream_options.include_usage"); }))
        return false;
      request_.include_usage = flag.value_or(false);
      return true;
    });
  }

  // Of both names, the newer one counts.
  bool max_tokens(std::string_view key) {
    if (walk_.is(Kind::null)) return walk_.json.skip();
    if (!walk_.is(Kind::number)) return walk_.refuse_type(std::string(key), "a positive integer");
    const std::uint32_t begin = walk_.json.offset();
    std::string_view raw;
    if (!walk_.json.scalar(raw)) return false;
    constexpr std::uint64_t kMost = std::uint64_t{1} << 53;
    const auto number = parse_u64(raw);
    if (!number || *number == 0 || *number > kMost)
      return walk_.refuse(fmt::format("{} must be a positive integer, written in digits", key),
                          std::string(key));
    if (request_.max_tokens && key == "max_tokens") return true;
    request_.max_tokens = static_cast<Tokens>(*number);
    request_.max_tokens_value = since(begin);
    return true;
  }

  Walk& walk_;
  Request& request_;
  std::vector<std::string_view> seen_;
};

}  // namespace

Result<Request> read_chat_request(std::string_view body) {
  const auto checked = json::check_text(body);
  if (!checked) return std::unexpected(checked.error());
  Result<Request> request;
  request->surface = Surface::chat;
  request->body = body;
  json::Reader reader(*checked);
  Walk walk(reader, *request);
  if (RequestReader(walk).read()) return request;
  if (reader.is_malformed()) return std::unexpected(reader.error());
  return std::unexpected(std::move(walk.error));
}

}  // namespace tidegate::translation
