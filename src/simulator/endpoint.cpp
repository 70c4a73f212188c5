#include "simulator/endpoint.h"

#include <utility>

namespace tidegate::simulator {
namespace {

// Takes `prefix` off the front of `path`; "/v1" does not match "/v1x".
bool take(std::string_view& path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return false;
  if (path.size() > prefix.size() && path[prefix.size()] != '/') return false;
  path.remove_prefix(prefix.size());
  return true;
}

// An engine's name before a model's: "vllm-deepseek" speaks as vLLM does.
constexpr std::pair<std::string_view, Provider> kNames[] = {
    {"vllm", Provider::vllm},        {"sglang", Provider::sglang},
    {"llama", Provider::llamacpp},   {"openrouter", Provider::openrouter},
    {"kimi", Provider::kimi},        {"moonshot", Provider::kimi},
    {"gemini", Provider::gemini},    {"anthropic", Provider::anthropic},
    {"claude", Provider::anthropic}, {"deepseek", Provider::deepseek},
};

bool has_embeddings(Provider provider) {
  return provider != Provider::deepseek && provider != Provider::anthropic &&
         provider != Provider::kimi;
}

bool has_completions(Provider provider) {
  return provider == Provider::openai || provider == Provider::deepseek ||
         provider == Provider::vllm || provider == Provider::sglang ||
         provider == Provider::llamacpp;
}

Operation operation_of(Provider provider, std::string_view path) {
  if (path == "/chat/completions") return Operation::chat;
  if (path == "/messages") return Operation::messages;
  if (path == "/messages/count_tokens") return Operation::count_tokens;
  if (path == "/responses") return Operation::responses;
  if (path == "/embeddings" && has_embeddings(provider)) return Operation::embeddings;
  if (path == "/completions" && has_completions(provider)) return Operation::completions;
  if (path.starts_with("/responses/")) return Operation::stored;
  if (path == "/models") return Operation::models;
  return Operation::unknown;
}

}  // namespace

bool asks_provider(Operation operation) {
  return asks_model(operation) || operation == Operation::stored;
}

bool asks_model(Operation operation) {
  return operation == Operation::chat || operation == Operation::messages ||
         operation == Operation::count_tokens || operation == Operation::responses ||
         operation == Operation::embeddings || operation == Operation::completions;
}

Provider provider_of_name(std::string_view name) {
  for (const auto& [part, provider] : kNames) {
    if (name.contains(part)) return provider;
  }
  return Provider::openai;
}

Endpoint find_endpoint(std::string_view path) {
  if (path == "/sim/log") return {Provider::openai, Operation::log};
  if (path == "/sim/open") return {Provider::openai, Operation::open};
  if (path == "/sim/reset") return {Provider::openai, Operation::reset};

  Endpoint endpoint;
  if (take(path, "/sim")) {
    const std::string_view name = path.substr(0, path.find('/', 1));
    if (name.size() < 2) return {};
    endpoint.provider = provider_of_name(name);
    path.remove_prefix(name.size());
  } else if (take(path, "/deepseek")) {
    endpoint.provider = Provider::deepseek;
  } else if (!take(path, "/openai")) {
    if (path.starts_with("/v1/messages"))
      endpoint.provider = Provider::anthropic;
    else if (!path.starts_with("/v1/"))
      endpoint.provider = Provider::deepseek;
  }
  if (endpoint.provider == Provider::deepseek) endpoint.beta = take(path, "/beta");
  take(path, "/v1");
  endpoint.operation = operation_of(endpoint.provider, path);
  return endpoint;
}

}  // namespace tidegate::simulator
