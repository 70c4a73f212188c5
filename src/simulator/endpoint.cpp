#include "simulator/endpoint.h"

namespace tidegate::simulator {
namespace {

// Takes `prefix` off the front of `path`; "/v1" does not match "/v1x".
bool take(std::string_view& path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return false;
  if (path.size() > prefix.size() && path[prefix.size()] != '/') return false;
  path.remove_prefix(prefix.size());
  return true;
}

Provider provider_of_name(std::string_view name) {
  return name.contains("deepseek") ? Provider::deepseek : Provider::openai;
}

}  // namespace

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
    endpoint.provider = path.starts_with("/v1/") ? Provider::openai : Provider::deepseek;
  }
  if (endpoint.provider == Provider::deepseek) take(path, "/beta");
  take(path, "/v1");
  if (path == "/chat/completions") endpoint.operation = Operation::chat;
  if (path == "/models") endpoint.operation = Operation::models;
  return endpoint;
}

}  // namespace tidegate::simulator
