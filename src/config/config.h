// The configuration as checked values: what tidegate.yaml says, defaults filled in.
// Read once per load; immutable afterwards and shared by all threads.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/media.h"
#include "base/money.h"
#include "base/time.h"
#include "tidegate/rate_limits.h"

namespace tidegate::config {

// Where a value stands in a file; line and column count from 1, 0 when there is no file.
struct Position {
  std::string file;
  int line = 0;
  int column = 0;
};

// One thing wrong with a config: "file:line:col: message".
struct Problem {
  Position at;
  std::string message;  // what, what was expected, what to do (did you mean)
  bool warning = false;
};

[[nodiscard]] std::string format(const Problem& problem);

enum class Dialect {
  openai,
  deepseek,
  anthropic,
  kimi,
  gemini,
  vllm,
  sglang,
  llamacpp,
  openrouter,
  openai_compatible
};
[[nodiscard]] std::string_view name(Dialect dialect);

// A value that must not reach a log, an error text or a report.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  [[nodiscard]] const std::string& reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

struct Provider {
  std::string name;
  Dialect dialect = Dialect::openai_compatible;
  std::string base_url;  // "https://api.deepseek.com", no trailing slash; default of the dialect
  Secret api_key;
  std::string api_key_variable;  // the environment variable that the key comes from; for messages
  bool key_required = true;      // false for local servers
  std::string ca_file;           // extra CA certificates, PEM; empty: the system's
  int max_connections = 4096;    // per worker
  bool repair_dsml = false;      // tool calls that leak into text as DSML become calls again
  Position at;
};

// A price in a config file, USD per million tokens; absent means unknown.
struct ModelPrice {
  std::optional<PicoDollars> input, cached, cache_write, output;
};

// An addition to the catalogue or an override of an entry; absent fields keep the catalogue's
// value.
struct Model {
  std::string id;
  std::string provider;
  std::string name;  // on the wire
  std::optional<Tokens> context, max_output;
  std::optional<bool> thinking;  // whether it can think; unset: as the catalogue says, else no
  std::vector<Media> takes;      // what it can be shown; empty: as the catalogue says, else unknown
  std::optional<ModelPrice> price;
  std::vector<std::string> fallback;  // model ids
  Position at;
};

struct Alias {
  std::string name;
  std::string model;
  Position at;
};

enum class Thinking { unset, off, low, medium, high, max };

struct Route {
  std::string name;
  std::string model;  // model id or alias
  std::optional<Tokens> max_tokens;
  Thinking thinking = Thinking::unset;
  std::vector<std::string> fallback;  // model ids or aliases, in order
  Position at;
};

struct PolicyRule {
  std::string when;  // empty: always
  std::string route;
  Position at;          // of `when`, or of the rule when there is none
  bool quoted = false;  // `when` stands in quotes: its text starts one column after `at`
};

// What happens to a prompt that does not fit.
enum class OnOverflow {
  reject,           // 400 context_length_exceeded, with the sizes
  truncate_oldest,  // the oldest messages are left out
  truncate_middle,  // the same, but the first user message stays
  fallback,         // the next model of the route that is large enough
};

// A profile: how one kind of client is treated. An absent field is as in the shipped profile of the
// same name, and where there is none, as for any client.
struct Client {
  std::string name;                       // in the ledger
  std::vector<std::string> user_agents;   // globs; one that matches is enough; empty: any
  std::vector<std::string> key_digests;   // hexadecimal SHA-256; as above
  std::optional<Tokens> context_window;   // that the client believes in, prompt and answer together
  std::optional<OnOverflow> on_overflow;  // absent: the provider judges
  std::optional<bool> drops_reasoning;    // does not send it back; absent: each request shows it
  std::optional<bool> needs_usage;        // wants it at a stream's end without asking for it
  std::optional<Priority> priority;       // of its requests, unless they say
  Position at;
};

struct Retry {
  int attempts = 3;  // per target, the first included
  Duration base = 500ms;
  Duration max = 20s;
  double budget = 0.2;  // retries may be at most this share of requests
};

struct Timeouts {
  Duration connect = 5s;
  Duration first_byte = 120s;
  Duration idle = 300s;  // between two chunks of an answer
  Duration total = 30min;
  Duration client_head = 10s;  // to receive a request's head
  Duration client_body = 60s;  // without progress of a request's body
  Duration client_idle = 75s;  // keep-alive between requests
  Duration provider_idle = 50s;
  Duration client_write = 60s;  // without progress of an answer to the client
  Duration ping = 10s;          // silence of a provider after which the client gets an SSE comment
  Duration drain = 30s;         // requests in flight at SIGTERM
};

struct ListenLimits {
  std::uint64_t body_bytes = 48ull << 20;
  std::uint64_t head_bytes = 64ull << 10;
  int headers = 64;
  int connections = 20000;
};

struct Breaker {
  int failures = 5;         // consecutive failures that open it
  Duration open_for = 10s;  // before one probe is let through; doubles up to 8 times this
};

struct Tls {
  std::string certificate;  // PEM chain file; empty: plain HTTP
  std::string key;          // PEM key file
};

// Whom a limit counts together. Requests pass the scopes in this order.
enum class LimitScope { global, tenant, key, client, route, provider, model };
[[nodiscard]] std::string_view name(LimitScope scope);

struct Limit {
  LimitScope scope = LimitScope::global;
  std::string name;  // of the tenant, key, ...; empty: each of them by itself
  RateLimits bounds;
  Position at;
};

struct Limits {
  RateLimits global;
  std::vector<Limit> scopes;
  Duration queue_time = 10s;  // that a request waits for its turn
  int queue_length = 1000;    // requests that wait for one limit
  bool adaptive = true;       // learns a provider's own limits from its 429 answers
};

// Whose money a budget counts together; a task is what x-tidegate-task names.
enum class BudgetScope { global, tenant, key, client, route, provider, model, task };
[[nodiscard]] std::string_view name(BudgetScope scope);

enum class BudgetPer { day, week, month, total };
inline constexpr std::size_t kBudgetPers = 4;
[[nodiscard]] std::string_view name(BudgetPer per);

// What happens to a request that a budget has no money left for.
enum class OnExhausted { reject, alert_only, downgrade };
[[nodiscard]] std::string_view name(OnExhausted what);

// What is asked about a request whose price nobody knows.
enum class UnknownPrice { reject, allow };

enum class WebhookFormat { json, slack };

struct Budget {
  BudgetScope scope = BudgetScope::global;
  std::string name;  // of the tenant, key, ...; empty: each of them by itself
  NanoDollars amount;
  BudgetPer per = BudgetPer::month;
  std::string time_zone = "UTC";  // in which days, weeks and months begin
  std::vector<double> alert_at;   // shares of the amount, ascending; empty: kAlertAt
  Secret webhook;                 // empty: alerts are logged and counted only
  WebhookFormat webhook_format = WebhookFormat::json;
  OnExhausted on_exhausted = OnExhausted::reject;
  std::string downgrade_to;  // the route, for OnExhausted::downgrade
  UnknownPrice unknown_price = UnknownPrice::reject;
  Position at;
};
inline constexpr std::array kAlertAt{0.8, 1.0};

// A budget of a virtual key's own; in UTC.
struct SpendingCap {
  NanoDollars amount;
  BudgetPer per = BudgetPer::month;
  bool operator==(const SpendingCap&) const = default;
};
// "50/month", "0.25/day", "1000/total": USD, exact to nine decimals.
[[nodiscard]] std::optional<SpendingCap> parse_spending_cap(std::string_view text);
[[nodiscard]] std::string show(const SpendingCap& cap);

enum class LogFormat { text, json };
enum class LogLevel { error, warn, info, debug };

struct Log {
  LogFormat format = LogFormat::text;
  LogLevel level = LogLevel::info;
  bool requests = true;  // one line a request
  std::string file;      // empty: standard error
};

// A Redis server that gateways share.
struct RedisAddress {
  bool secure = false;  // TLS
  std::string host;     // name or IP literal, IPv6 without brackets
  std::uint16_t port = 0;
  Secret user, password;
  int database = 0;
};

struct State {
  std::string ledger = "sqlite:tidegate.db";
  std::string
      journal;  // file that records are in before the ledger; default: its path + ".journal"
  Duration retention{};   // of records; zero: for ever
  std::string keys;       // file of the virtual keys; default: ledger path + ".keys"
  std::string workflows;  // their journal; default: sqlite: ledger path + ".workflows"
  Duration workflow_lease = std::chrono::seconds(20);
  std::optional<RedisAddress> limits;     // absent: every gateway counts for itself
  std::string redis_prefix = "tidegate";  // of the names of all that is kept there
  std::string redis_ca_file;              // extra CA certificates, PEM; empty: the system's
  int gateways = 1;                       // that share it, until Redis has said how many there are

  // The path that the files beside the ledger are named after.
  [[nodiscard]] std::string base() const {
    return ledger.starts_with("sqlite:") ? ledger.substr(7) : "tidegate.db";
  }
};

// How runs of workflows are worked on.
struct Workflows {
  int keep = 16;                // requests at a time, before other gateways are given any
  int help = 64;                // requests at a time for runs of other gateways; 0: none
  int orphans = 5;              // attempts of a task that were in flight when their process died
  int tool_calls = 64;          // of one turn
  int parallel_tool_calls = 8;  // of one turn, of tools that only read
  std::uint64_t tool_output = 64u << 10;           // bytes of a result that a model gets
  std::uint64_t tool_message = 16u << 20;          // bytes of a message from a tool server
  Duration tool_total = std::chrono::minutes(30);  // of one call
  int server_tools = 2000;                         // of one tool server
};

// When clients are asked for a key.
enum class Auth {
  automatic,  // from the first key on; before it only loopback is served
  keys,       // always
  open,       // never; a key that is sent is checked all the same
};

struct Config {
  std::string file;  // empty: the embedded default
  std::string listen = "127.0.0.1:8080";
  std::string admin = "127.0.0.1:8081";
  Auth auth = Auth::automatic;
  Secret admin_token;  // empty: the admin listener, which is on loopback then, asks for none
  Secret key_secret;   // what keys are hashed under; empty: the file beside theirs
  std::optional<Tls> tls;
  int workers = 0;  // 0: one per core
  bool io_uring = true;
  std::vector<Provider> providers;
  std::vector<Model> models;
  std::vector<Alias> aliases;
  std::vector<Route> routes;
  std::vector<PolicyRule> policy;
  std::vector<Client> clients;  // the first that matches counts; before the shipped ones
  Duration sticky_for = 1h;     // a task keeps its route while its requests are closer than this
  Retry retry;
  Timeouts timeouts;
  ListenLimits http;
  std::optional<Limits> limits;  // absent: nothing is limited
  std::vector<Budget> budgets;
  Breaker breaker;
  Log log;
  State state;
  Workflows workflows;
  bool simulated = false;  // no key at all: the built-in simulator stands in for every provider
};

struct Loaded {
  Config config;
  std::vector<Problem> problems;  // any that is not a warning: the config must not be used
  [[nodiscard]] bool ok() const;
};

// By line and column. The loader's are sorted; whoever adds to them sorts again.
void sort_by_position(std::vector<Problem>& problems);

// Reads, expands ${ENV}, checks. All problems are reported, not only the first.
Loaded load_file(const std::string& path);
Loaded load_text(std::string_view yaml, const std::string& file_name);
// The config without a file: providers whose keys are in the environment, else the simulator.
Loaded embedded_default();
// Sets variables from a .env file unless the environment has them. Missing file: nothing happens.
std::vector<Problem> load_dotenv(const std::string& path);

}  // namespace tidegate::config
