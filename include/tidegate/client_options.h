// ClientOptions: whom a Client asks, and within which bounds. Plain values, read once by
// Client::open().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidegate/amounts.h"
#include "tidegate/clock.h"
#include "tidegate/rate_limits.h"

namespace tidegate {

enum class ProviderKind : std::uint8_t {
  deepseek,
  openai,
  anthropic,
  kimi,
  gemini,
  openrouter,
  vllm,
  sglang,
  llamacpp,
  openai_compatible,  // anything else that speaks Chat Completions, a Tidegate gateway included
};

struct ProviderOptions {
  ProviderKind kind = ProviderKind::openai_compatible;
  std::string name = {};         // empty: that of the kind, "deepseek"
  std::string base_url = {};     // empty: the kind's own, which local servers do not have
  std::string api_key = {};      // empty: from the environment
  std::string api_key_env = {};  // the variable; empty: the kind's own, "DEEPSEEK_API_KEY"
  std::string ca_file = {};      // PEM file of further CA certificates
};

// An addition to the catalogue of models, or an override of an entry.
struct ModelOptions {
  std::string id;         // what requests say
  std::string provider;   // ProviderOptions::name
  std::string name = {};  // as the provider calls it; empty: the id
  std::optional<Tokens> context = {}, max_output = {};
  std::optional<bool> thinking = {};  // whether it can think
  // USD per million tokens; absent: as the catalogue says, else unknown.
  std::optional<double> input_price = {}, cached_price = {}, output_price = {};
  std::vector<std::string> fallback = {};  // models to ask when it fails
};

struct RetryOptions {
  int attempts = 3;       // at one model, the first included
  Duration base = 500ms;  // of the exponential pauses between them, with full jitter
  Duration max = 20s;     // a provider that asks for a longer pause gets no retry
  double budget = 0.2;    // retries are at most this share of requests
};

struct TimeoutOptions {
  Duration connect = 5s;
  Duration first_byte = 120s;
  Duration idle = 300s;  // between two parts of an answer
  Duration total = 30min;
};

struct ClientOptions {
  // Empty: all providers whose keys are in the environment.
  std::vector<ProviderOptions> providers = {};
  std::vector<ModelOptions> models = {};
  // A gateway's configuration (tidegate.yaml) in place of the two above: its providers, models,
  // routes, policy, retries and timeouts.
  std::string config_file = {};

  // max_concurrent is how many requests run at once. What exceeds a limit waits in line, but for
  // cost_per_day: what would exceed that is refused (FailureClass::budget).
  RateLimits limits = {};
  Duration queue_time = 10min;         // the longest wait
  std::size_t queue_length = 100'000;  // of requests that wait

  RetryOptions retry = {};
  TimeoutOptions timeouts = {};
  int threads = 1;              // event loops
  std::string user_agent = {};  // in place of "tidegate/VERSION"
  // File of a ledger (SQLite) for each attempt, as gateways keep it: `tidegate cost` reads it.
  // Empty: nothing is kept.
  std::string ledger = {};
};

}  // namespace tidegate
