#include "engine/redaction.h"

#include <algorithm>
#include <cstdlib>

#include "json/writer.h"

namespace tidegate::engine {
namespace {

constexpr std::size_t kShortestSecret = 6;
// A virtual key: limits/key_text.h.
constexpr std::string_view kKeyPrefix = "sk-tg-";
constexpr std::size_t kShortestKeyRest = 20;

bool belongs_to_key(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

void add_variable(std::vector<std::string>& secrets, const std::string& name) {
  const char* const value = name.empty() ? nullptr : std::getenv(name.c_str());
  if (value != nullptr && *value != '/') add_secret(secrets, value);
}

void redact_keys(std::string& text) {
  for (std::size_t at = text.find(kKeyPrefix); at != text.npos; at = text.find(kKeyPrefix, at)) {
    const std::size_t begin = at + kKeyPrefix.size();
    std::size_t end = begin;
    while (end < text.size() && belongs_to_key(text[end])) ++end;
    if (end - begin < kShortestKeyRest) {
      at = begin;
      continue;
    }
    text.replace(at, end - at, kRedacted);
    at += kRedacted.size();
  }
}

}  // namespace

void add_secret(std::vector<std::string>& secrets, std::string_view value) {
  if (value.size() < kShortestSecret) return;
  const auto add = [&](std::string text) {
    if (std::ranges::find(secrets, text) == secrets.end()) secrets.push_back(std::move(text));
  };
  std::string text(value);
  add(text);
  // As it stands within JSON, and in the arguments of a call, which are JSON within JSON.
  for (int depth = 0; depth < 2; ++depth) {
    std::string json;
    json::Writer(json).value(std::string_view(text));
    text = json.substr(1, json.size() - 2);
    add(text);
  }
}

std::vector<std::string> secrets_of(const workflow::Workflow& workflow,
                                    const workflow::Map& inputs) {
  std::vector<std::string> secrets;
  for (const workflow::Input& input : workflow.inputs) {
    if (!input.secret) continue;
    for (const workflow::Member& given : inputs) {
      if (given.name != input.name) continue;
      std::string text;
      given.value.append_text(text);
      add_secret(secrets, text);
    }
  }
  for (const workflow::McpServer& server : workflow.mcp_servers) {
    add_variable(secrets, server.auth_env);
    for (const auto& [name, variable] : server.env) add_variable(secrets, variable);
  }
  return secrets;
}

void redact(std::string& text, std::span<const std::string> secrets) {
  for (const std::string& secret : secrets) {
    for (std::size_t at = text.find(secret); at != text.npos; at = text.find(secret, at)) {
      text.replace(at, secret.size(), kRedacted);
      at += kRedacted.size();
    }
  }
  redact_keys(text);
}

Bytes redacted(Bytes bytes, std::span<const std::string> secrets) {
  if (bytes == nullptr) return bytes;
  const bool clean = bytes->find(kKeyPrefix) == std::string::npos &&
                     std::ranges::none_of(secrets, [&](const std::string& secret) {
                       return bytes->find(secret) != std::string::npos;
                     });
  if (clean) return bytes;
  std::string text = *bytes;
  redact(text, secrets);
  return std::make_shared<const std::string>(std::move(text));
}

}  // namespace tidegate::engine
