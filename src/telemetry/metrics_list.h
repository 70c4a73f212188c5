// Every metric that Tidegate exposes: name, kind, meaning and bounds, in one table.
// Used by the gateway, which keeps one TargetMetrics per route and target in its config snapshot
// and one ServerMetrics per process. The ids are immutable after start: any thread.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/metrics.h"

namespace tidegate::telemetry {

struct MetricInfo {
  std::string_view name;
  Kind kind;
  std::string_view unit;
  std::string_view help;
  std::span<const double> bounds = {};
};

// Bounds of the OpenTelemetry semantic conventions for generative AI ("gen-ai-metrics").
inline constexpr std::array kDurationBounds{0.01, 0.02, 0.04, 0.08,  0.16,  0.32,  0.64,
                                            1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
inline constexpr std::array kFirstTokenBounds{0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1,
                                              0.25,  0.5,   0.75, 1.0,  2.5,  5.0,  7.5,  10.0};
inline constexpr std::array kTokenBounds{1.0,       4.0,       16.0,       64.0,      256.0,
                                         1024.0,    4096.0,    16384.0,    65536.0,   262144.0,
                                         1048576.0, 4194304.0, 16777216.0, 67108864.0};

namespace metric {

// The names of the semantic conventions, as Prometheus writes them.
inline constexpr MetricInfo kOperationDuration{
    "gen_ai_client_operation_duration_seconds", Kind::histogram, "seconds",
    "From the request's arrival to the end of its answer", kDurationBounds};
inline constexpr MetricInfo kFirstToken{
    "gen_ai_server_time_to_first_token_seconds", Kind::histogram, "seconds",
    "From sending an attempt to the first byte of its answer's body", kFirstTokenBounds};
inline constexpr MetricInfo kTokenUsage{"gen_ai_client_token_usage", Kind::histogram, "tokens",
                                        "Tokens per answered request, by gen_ai_token_type",
                                        kTokenBounds};

inline constexpr MetricInfo kRequests{"tidegate_requests_total", Kind::counter, "requests",
                                      "Requests that were routed, by result"};
inline constexpr MetricInfo kRefused{"tidegate_refused_total", Kind::counter, "requests",
                                     "Requests answered by the gateway itself, by HTTP status"};
inline constexpr MetricInfo kKeyRefused{"tidegate_key_refused_total", Kind::counter, "requests",
                                        "Requests without a key that is good, by reason"};
inline constexpr MetricInfo kKeys{"tidegate_keys", Kind::gauge, "keys", "Virtual keys, by state"};
inline constexpr MetricInfo kAttempts{"tidegate_attempts_total", Kind::counter, "attempts",
                                      "Attempts at a provider, by outcome"};
inline constexpr MetricInfo kTokens{"tidegate_tokens_total", Kind::counter, "tokens",
                                    "Tokens used, failed attempts included; cached is part of "
                                    "prompt, reasoning part of completion"};
inline constexpr MetricInfo kCost{"tidegate_cost_nanodollars_total", Kind::counter, "nano-dollars",
                                  "Cost of all attempts with a known price"};
inline constexpr MetricInfo kUnpriced{"tidegate_unpriced_attempts_total", Kind::counter, "attempts",
                                      "Attempts that used tokens of unknown price"};
inline constexpr MetricInfo kInFlight{"tidegate_requests_in_flight", Kind::gauge, "requests",
                                      "Requests being served"};
inline constexpr MetricInfo kConnections{"tidegate_connections", Kind::gauge, "connections",
                                         "Open connections of clients"};
inline constexpr MetricInfo kAccepted{"tidegate_connections_accepted_total", Kind::counter,
                                      "connections", "Connections of clients accepted"};
inline constexpr MetricInfo kBreaker{"tidegate_breaker_state", Kind::gauge, "state",
                                     "Circuit of a provider and model: 0 closed, 1 half open, "
                                     "2 open"};
inline constexpr MetricInfo kLedgerQueue{"tidegate_ledger_queue_depth", Kind::gauge, "records",
                                         "Usage records that wait to be written"};
inline constexpr MetricInfo kLedgerJournalBytes{
    "tidegate_ledger_journal_bytes", Kind::gauge, "bytes",
    "Usage records that are in the journal and not yet in the store"};
inline constexpr MetricInfo kLedgerLost{"tidegate_ledger_lost_total", Kind::counter, "records",
                                        "Usage records that could not be kept anywhere"};
inline constexpr MetricInfo kLogLost{"tidegate_log_lost_bytes_total", Kind::counter, "bytes",
                                     "Bytes of log lines that could not be written"};
inline constexpr MetricInfo kReloads{"tidegate_config_reloads_total", Kind::counter, "reloads",
                                     "Config reloads, by result"};
inline constexpr MetricInfo kLimitRequests{"tidegate_limit_requests_total", Kind::counter,
                                           "requests", "Requests that a limit counted"};
inline constexpr MetricInfo kLimitTokens{"tidegate_limit_tokens_total", Kind::counter, "tokens",
                                         "Tokens that a limit counted, settled to real usage"};
inline constexpr MetricInfo kLimitRefused{"tidegate_limit_refused_total", Kind::counter, "requests",
                                          "Requests that a limit refused"};
inline constexpr MetricInfo kLimitWaited{"tidegate_limit_waited_total", Kind::counter, "requests",
                                         "Requests that waited for a limit and then passed it"};
inline constexpr MetricInfo kLimitWaiting{"tidegate_limit_waiting", Kind::gauge, "requests",
                                          "Requests that wait for a limit"};
inline constexpr MetricInfo kAdaptive{"tidegate_adaptive_limit", Kind::gauge, "requests",
                                      "Requests at a time that a provider's 429 answers allow"};
inline constexpr MetricInfo kBudgetLimit{"tidegate_budget_limit_nanodollars", Kind::gauge,
                                         "nano-dollars", "What a budget grants in its period"};
inline constexpr MetricInfo kBudgetSpent{"tidegate_budget_spent_nanodollars", Kind::gauge,
                                         "nano-dollars", "What is spent of it in this period"};
inline constexpr MetricInfo kBudgetReserved{"tidegate_budget_reserved_nanodollars", Kind::gauge,
                                            "nano-dollars",
                                            "What requests in flight hold of it at most"};
inline constexpr MetricInfo kBudgetRunsOut{
    "tidegate_budget_runs_out_timestamp_seconds", Kind::gauge, "seconds",
    "When it runs out at the rate of the last hour, seconds since 1970; absent: not in its period"};
inline constexpr MetricInfo kBudgetRefused{"tidegate_budget_refused_total", Kind::counter,
                                           "attempts", "Attempts that a budget refused"};
inline constexpr MetricInfo kBudgetDiverted{"tidegate_budget_diverted_total", Kind::counter,
                                            "requests",
                                            "Requests that a budget sent to another route"};
inline constexpr MetricInfo kBudgetAlerts{"tidegate_budget_alerts_total", Kind::counter, "alerts",
                                          "Thresholds that a budget has come to"};
inline constexpr MetricInfo kBudgetAlertsWaiting{"tidegate_budget_alerts_waiting", Kind::gauge,
                                                 "alerts", "Alerts that no webhook has taken yet"};
inline constexpr MetricInfo kRedisConnected{
    "tidegate_redis_connected", Kind::gauge, "state",
    "Whether limits are shared: 1, or 0 while Redis is away and each gateway takes its fair share"};
inline constexpr MetricInfo kRedisRoundTrips{"tidegate_redis_round_trips_total", Kind::counter,
                                             "round trips", "Round trips to Redis"};
inline constexpr MetricInfo kRedisFailures{"tidegate_redis_failures_total", Kind::counter,
                                           "failures",
                                           "Round trips and connections to Redis that failed"};
inline constexpr MetricInfo kGateways{"tidegate_gateways", Kind::gauge, "gateways",
                                      "Gateways that share limits, the most within ten seconds"};
inline constexpr MetricInfo kLeases{"tidegate_limit_leases", Kind::gauge, "leases",
                                    "Bounds of shared limits of which this gateway holds a slice"};
inline constexpr MetricInfo kStarted{"tidegate_start_time_seconds", Kind::gauge, "seconds",
                                     "Start of the process, seconds since 1970"};

// What docs/observability.md must list (metrics_list_test.cpp compares them).
inline constexpr std::array kAll{kOperationDuration,
                                 kFirstToken,
                                 kTokenUsage,
                                 kRequests,
                                 kRefused,
                                 kKeyRefused,
                                 kKeys,
                                 kAttempts,
                                 kTokens,
                                 kCost,
                                 kUnpriced,
                                 kInFlight,
                                 kConnections,
                                 kAccepted,
                                 kBreaker,
                                 kLedgerQueue,
                                 kLedgerJournalBytes,
                                 kLedgerLost,
                                 kLogLost,
                                 kReloads,
                                 kLimitRequests,
                                 kLimitTokens,
                                 kLimitRefused,
                                 kLimitWaited,
                                 kLimitWaiting,
                                 kAdaptive,
                                 kBudgetLimit,
                                 kBudgetSpent,
                                 kBudgetReserved,
                                 kBudgetRunsOut,
                                 kBudgetRefused,
                                 kBudgetDiverted,
                                 kBudgetAlerts,
                                 kBudgetAlertsWaiting,
                                 kRedisConnected,
                                 kRedisRoundTrips,
                                 kRedisFailures,
                                 kGateways,
                                 kLeases,
                                 kStarted};

}  // namespace metric

// How a routed request ended, from the client's point of view.
enum class RequestResult : std::uint8_t { ok, client_error, provider_error, client_gone };
inline constexpr std::array<std::string_view, 4> kRequestResults{"ok", "client_error",
                                                                 "provider_error", "client_gone"};

// What one (route, provider, model) is counted under. Labels come from the config, never from a
// request: what a client sends must not create series.
struct TargetLabels {
  std::string_view route;  // empty: the model was asked for by name
  std::string_view provider;
  std::string_view model;
};

struct TargetMetrics {
  // outcomes: names of the attempts' outcomes, in the order of the caller's enum.
  static TargetMetrics make(Registry& registry, const TargetLabels& labels,
                            std::span<const std::string_view> outcomes);

  [[nodiscard]] CounterId requests(RequestResult result) const {
    return requests_by_result[static_cast<std::size_t>(result)];
  }

  std::array<CounterId, kRequestResults.size()> requests_by_result;
  std::vector<CounterId> attempts_by_outcome;
  CounterId prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens;
  CounterId cost_nanodollars, unpriced_attempts;
  HistogramId duration_seconds, first_token_seconds, input_tokens, output_tokens;
};

// What one limit of the configuration is counted under, whichever of its keys or models it was for.
struct LimitMetrics {
  static LimitMetrics make(Registry& registry, std::string_view scope, std::string_view name);

  CounterId requests, input_tokens, output_tokens, refused, waited;
};

// Statuses that the gateway answers by itself; others count as "other".
inline constexpr std::array kRefusalStatuses{400, 401, 403, 404, 405, 408, 413,
                                             429, 431, 500, 502, 503, 504};

// Why a client was not let in.
enum class KeyRefusal : std::uint8_t { missing, conflict, malformed, unknown, expired, revoked };
inline constexpr std::array<std::string_view, 6> kKeyRefusals{"missing", "conflict", "malformed",
                                                              "unknown", "expired",  "revoked"};

// Connections and reloads are not here: their owners count them, and the registry samples those.
struct ServerMetrics {
  static ServerMetrics make(Registry& registry);

  [[nodiscard]] CounterId refused(int status) const;
  [[nodiscard]] CounterId key_refused(KeyRefusal why) const {
    return key_refused_by_reason[static_cast<std::size_t>(why)];
  }

  std::array<CounterId, kRefusalStatuses.size() + 1> refused_by_status;
  std::array<CounterId, kKeyRefusals.size()> key_refused_by_reason;
  LevelId in_flight;
};

}  // namespace tidegate::telemetry
