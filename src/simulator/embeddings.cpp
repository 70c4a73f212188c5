#include "simulator/embeddings.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "base/base64.h"
#include "base/hash.h"
#include "json/writer.h"
#include "simulator/models.h"
#include "simulator/tokens.h"
#include "simulator/value.h"

namespace tidegate::simulator {
namespace {

using Checked = std::optional<Refusal>;

// OpenAI's limits (platform.openai.com/docs/api-reference/embeddings).
constexpr std::size_t kMostInputs = 2048;
constexpr Tokens kMostTokens = 8192;     // of one input
constexpr Tokens kMostAtOnce = 300'000;  // of all together
constexpr int kUsualDimensions = 1024;   // of models that we do not know

struct Wanted {
  std::string model;
  std::vector<const Value*> inputs;
  int dimensions = 0;
  bool base64 = false;
  Tokens tokens = 0;
};

Refusal bad_input() {
  return invalid(
      "'$.input' is invalid. Please check the API reference: "
      "https://platform.openai.com/docs/api-reference.");
}

// One input as an array of token ids.
bool is_tokens(const Value& value) {
  return value.is_array() && !value.elements.empty() &&
         std::ranges::all_of(value.elements, [](const Value& each) { return each.is_integer(); });
}

Tokens tokens_of(const Value& input) {
  return input.is_string() ? count_tokens(input.text) : static_cast<Tokens>(input.elements.size());
}

Checked read_inputs(const Value& body, Wanted& out) {
  const Value* input = body.find("input");
  if (input == nullptr) {
    return invalid("Missing required parameter: 'input'.", "input", "missing_required_parameter");
  }
  if (input->is_string() || is_tokens(*input)) {
    out.inputs.push_back(input);
  } else if (input->is_array() && !input->elements.empty()) {
    for (const Value& each : input->elements) out.inputs.push_back(&each);
  }
  if (out.inputs.empty()) return bad_input();
  if (out.inputs.size() > kMostInputs) {
    return invalid(fmt::format("Invalid 'input': array too long. Expected an array with maximum "
                               "length {}, but got an array with length {} instead.",
                               kMostInputs, out.inputs.size()),
                   "input", "array_above_max_length");
  }
  for (const Value* each : out.inputs) {
    if (each->is_string() ? each->text.empty() : !is_tokens(*each)) return bad_input();
    const Tokens tokens = tokens_of(*each);
    if (tokens > kMostTokens) {
      return invalid(fmt::format(
          "This model's maximum context length is {} tokens, however you requested {} "
          "tokens ({} in your prompt; 0 for the completion). Please reduce your prompt; "
          "or completion length.",
          kMostTokens, tokens, tokens));
    }
    out.tokens += tokens;
  }
  if (out.tokens <= kMostAtOnce) return std::nullopt;
  return invalid(
      fmt::format("Requested {} tokens, max {} tokens per request", out.tokens, kMostAtOnce), {},
      "max_tokens_per_request");
}

// Only OpenAI and Gemini say which models embed; an engine has one.
Checked check_model(Provider provider, std::string_view model) {
  const bool unknown = model.starts_with(kUnknownModelPrefix) ||
                       (provider == Provider::gemini && !model.contains("embedding"));
  if (unknown) {
    return Refusal{.status = 404,
                   .message = fmt::format(
                       "The model `{}` does not exist or you do not have access to it.", model),
                   .param = {},
                   .code = "model_not_found"};
  }
  if (provider == Provider::openai && (model.starts_with("gpt-") || model.starts_with("o"))) {
    return Refusal{.status = 403,
                   .message = "You are not allowed to generate embeddings from this model"};
  }
  return std::nullopt;
}

Checked read_dimensions(const Value& body, Wanted& out) {
  const auto* known = std::ranges::find(kEmbeddingModels, out.model, &EmbeddingModel::name);
  const bool is_known = known != kEmbeddingModels.end();
  out.dimensions = is_known ? known->dimensions : kUsualDimensions;
  const Value* wanted = body.find("dimensions");
  if (wanted == nullptr) return std::nullopt;
  if (is_known && !known->shortens) {
    return invalid("This model does not support specifying dimensions.");
  }
  if (!wanted->is_integer() || wanted->integer() < 1 || wanted->integer() > out.dimensions) {
    return invalid(fmt::format("Invalid value for 'dimensions' = {}. Must be between 1 and {}.",
                               wanted->raw, out.dimensions),
                   "dimensions");
  }
  out.dimensions = static_cast<int>(wanted->integer());
  return std::nullopt;
}

Checked read_format(const Value& body, Wanted& out) {
  const Value* format = body.find("encoding_format");
  if (format == nullptr || format->text == "float") return std::nullopt;
  out.base64 = format->is_string() && format->text == "base64";
  if (out.base64) return std::nullopt;
  return invalid(
      fmt::format("Invalid value: '{}'. Supported values are: 'float' and 'base64'.", format->text),
      "encoding_format", "invalid_value");
}

std::vector<float> vector_of(const Value& input, int dimensions) {
  const std::uint64_t seed =
      hash_bytes(input.is_string() ? std::string_view(input.text) : input.raw);
  std::vector<float> vector;
  double square = 0;
  for (int i = 0; i < dimensions; ++i) {
    const std::uint64_t bits = hash_bytes(fmt::format("{}", i), seed);
    vector.push_back(static_cast<float>(bits % 2001) - 1000);
    square += static_cast<double>(vector.back()) * static_cast<double>(vector.back());
  }
  const double length = square > 0 ? std::sqrt(square) : 1;
  for (float& each : vector) each = static_cast<float>(each / length);
  return vector;
}

// As base64 the numbers are four bytes each, the least significant first.
void write_vector(json::Writer& json, const std::vector<float>& vector, bool as_base64) {
  if (as_base64) {
    std::string bytes;
    for (const float each : vector) {
      const auto word = std::bit_cast<std::uint32_t>(each);
      for (int shift = 0; shift < 32; shift += 8) {
        bytes.push_back(static_cast<char>(word >> shift & 0xFF));
      }
    }
    json.value(base64(bytes));
    return;
  }
  json.begin_array();
  for (const float each : vector) json.raw(fmt::format("{}", each));
  json.end_array();
}

std::string embeddings_body(const Wanted& wanted, bool with_usage) {
  std::string body;
  json::Writer json(body);
  json.begin_object().member("object", "list").key("data").begin_array();
  for (std::size_t i = 0; i < wanted.inputs.size(); ++i) {
    json.begin_object().member("object", "embedding").member("index", i).key("embedding");
    write_vector(json, vector_of(*wanted.inputs[i], wanted.dimensions), wanted.base64);
    json.end_object();
  }
  json.end_array().member("model", wanted.model);
  if (with_usage) {
    json.key("usage").begin_object().member("prompt_tokens", wanted.tokens);
    json.member("total_tokens", wanted.tokens).end_object();
  }
  json.end_object();
  return body;
}

Checked read_wanted(const Call& call, const std::expected<Value, std::string>& body, Wanted& out) {
  if (!body || !body->is_object()) {
    return invalid("We could not parse the JSON body of your request. (HINT: " +
                   (body ? std::string("expected an object") : body.error()) + ")");
  }
  if (out.model.empty()) return invalid("you must provide a model parameter");
  if (Checked refusal = check_model(call.endpoint.provider, out.model)) return refusal;
  if (Checked refusal = read_inputs(*body, out)) return refusal;
  if (Checked refusal = read_dimensions(*body, out)) return refusal;
  return read_format(*body, out);
}

}  // namespace

Reply answer_embeddings(Call& call, State& state) {
  const auto body = read_value(call.body);
  Wanted wanted;
  if (body) wanted.model = body->text_of("model");
  if (auto reply = strike(call, state, wanted.model)) return *reply;
  if (auto reply = check_key(call)) return *reply;
  if (Checked refusal = read_wanted(call, body, wanted)) return refuse(call, *refusal);
  Reply reply = good_reply(call, false, 0);
  reply.body = embeddings_body(wanted, call.fault.kind != FaultKind::no_usage);
  return reply;
}

}  // namespace tidegate::simulator
