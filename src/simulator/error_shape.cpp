#include "simulator/error_shape.h"

#include <fmt/format.h>

#include "json/writer.h"

namespace tidegate::simulator {
namespace {

constexpr std::string_view kChatEvent =
    R"(data: {"error":{"message":"The server had an error while processing your request.",)"
    R"("type":"server_error","param":null,"code":"internal_error"}})"
    "\n\n";
constexpr std::string_view kMessagesEvent =
    "event: error\n"
    R"(data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"
    "\n\n";
constexpr std::string_view kResponsesEvent =
    "event: error\n"
    R"(data: {"type":"error","code":"server_error","message":"The server had an error while )"
    R"(processing your request.","param":null,"sequence_number":99})"
    "\n\n";

void write_openai(json::Writer& json, const Refusal& refusal) {
  json.begin_object().key("error").begin_object();
  json.member("message", refusal.message).member("type", refusal.type).key("param");
  refusal.param ? json.value(*refusal.param) : json.null();
  json.key("code");
  refusal.code ? json.value(*refusal.code) : json.null();
  json.end_object().end_object();
}

// Google's status words for HTTP's.
std::string_view google_status(int status) {
  switch (status) {
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 503:
      return "UNAVAILABLE";
    default:
      return status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
  }
}

// An error in an array: its OpenAI layer answers so.
void write_gemini(json::Writer& json, const Refusal& refusal) {
  json.begin_array().begin_object().key("error").begin_object();
  json.member("code", refusal.status).member("message", refusal.message);
  json.member("status", google_status(refusal.status)).end_object().end_object().end_array();
}

void write_openrouter(json::Writer& json, const Refusal& refusal) {
  json.begin_object().key("error").begin_object().member("message", refusal.message);
  json.member("code", refusal.status);
  if (!refusal.upstream.empty()) {
    json.key("metadata").begin_object().member("raw", refusal.upstream_body);
    json.member("provider_name", refusal.upstream).end_object();
  }
  json.end_object().end_object();
}

std::string_view engine_type(int status) {
  if (status == 401) return "AuthenticationError";
  if (status == 404) return "NotFoundError";
  return status < 500 ? "BadRequestError" : "InternalServerError";
}

// vLLM nests it, SGLang does not.
void write_engine(json::Writer& json, const Refusal& refusal, bool nested) {
  json.begin_object();
  nested ? json.key("error").begin_object() : json.member("object", "error");
  json.member("message", refusal.message).member("type", engine_type(refusal.status));
  json.key("param").null().member("code", refusal.status).end_object();
  if (nested) json.end_object();
}

// Kimi's has no code, llama.cpp's is the status.
void write_short(json::Writer& json, const Refusal& refusal, bool with_code) {
  json.begin_object().key("error").begin_object();
  if (with_code) json.member("code", refusal.status);
  json.member("message", refusal.message).member("type", refusal.type);
  json.end_object().end_object();
}

void write_chat(json::Writer& json, Provider provider, const Refusal& refusal) {
  switch (provider) {
    case Provider::gemini:
      return write_gemini(json, refusal);
    case Provider::openrouter:
      return write_openrouter(json, refusal);
    case Provider::vllm:
      return write_engine(json, refusal, true);
    case Provider::sglang:
      return write_engine(json, refusal, false);
    case Provider::kimi:
      return write_short(json, refusal, false);
    case Provider::llamacpp:
      return write_short(json, refusal, true);
    default:
      return write_openai(json, refusal);
  }
}

void write_messages(json::Writer& json, const Refusal& refusal, std::uint64_t seed) {
  json.begin_object().member("type", "error").key("error").begin_object();
  json.member("type", refusal.type).member("message", refusal.message).end_object();
  json.member("request_id", fmt::format("req_{:016x}", seed)).end_object();
}

}  // namespace

bool speaks_messages(const Endpoint& endpoint) {
  return endpoint.operation == Operation::messages || endpoint.operation == Operation::count_tokens;
}

std::string error_body(const Endpoint& endpoint, const Refusal& refusal, std::uint64_t seed) {
  std::string body;
  json::Writer json(body);
  if (speaks_messages(endpoint)) {
    write_messages(json, refusal, seed);
  } else {
    write_chat(json, endpoint.provider, refusal);
  }
  return body;
}

std::string error_event(const Endpoint& endpoint) {
  if (speaks_messages(endpoint)) return std::string(kMessagesEvent);
  if (endpoint.operation == Operation::responses) return std::string(kResponsesEvent);
  return std::string(kChatEvent);
}

}  // namespace tidegate::simulator
