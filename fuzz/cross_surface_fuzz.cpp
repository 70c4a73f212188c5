// Any bytes as a request of each surface, made fit and written for every provider: what is accepted
// comes out as a body that the provider's own surface accepts. And what the strict simulator of the
// client's surface takes, the one of the provider's takes as well, translated.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "http/head.h"
#include "require.h"
#include "simulator/chat.h"
#include "simulator/messages.h"
#include "simulator/responses.h"
#include "simulator/value.h"
#include "translation/codec.h"
#include "translation/responses_request.h"
#include "translation/rules.h"

namespace {

using namespace tidegate;
using protocol::DialectTable;
using protocol::Surface;
using simulator::Provider;

struct Target {
  const DialectTable* dialect;
  Surface surface;
  Provider provider;
  std::string_view model;  // as the provider calls it
  bool can_think = true, thinks_by_default = false;
};

constexpr Target kTargets[] = {
    {&protocol::kDeepSeek, Surface::chat, Provider::deepseek, "deepseek-v4-pro", true, true},
    {&protocol::kOpenAi, Surface::chat, Provider::openai, "gpt-4.1", false},
    {&protocol::kOpenAi, Surface::responses, Provider::openai, "gpt-5.5"},
    {&protocol::kAnthropic, Surface::messages, Provider::anthropic, "claude-opus-4-7"},
    {&protocol::kAnthropic, Surface::messages, Provider::anthropic, "claude-sonnet-4-5"},
    {&protocol::kKimi, Surface::chat, Provider::kimi, "kimi-k2.6", true, true},
    {&protocol::kGemini, Surface::chat, Provider::gemini, "gemini-3.8-flash"},
    {&protocol::kVllm, Surface::chat, Provider::vllm, "deepseek-v4-flash"},
    {&protocol::kSglang, Surface::chat, Provider::sglang, "deepseek-v4-flash"},
    {&protocol::kOpenRouter, Surface::chat, Provider::openrouter, "deepseek/deepseek-v4-pro", true,
     true},
};

// What its simulator says against a body; empty: nothing.
std::string refusal(const Target& target, std::string_view body) {
  static simulator::State state;
  constexpr std::string_view kHeaders =
      "Authorization: Bearer sk-good\r\nx-api-key: sk-good\r\nanthropic-version: 2023-06-01\r\n";
  // Beta's base URL takes all that the other takes, and prefixes and strict tools, too.
  const bool beta = target.provider == simulator::Provider::deepseek;
  simulator::Call call{.endpoint = {target.provider, simulator::Operation::chat, beta},
                       .headers = http::Headers(kHeaders),
                       .body = body,
                       .received = {},
                       .settings = {},
                       .fault = {}};
  simulator::Reply reply;
  switch (target.surface) {
    case Surface::chat:
      reply = answer_chat(call, state);
      break;
    case Surface::responses:
      call.endpoint.operation = simulator::Operation::responses;
      reply = answer_responses(call, state);
      break;
    case Surface::messages:
      call.endpoint.operation = simulator::Operation::messages;
      reply = answer_messages(call, state);
      break;
    case Surface::embeddings:
    case Surface::completions:
      break;  // no target: nothing is translated to them
  }
  return reply.status == 200 ? "" : reply.body;
}

// The client's request, as it would go to a provider of its own surface that takes all of it. The
// word of a client that says that a proof fits is taken, so such requests may be refused anywhere.
bool is_good(Surface surface, std::string_view body, const translation::Request& request) {
  if (!simulator::read_value(body)) return false;  // a bad escape is looked at where it is needed
  for (const translation::Part& part : request.parts) {
    if (part.seal != translation::Seal::none && part.maker.empty()) return false;
  }
  // Only some simulators look into strict schemas and names.
  const auto is_plain = [](std::string_view name) {
    return name.size() <= 64 && !name.empty() && std::ranges::all_of(name, [](char c) {
             return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-';
           });
  };
  if (request.format.strict.value_or(false)) return false;
  if (!request.format.name.empty() && !is_plain(request.format.name)) return false;
  for (const translation::Tool& tool : request.tools) {
    if (tool.strict.value_or(false) || !is_plain(tool.name)) return false;
    const auto schema = simulator::read_value(tool.schema);
    const simulator::Value* type = schema ? schema->find("type") : nullptr;
    if (type != nullptr && type->text != "object") return false;
  }
  for (const translation::Part& part : request.parts) {
    // A data URL's type is not looked into by all.
    if (!part.data.empty() && part.media_type != "image/png") return false;
    if (part.kind != translation::Part::Kind::tool_call) continue;
    if (!is_plain(part.name) || part.id.starts_with("functions")) return false;  // Kimi's
  }
  for (const Target& target : kTargets) {
    const bool own = target.provider == Provider::openai || target.provider == Provider::anthropic;
    if (target.surface != surface || !own) continue;  // the others take what these refuse
    std::string renamed(body);
    const protocol::Range place = request.model_value;
    renamed.replace(place.begin, place.end - place.begin, fmt::format("\"{}\"", target.model));
    if (refusal(target, renamed).empty()) return true;
  }
  return false;
}

void translate(const translation::Request& request, const Target& target, bool good) {
  translation::Request fitted = request;
  translation::Notes notes;
  const std::string maker = fmt::format("{}/{}", target.dialect->name, target.model);
  translation::Aim aim;
  aim.dialect = target.dialect;
  aim.surface = target.surface;
  aim.maker = maker;
  aim.must_return = target.provider == Provider::openrouter ? protocol::MustReturn::every_turn
                                                            : target.dialect->must_return;
  aim.can_think = target.can_think;
  aim.thinks_by_default = target.thinks_by_default;
  aim.max_output = target.model == "claude-sonnet-4-5" ? 64'000 : 128'000;
  translation::fit(fitted, aim, notes);
  std::string out;
  const translation::Codec& codec = translation::codec(target.surface);
  const auto written = codec.write_request(fitted, *target.dialect, target.model, out, notes);
  if (!written) {
    require(written.error().code == ErrorCode::invalid && !written.error().field.empty());
    return;
  }
  require_json(out);
  if (out.find("tidegate1.") != std::string::npos) {
    // Only what the client wrote, and what is none of ours but for its first letters.
    return require(request.body.find("tidegate1.") != std::string_view::npos);
  }
  const auto again = codec.read_request(out);
  const std::string refused = !again ? again.error().message : good ? refusal(target, out) : "";
  if (refused.empty()) return;
  fmt::print(stderr, "{} refuses {}\n{}\n", target.model, out, refused);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of exact size, so that a read past the end is seen.
  const auto bytes = std::make_unique<char[]>(size);
  if (size > 0) std::memcpy(bytes.get(), data, size);
  const std::string_view body(bytes.get(), size);
  for (const Surface surface : {Surface::chat, Surface::responses, Surface::messages}) {
    const auto request = translation::codec(surface).read_request(body);
    if (!request || !translation::check_self_contained(*request)) continue;
    if (!request->previous_response_id.empty()) continue;  // the gateway splices it in, or refuses
    const bool good = is_good(surface, body, *request);
    for (const Target& target : kTargets) translate(*request, target, good);
  }
  return 0;
}
