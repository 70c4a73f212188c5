#include "client/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "client/key_format.h"
#include "config/dialects.h"
#include "tidegate/rate_limiter.h"

namespace tidegate::client {
namespace {

constexpr config::Dialect kDialects[] = {
    config::Dialect::deepseek,  config::Dialect::openai,
    config::Dialect::anthropic, config::Dialect::kimi,
    config::Dialect::gemini,    config::Dialect::openrouter,
    config::Dialect::vllm,      config::Dialect::sglang,
    config::Dialect::llamacpp,  config::Dialect::openai_compatible,
};

std::string variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::string() : std::string(value);
}

class Reading {
 public:
  explicit Reading(const ClientOptions& options) : options_(options) {}

  Result<config::Config> read() {
    if (options_.config_file.empty()) {
      read_providers();
      read_models();
    } else {
      read_file();
    }
    read_bounds();
    if (!problems_.empty()) return fail(ErrorCode::invalid, std::move(problems_), "options");
    return std::move(config_);
  }

 private:
  void problem(std::string_view text) {
    if (!problems_.empty()) problems_ += '\n';
    problems_ += text;
  }

  [[nodiscard]] bool has_provider(const std::string& name) const {
    return std::ranges::find(config_.providers, name, &config::Provider::name) !=
           config_.providers.end();
  }

  void read_file() {
    config::Loaded loaded = config::load_file(options_.config_file);
    for (const config::Problem& found : loaded.problems) {
      if (!found.warning) problem(config::format(found));
    }
    if (!options_.providers.empty() || !options_.models.empty()) {
      problem("config_file: providers and models stand there; leave those of the options empty");
    }
    config_ = std::move(loaded.config);
    if (config_.simulated) {
      problem(fmt::format("{}: there is no key of any provider in the environment",
                          options_.config_file));
    }
    for (const config::Provider& provider : config_.providers) check(provider);
  }

  void read_providers() {
    for (const ProviderOptions& from : options_.providers) {
      const config::DialectTraits& traits = config::traits(kDialects[static_cast<int>(from.kind)]);
      config::Provider to;
      to.name = from.name.empty() ? std::string(traits.name) : from.name;
      to.dialect = traits.dialect;
      to.base_url = from.base_url.empty() ? std::string(traits.base_url) : from.base_url;
      while (to.base_url.ends_with('/')) to.base_url.pop_back();
      to.ca_file = from.ca_file;
      to.api_key_variable =
          from.api_key_env.empty() ? std::string(traits.key_variable) : from.api_key_env;
      if (!from.api_key.empty()) {
        to.api_key = config::Secret(from.api_key);
        to.api_key_variable.clear();
      } else if (!to.api_key_variable.empty()) {
        to.api_key = config::Secret(variable(to.api_key_variable));
      }
      // A server of one's own may do without.
      to.key_required = from.base_url.empty() || !from.api_key_env.empty();
      if (to.base_url.empty()) {
        problem(
            fmt::format("providers[{}].base_url: missing; {} has no address of its own, e.g. "
                        "http://127.0.0.1:8000/v1",
                        config_.providers.size(), to.name));
      }
      if (has_provider(to.name)) {
        problem(fmt::format("providers[{}].name: there are two with the name {}",
                            config_.providers.size(), to.name));
      }
      check(to);
      config_.providers.push_back(std::move(to));
    }
    if (options_.providers.empty()) read_environment();
  }

  void read_environment() {
    std::string variables;
    for (const config::DialectTraits& traits : config::dialects()) {
      if (traits.key_variable.empty()) continue;
      variables += fmt::format("{}{}", variables.empty() ? "" : ", ", traits.key_variable);
      config::Provider to;
      to.name = traits.name;
      to.dialect = traits.dialect;
      to.base_url = traits.base_url;
      to.api_key_variable = traits.key_variable;
      to.api_key = config::Secret(variable(to.api_key_variable));
      if (to.api_key.empty()) continue;
      check(to);
      config_.providers.push_back(std::move(to));
    }
    if (config_.providers.empty()) {
      problem("there is no key of any provider in the environment; set one of " + variables +
              ", or name a provider in ClientOptions::providers");
    }
  }

  void check(const config::Provider& provider) {
    const config::DialectTraits& traits = config::traits(provider.dialect);
    const bool named = !provider.api_key_variable.empty();
    const std::string where =
        named ? provider.api_key_variable : fmt::format("the api_key of {}", provider.name);
    if (provider.api_key.empty()) {
      if (provider.key_required) {
        problem(fmt::format("{}: there is no key for {}{}", where, provider.name,
                            named ? "; set the variable" : ""));
      }
      return;
    }
    if (provider.base_url != traits.base_url) return;
    if (auto wrong = check_key(provider.dialect, provider.api_key.reveal(), where)) problem(*wrong);
  }

  void read_models() {
    for (const ModelOptions& from : options_.models) {
      config::Model to;
      to.id = from.id;
      to.provider = from.provider;
      to.name = from.name;
      to.context = from.context;
      to.max_output = from.max_output;
      to.thinking = from.thinking;
      to.fallback = from.fallback;
      const std::string where = fmt::format("models[{}]", config_.models.size());
      if (from.id.empty()) problem(where + ".id: missing; it is what requests say");
      if (!from.provider.empty() && !has_provider(from.provider)) {
        problem(fmt::format("{}.provider: there is no provider {}", where, from.provider));
      }
      if (from.input_price || from.cached_price || from.output_price) {
        to.price = config::ModelPrice{.input = price(from.input_price, where, "input_price"),
                                      .cached = price(from.cached_price, where, "cached_price"),
                                      .cache_write = {},
                                      .output = price(from.output_price, where, "output_price")};
      }
      config_.models.push_back(std::move(to));
    }
  }

  std::optional<PicoDollars> price(std::optional<double> usd, std::string_view where,
                                   std::string_view name) {
    if (!usd) return std::nullopt;
    constexpr double kMost = 1e6;
    if (!std::isfinite(*usd) || *usd < 0 || *usd > kMost) {
      problem(fmt::format("{}.{}: expected USD per million tokens, 0 to {}", where, name, kMost));
      return std::nullopt;
    }
    return PicoDollars{std::llround(*usd * 1e6)};
  }

  void read_bounds() {
    const RetryOptions& retry = options_.retry;
    const TimeoutOptions& timeouts = options_.timeouts;
    const auto positive = [this](Duration duration, std::string_view name) {
      if (duration <= Duration::zero()) problem(fmt::format("{}: expected more than zero", name));
    };
    if (options_.threads < 1 || options_.threads > 64) problem("threads: expected 1 to 64");
    if (retry.attempts < 1 || retry.attempts > 20) problem("retry.attempts: expected 1 to 20");
    if (!(retry.budget >= 0 && retry.budget <= 1)) problem("retry.budget: expected 0 to 1");
    positive(retry.base, "retry.base");
    positive(retry.max, "retry.max");
    positive(timeouts.connect, "timeouts.connect");
    positive(timeouts.first_byte, "timeouts.first_byte");
    positive(timeouts.idle, "timeouts.idle");
    positive(timeouts.total, "timeouts.total");
    positive(options_.queue_time, "queue_time");
    if (options_.config_file.empty()) {
      config_.retry = {retry.attempts, retry.base, retry.max, retry.budget};
      config_.timeouts.connect = timeouts.connect;
      config_.timeouts.first_byte = timeouts.first_byte;
      config_.timeouts.idle = timeouts.idle;
      config_.timeouts.total = timeouts.total;
    }
    config_.log.requests = false;
    read_limits();
  }

  // cost_per_day is not among them: client.cpp sees to it.
  void read_limits() {
    RateLimits limits = options_.limits;
    limits.cost_per_day.reset();
    const SystemClock clock;
    if (const auto good = RateLimiter::create(options_.limits, clock); !good) {
      problem(fmt::format("limits.{}: {}", good.error().field, good.error().message));
      return;
    }
    if (limits == RateLimits{.counted = limits.counted, .burst = limits.burst}) return;
    if (!config_.limits) config_.limits.emplace();
    config_.limits->global = limits;
    config_.limits->queue_time = options_.queue_time;
    config_.limits->queue_length =
        static_cast<int>(std::min<std::size_t>(options_.queue_length, 10'000'000));
  }

  const ClientOptions& options_;
  config::Config config_;
  std::string problems_;
};

}  // namespace

Result<config::Config> read_options(const ClientOptions& options) {
  return Reading(options).read();
}

}  // namespace tidegate::client
