// Request: what a chat request says, in no dialect: turns made of parts, tools, and settings.
// Written by the reader of one surface, changed by rules, read by the writer of another; so no
// surface knows another. One per request, on one worker.
//
// Nothing is copied that need not be: a view points into the body or into `kept`, and both must
// outlive it. The text of a string is raw, as between the quotes in JSON with its escapes, so that
// most of it goes from surface to surface untouched; what is a whole JSON value says so.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/media.h"
#include "base/money.h"
#include "protocol/conversation.h"
#include "protocol/surface.h"

namespace tidegate::translation {

using protocol::Effort;
using protocol::Range;
using protocol::Surface;
using protocol::Toggle;

enum class Role : std::uint8_t { system, developer, user, assistant, tool };

// Reasoning is cargo of three classes: see docs/dialects.md.
enum class CargoClass : std::uint8_t {
  plain,   // text that may be rebuilt and translated
  sealed,  // text or data with a proof: verbatim, and only to the provider and model that made it
};

// Who can read a proof or an opaque datum.
enum class Seal : std::uint8_t {
  none,
  anthropic_signature,  // `proof` is a thinking block's signature, over `text`
  anthropic_redacted,   // `proof` is a redacted_thinking block's data; there is no text
  openai_encrypted,     // `proof` is a reasoning item's encrypted_content; `text` is its summary
  gemini_signature,     // `proof` is a thought_signature; it stands on a tool call
  openrouter_details,   // `proof` is the raw JSON array reasoning_details
};

// Where a part stood in the client's body, for errors and notes.
struct Place {
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  std::uint32_t item = kNone;     // messages[item], input[item]
  std::uint32_t element = kNone;  // .content[element], .tool_calls[element]; of no item: system[]
};

struct Part {
  enum class Kind : std::uint8_t {
    text,
    refusal,      // the assistant's `text`
    reasoning,    // of the assistant: text, seal, proof, id
    tool_call,    // of the assistant: id, name, arguments
    tool_result,  // opens a result: id, is_error; the parts after it with `in_result` are its
                  // content
    image,        // media_type and data, or url, or file_id; detail
    document,     // as an image, with name; or text with media_type text/plain
    audio,        // media_type ("wav") and data
    other,        // of a type that we do not know: `raw`, its type in `name`
  };
  Kind kind = Kind::text;
  bool in_result = false;
  bool is_error = false;
  bool arguments_escaped = false;  // arguments are JSON within a string, else a JSON value
  bool custom = false;             // a custom (free text) tool's call: arguments are its text
  bool has_context = false;        // of a document, in `raw` alone
  Seal seal = Seal::none;
  Place place;
  std::string_view text;
  std::string_view id;         // of a tool call or its result; of a reasoning item
  std::string_view name;       // of a tool, a file or an unknown type
  std::string_view arguments;  // empty: none were given
  std::string_view proof;
  std::string_view
      maker;  // provider and model of a proof, "anthropic/claude-opus-4.7"; empty: unknown
  std::string_view media_type, data, url, file_id, detail;
  std::string_view citations;      // JSON value
  std::string_view cache_control;  // JSON value
  std::string_view raw;            // JSON value: the whole part as the client sent it

  // A document of which the answer is to cite.
  [[nodiscard]] bool cites() const { return citations.find("true") != citations.npos; }
};

// What a model must be able to take for this part; text where every model can.
[[nodiscard]] Media media_of(const Part& part);

// Consecutive parts of one speaker. A tool turn holds one tool_result with its content.
struct Turn {
  Role role = Role::user;
  // Came in one message together with the turn before it, such as text beside a tool's results.
  bool joined = false;
  bool prefix = false;                 // of the assistant, the last: the answer is to go on from it
  std::uint32_t first = 0, parts = 0;  // in Request::parts
  std::string_view name;               // of the participant
  Place place;
};

struct Tool {
  bool custom = false;  // free text instead of a schema
  bool hosted = false;  // run by the provider (web search, ...): `raw` says all
  std::optional<bool> strict;
  std::string_view name, description;
  std::string_view schema;  // JSON value; empty: none was given
  std::string_view type;    // as sent
  std::string_view cache_control;
  std::string_view raw;  // JSON value: the whole tool
};

struct ToolChoice {
  enum class Kind : std::uint8_t { unset, automatic, none, required, named };
  Kind kind = Kind::unset;
  std::string_view name;  // of a hosted tool: its type
  std::string_view raw;   // JSON value, where `kind` and `name` do not say all of it
};

struct ResponseFormat {
  enum class Kind : std::uint8_t { unset, text, json_object, json_schema };
  Kind kind = Kind::unset;
  std::string_view name, description;
  std::string_view schema;  // JSON value
  std::optional<bool> strict;
};

struct Thinking {
  Toggle toggle = Toggle::unset;
  Effort effort = Effort::unset;
  std::optional<Tokens> budget;    // Anthropic's budget_tokens
  bool adaptive = false;           // Anthropic's {"type":"adaptive"}
  bool hide = false;               // asked not to be shown (display "omitted")
  bool want_proof = false;         // Responses: include reasoning.encrypted_content
  bool summary = false;            // Responses: reasoning.summary was asked for
  std::string_view summary_level;  // of `summary`: "auto", "concise", "detailed"; may be empty
};

struct Member {
  std::string_view name;  // raw
  std::string_view json;
};

// What was changed or left out on the way, for x-tidegate-notes: each thing once, in few words.
class Notes {
 public:
  void add(std::string_view note);
  [[nodiscard]] const std::vector<std::string>& all() const { return notes_; }

 private:
  std::vector<std::string> notes_;
};

struct Request {
  Surface surface = Surface::chat;
  std::string_view body;
  std::uint32_t members_begin = 0;                    // just after the opening brace
  Range model_value, max_tokens_value, stream_value;  // with quotes

  std::string_view model;
  bool stream = false;
  bool include_usage = false;  // chat: stream_options.include_usage
  std::optional<Tokens> max_tokens;
  std::vector<Turn> turns;  // system first where the surface keeps it apart
  std::vector<Part> parts;
  std::vector<Tool> tools;
  ToolChoice tool_choice;
  std::optional<bool> parallel_tool_calls;
  ResponseFormat format;
  Thinking thinking;

  // JSON values; empty: not sent.
  std::string_view temperature, top_p, top_k, stop, seed, n, frequency_penalty, presence_penalty,
      logprobs, top_logprobs, logit_bias, service_tier, metadata, store, verbosity, prediction;
  std::string_view user;                  // raw string: who the end user is
  std::string_view previous_response_id;  // raw string
  std::string_view prompt_cache_key;      // raw string
  std::vector<Member> others;             // top-level members that we do not know

  Notes dropped;  // what the reader could not put into these words; the gateway says it

  std::deque<std::string> kept;  // what had to be made anew
  std::string_view keep(std::string text) { return kept.emplace_back(std::move(text)); }

  [[nodiscard]] const Part* begin(const Turn& turn) const { return parts.data() + turn.first; }
  [[nodiscard]] const Part* end(const Turn& turn) const { return begin(turn) + turn.parts; }
};

// "messages[3].content[1]" in the words of the client's surface.
[[nodiscard]] std::string path(Surface surface, const Place& place);

}  // namespace tidegate::translation
