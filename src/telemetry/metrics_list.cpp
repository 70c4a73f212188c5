#include "telemetry/metrics_list.h"

#include <algorithm>

namespace tidegate::telemetry {
namespace {

CounterId counter(Registry& registry, const MetricInfo& info, const Labels& labels) {
  return registry.counter(info.name, info.help, labels);
}

LevelId level(Registry& registry, const MetricInfo& info) {
  return registry.level(info.name, info.help);
}

HistogramId histogram(Registry& registry, const MetricInfo& info, const Labels& labels) {
  return registry.histogram(info.name, info.help, info.bounds, labels);
}

Labels with(Labels labels, std::string_view name, std::string_view value) {
  labels.emplace_back(name, value);
  return labels;
}

}  // namespace

TargetMetrics TargetMetrics::make(Registry& registry, const TargetLabels& target,
                                  std::span<const std::string_view> outcomes) {
  const std::string route(target.route);
  const std::string provider(target.provider);
  const std::string model(target.model);
  const Labels ours{{"route", route}, {"provider", provider}, {"model", model}};
  const Labels gen_ai{{"gen_ai_operation_name", "chat"},
                      {"gen_ai_provider_name", provider},
                      {"gen_ai_request_model", model},
                      {"tidegate_route", route}};

  TargetMetrics out;
  for (std::size_t i = 0; i < kRequestResults.size(); ++i) {
    out.requests_by_result[i] =
        counter(registry, metric::kRequests, with(ours, "result", kRequestResults[i]));
  }
  for (const std::string_view outcome : outcomes) {
    out.attempts_by_outcome.push_back(
        counter(registry, metric::kAttempts, with(ours, "outcome", outcome)));
  }
  out.prompt_tokens = counter(registry, metric::kTokens, with(ours, "kind", "prompt"));
  out.cached_tokens = counter(registry, metric::kTokens, with(ours, "kind", "cached"));
  out.completion_tokens = counter(registry, metric::kTokens, with(ours, "kind", "completion"));
  out.reasoning_tokens = counter(registry, metric::kTokens, with(ours, "kind", "reasoning"));
  out.cost_nanodollars = counter(registry, metric::kCost, ours);
  out.unpriced_attempts = counter(registry, metric::kUnpriced, ours);
  out.duration_seconds = histogram(registry, metric::kOperationDuration, gen_ai);
  out.first_token_seconds = histogram(registry, metric::kFirstToken, gen_ai);
  out.input_tokens =
      histogram(registry, metric::kTokenUsage, with(gen_ai, "gen_ai_token_type", "input"));
  out.output_tokens =
      histogram(registry, metric::kTokenUsage, with(gen_ai, "gen_ai_token_type", "output"));
  return out;
}

LimitMetrics LimitMetrics::make(Registry& registry, std::string_view scope, std::string_view name) {
  const Labels labels{{"scope", std::string(scope)}, {"name", std::string(name)}};
  return {counter(registry, metric::kLimitRequests, labels),
          counter(registry, metric::kLimitTokens, with(labels, "kind", "input")),
          counter(registry, metric::kLimitTokens, with(labels, "kind", "output")),
          counter(registry, metric::kLimitRefused, labels),
          counter(registry, metric::kLimitWaited, labels)};
}

ServerMetrics ServerMetrics::make(Registry& registry) {
  ServerMetrics out;
  for (std::size_t i = 0; i < kRefusalStatuses.size(); ++i) {
    out.refused_by_status[i] =
        counter(registry, metric::kRefused, {{"status", std::to_string(kRefusalStatuses[i])}});
  }
  out.refused_by_status.back() = counter(registry, metric::kRefused, {{"status", "other"}});
  for (std::size_t i = 0; i < kKeyRefusals.size(); ++i) {
    out.key_refused_by_reason[i] =
        counter(registry, metric::kKeyRefused, {{"reason", std::string(kKeyRefusals[i])}});
  }
  out.in_flight = level(registry, metric::kInFlight);
  return out;
}

CounterId ServerMetrics::refused(int status) const {
  const auto found = std::find(kRefusalStatuses.begin(), kRefusalStatuses.end(), status);
  return refused_by_status[static_cast<std::size_t>(found - kRefusalStatuses.begin())];
}

}  // namespace tidegate::telemetry
