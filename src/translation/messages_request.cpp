// Reads the body of POST /v1/messages.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bitset>

#include "base/text.h"
#include "translation/messages_count.h"
#include "translation/messages_parts.h"
#include "translation/messages_settings.h"
#include "translation/messages_turns.h"
#include "translation/messages_walk.h"

namespace tidegate::translation::messages {
namespace {

using json::Kind;

// The top-level members that we know; a second one of the same name is refused, as the provider
// might read the other one.
constexpr std::array<std::string_view, 16> kKnown = {
    "model",          "messages",    "system",        "max_tokens",    "stream",   "tools",
    "tool_choice",    "thinking",    "output_config", "output_format", "metadata", "service_tier",
    "stop_sequences", "temperature", "top_p",         "top_k"};

class RequestReader {
 public:
  RequestReader(std::string_view body, bool counts_only)
      : walk_(body), turns_(walk_, out_), counts_only_(counts_only) {
    out_.surface = Surface::messages;
    out_.body = body;
  }

  Result<Request> run() {
    if (walk_.kind() != Kind::object) {
      if (walk_.reader().skip()) {
        return fail(ErrorCode::invalid, "the body must be a JSON object");
      }
      return std::unexpected(walk_.error());
    }
    const std::uint32_t begin = walk_.reader().offset();
    out_.members_begin = begin + 1;
    const bool good = walk_.object({}, {}, [this](std::string_view key) { return member(key); }) &&
                      walk_.reader().finish() && complete();
    if (!good) return std::unexpected(walk_.error());
    return std::move(out_);
  }

 private:
  bool complete() {
    for (const std::string_view needed : {"model", "messages", "max_tokens"}) {
      if (counts_only_ && needed == "max_tokens") continue;
      if (!seen(needed)) return walk_.refuse({}, needed, "is missing");
    }
    return turns_.finish();
  }

  static std::size_t index(std::string_view key) {
    return static_cast<std::size_t>(std::ranges::find(kKnown, key) - kKnown.begin());
  }
  [[nodiscard]] bool seen(std::string_view key) const { return seen_.test(index(key)); }

  bool member(std::string_view key) {
    const std::size_t i = index(key);
    if (i == kKnown.size()) return other(key);
    if (seen_.test(i)) return walk_.refuse({}, key, "is given twice, send it once");
    seen_.set(i);
    if (key == "model") return model();
    if (key == "messages") return turns_.read_messages();
    if (key == "system") return turns_.read_system();
    if (key == "max_tokens") return max_tokens();
    if (key == "stream") return stream();
    if (key == "tools") return read_tools(walk_, out_);
    if (key == "tool_choice") return read_tool_choice(walk_, out_);
    if (key == "thinking") return read_thinking(walk_, out_);
    if (key == "output_config") return read_output_config(walk_, out_);
    if (key == "output_format") return read_output_format(walk_, key, out_);
    if (key == "metadata") return read_metadata(walk_, out_);
    if (key == "stop_sequences") return read_stop_sequences(walk_, out_);
    if (key == "temperature") return number(key, out_.temperature);
    if (key == "top_p") return number(key, out_.top_p);
    if (key == "top_k") return number(key, out_.top_k);
    if (key == "service_tier") return walk_.value(out_.service_tier);
    return other(key);
  }

  bool other(std::string_view key) {
    Member member;
    // An escaped name lives only as long as this call.
    const bool in_body =
        key.data() >= out_.body.data() && key.data() < out_.body.data() + out_.body.size();
    member.name = in_body ? key : out_.keep(json::escape(key));
    if (!walk_.value(member.json)) return false;
    if (!member.json.empty()) out_.others.push_back(member);
    return true;
  }

  bool model() {
    const std::uint32_t begin = walk_.reader().offset();
    if (!walk_.string({}, "model", out_.model)) return false;
    out_.model_value = {begin, walk_.reader().last_end()};
    if (out_.model.find('\\') != std::string_view::npos) {
      return walk_.refuse({}, "model", "must be a name without escapes");
    }
    return true;
  }

  bool max_tokens() {
    constexpr std::uint64_t kMost = std::uint64_t{1} << 53;  // what every JSON reader can hold
    if (!walk_.place(out_.max_tokens_value)) return false;
    const auto tokens = parse_u64(out_.max_tokens_value.in(out_.body));
    if (!tokens || *tokens == 0 || *tokens > kMost) {
      return walk_.refuse({}, "max_tokens", "must be a positive integer, written in digits");
    }
    out_.max_tokens = static_cast<Tokens>(*tokens);
    return true;
  }

  bool stream() {
    const std::uint32_t begin = walk_.reader().offset();
    if (!walk_.flag({}, "stream", out_.stream)) return false;
    out_.stream_value = {begin, walk_.reader().last_end()};
    return true;
  }

  bool number(std::string_view key, std::string_view& out) {
    if (walk_.kind() != Kind::number && walk_.kind() != Kind::null) {
      return walk_.wrong_type({}, key, "a number");
    }
    return walk_.value(out);
  }

  Request out_;
  Walk walk_;
  TurnReader turns_;
  const bool counts_only_;
  std::bitset<kKnown.size()> seen_;
};

Result<Request> read(std::string_view body, bool counts_only) {
  const auto checked = json::check_text(body);
  if (!checked) return std::unexpected(checked.error());
  return RequestReader(body, counts_only).run();
}

}  // namespace

Result<Request> read_request(std::string_view body) { return read(body, false); }

}  // namespace tidegate::translation::messages

namespace tidegate::translation {

Result<Request> read_messages_count(std::string_view body) { return messages::read(body, true); }

std::string messages_count(Tokens input) { return fmt::format(R"({{"input_tokens":{}}})", input); }

}  // namespace tidegate::translation
