// How the program listens, waits, retries, logs and keeps its state.
#include "config/kinds.h"
#include "config/options.h"
#include "config/redis_address.h"

namespace tidegate::config {
namespace {

constexpr std::pair<std::string_view, LogFormat> kFormats[] = {{"text", LogFormat::text},
                                                               {"json", LogFormat::json}};
constexpr std::pair<std::string_view, LogLevel> kLevels[] = {{"error", LogLevel::error},
                                                             {"warn", LogLevel::warn},
                                                             {"info", LogLevel::info},
                                                             {"debug", LogLevel::debug}};

constexpr std::pair<std::string_view, Auth> kAuths[] = {
    {"auto", Auth::automatic}, {"keys", Auth::keys}, {"open", Auth::open}};

DurationBetween wait() { return {1ms, 24h}; }

// Kept as it is written.
struct LedgerAddress : Line {
  LedgerAddress() : Line("sqlite:FILE or postgresql://USER:PASSWORD@HOST/DATABASE") {}
  static std::optional<std::string> parse(std::string_view text) {
    const bool file = text.starts_with("sqlite:") && text.size() > 7;
    const bool server = text.starts_with("postgresql://") || text.starts_with("postgres://");
    if (!file && !server) return std::nullopt;
    return std::string(text);
  }
  // A database address may hold a password.
  static bool may_quote(std::string_view text) { return !text.contains('@'); }
};

}  // namespace

const Section<Tls>& tls_options() {
  static const Section<Tls> options = [] {
    Section<Tls> all;
    all.push_back(option("certificate", &Tls::certificate, ReadableFile{}, "server.pem",
                         "PEM file with the certificate and its chain.")
                      .required()
                      .needs_restart());
    all.push_back(
        option("key", &Tls::key, ReadableFile{}, "server.key", "PEM file with the private key.")
            .required()
            .needs_restart());
    return all;
  }();
  return options;
}

const Section<ListenLimits>& http_options() {
  using L = ListenLimits;
  static const Section<L> options{
      option("body", &L::body_bytes, BytesBetween{1u << 10, 1u << 30}, "48MiB",
             "Largest body of a request; a larger one is answered 413."),
      option("head", &L::head_bytes, BytesBetween{1u << 10, 1u << 20}, "64KiB",
             "Largest head of a request, request line and headers together; else 431."),
      option("headers", &L::headers, IntegerBetween{8, 1000}, "64",
             "Most headers of a request; else 431."),
      option("connections", &L::connections, IntegerBetween{1, 1'000'000}, "20000",
             "Most open client connections; further ones are closed at once."),
  };
  return options;
}

const Section<Timeouts>& timeout_options() {
  using T = Timeouts;
  static const Section<T> options{
      option("connect", &T::connect, wait(), "5s",
             "To connect to a provider, name lookup and TLS included."),
      option("first_byte", &T::first_byte, wait(), "120s",
             "From the sent request to the first byte of the provider's answer."),
      option("idle", &T::idle, wait(), "300s", "Between two pieces of a provider's answer."),
      option("total", &T::total, wait(), "30m", "For a whole request, retries included."),
      option("client_head", &T::client_head, wait(), "10s",
             "To receive the head of a client's request."),
      option("client_body", &T::client_body, wait(), "60s",
             "Without progress of a client's request body."),
      option("client_idle", &T::client_idle, wait(), "75s",
             "For an idle client connection between two requests."),
      option("provider_idle", &T::provider_idle, wait(), "50s",
             "For an idle connection to a provider, which the next request may use; less than what "
             "load balancers before providers allow, often 60s."),
      option("client_write", &T::client_write, wait(), "60s",
             "Without progress while an answer is written to a client."),
      option("ping", &T::ping, wait(), "10s",
             "Silence of a provider after which a streaming client is sent an SSE comment, so that "
             "nothing between closes the connection."),
      option("drain", &T::drain, wait(), "30s",
             "For requests in flight when the program is told to stop."),
  };
  return options;
}

const Section<Retry>& retry_options() {
  using R = Retry;
  static const Section<R> options{
      option("attempts", &R::attempts, IntegerBetween{1, 10}, "3",
             "Attempts at one model, the first included, before the next fallback."),
      option("base", &R::base, wait(), "500ms",
             "Longest wait before the second attempt; it doubles with each further one. The wait "
             "is random below that."),
      option("max", &R::max, wait(), "20s", "Longest wait before any attempt."),
      option("budget", &R::budget, Percent{}, "20%",
             "Retries may be at most this share of requests, so that an outage is not met with a "
             "multiple of the load."),
  };
  return options;
}

const Section<Breaker>& breaker_options() {
  using B = Breaker;
  static const Section<B> options{
      option("failures", &B::failures, IntegerBetween{1, 1000}, "5",
             "Failures in a row after which a model of a provider is left out."),
      option("open_for", &B::open_for, wait(), "10s",
             "How long it is left out before one request may try it; doubles up to 8 times."),
  };
  return options;
}

const Section<Log>& log_options() {
  static const Section<Log> options = [] {
    Section<Log> all;
    all.push_back(option("format", &Log::format, OneOf<LogFormat>{kFormats}, "json",
                         "Text for people, JSON for machines."));
    all.push_back(option("level", &Log::level, OneOf<LogLevel>{kLevels}, "debug",
                         "The least important lines that are written."));
    all.push_back(
        option("requests", &Log::requests, Boolean{}, "false", "One line for each request."));
    all.push_back(option("file", &Log::file, Line{"a file"}, "/var/log/tidegate.log",
                         "Where lines go; standard error if left out.")
                      .needs_restart());
    return all;
  }();
  return options;
}

const Section<State>& state_options() {
  static const Section<State> options = [] {
    Section<State> all;
    all.push_back(option("ledger", &State::ledger, LedgerAddress{},
                         "sqlite:/var/lib/tidegate/ledger.db",
                         "Where usage records are kept; several gateways may share a PostgreSQL "
                         "database (docs/ledger.md).")
                      .needs_restart());
    all.push_back(
        option("journal", &State::journal, Line{"a file"}, "/var/lib/tidegate/ledger.journal",
               "Where records are durable before they are in the ledger, and wait when it is away; "
               "a file of this gateway alone. The ledger's file with .journal added if left out, "
               "tidegate.db.journal with PostgreSQL.")
            .needs_restart());
    all.push_back(option("retention", &State::retention, DurationBetween{0s, 24h * 36'500}, "90d",
                         "Records that are older are deleted; what they sum up to per hour stays. "
                         "0s keeps all.")
                      .needs_restart());
    all.push_back(option("keys", &State::keys, Line{"a file"}, "/var/lib/tidegate/keys.db",
                         "Where the virtual keys are kept, SQLite; the ledger's file with .keys "
                         "added if left out.")
                      .needs_restart());
    all.push_back(option("workflows", &State::workflows, LedgerAddress{},
                         "postgresql://gateway:${PG_PASSWORD}@10.0.0.7/tidegate",
                         "Where runs of workflows are written down. Gateways that share a "
                         "PostgreSQL database share the runs: each goes on with those of one that "
                         "died. A file beside the ledger if left out (workflows.md).")
                      .needs_restart());
    all.push_back(option("workflow_lease", &State::workflow_lease, DurationBetween{2s, 1h}, "10s",
                         "How long a process that is not heard of keeps its runs of workflows; "
                         "others look for runs to take over five times in that time.")
                      .needs_restart());
    all.push_back(option("limits", &State::limits, RedisAddressKind{},
                         "redis://gateway:${REDIS_PASSWORD}@10.0.0.7:6379/0",
                         "The Redis server (7 or later) through which gateways share limits, "
                         "breakers, sticky tasks and remembered reasoning; left out: each gateway "
                         "counts for itself. See many-gateways.md.")
                      .needs_restart());
    all.push_back(option("redis_prefix", &State::redis_prefix, Name{}, "staging",
                         "What all names in Redis begin with: gateways share what has one prefix.")
                      .needs_restart());
    all.push_back(option("redis_ca_file", &State::redis_ca_file, ReadableFile{}, "redis-ca.pem",
                         "CA certificates to trust for rediss://, beside those of the system.")
                      .needs_restart());
    all.push_back(option("gateways", &State::gateways, IntegerBetween{1, 1000}, "4",
                         "How many gateways share Redis, in case it cannot be asked when they "
                         "start: each then takes that part of a limit.")
                      .needs_restart());
    return all;
  }();
  return options;
}

const Section<Workflows>& workflow_options() {
  static const Section<Workflows> options = [] {
    using W = Workflows;
    Section<W> all;
    all.push_back(option("keep", &W::keep, IntegerBetween{0, 1'000'000}, "100",
                         "Requests of its runs that a gateway makes at a time before it gives any "
                         "to others that share its PostgreSQL database (workflows.md).")
                      .needs_restart());
    all.push_back(option("help", &W::help, IntegerBetween{0, 1'000'000}, "500",
                         "Requests that it makes at a time for runs of others; 0 is none.")
                      .needs_restart());
    all.push_back(option("orphans", &W::orphans, IntegerBetween{1, 1000}, "3",
                         "A task fails that was in flight so often when its process died.")
                      .needs_restart());
    all.push_back(option("tool_calls", &W::tool_calls, IntegerBetween{1, 10'000}, "16",
                         "Calls of tools that a model may make in one turn; the others are "
                         "answered with an error.")
                      .needs_restart());
    all.push_back(option("parallel_tool_calls", &W::parallel_tool_calls, IntegerBetween{1, 1000},
                         "4", "Those of tools that only read that are made at a time.")
                      .needs_restart());
    all.push_back(option("tool_output", &W::tool_output, BytesBetween{1u << 10, 64u << 20},
                         "256KiB", "Of a tool's result, so much is given to the model.")
                      .needs_restart());
    all.push_back(option("tool_message", &W::tool_message, BytesBetween{64u << 10, 1u << 30},
                         "32MiB", "The longest message of a tool server.")
                      .needs_restart());
    all.push_back(option("tool_total", &W::tool_total, DurationBetween{1s, 24h}, "2h",
                         "How long a call of a tool may take, whatever it reports meanwhile.")
                      .needs_restart());
    all.push_back(option("server_tools", &W::server_tools, IntegerBetween{1, 100'000}, "5000",
                         "Tools that one server may list.")
                      .needs_restart());
    return all;
  }();
  return options;
}

const Section<Config>& config_options() {
  using C = Config;
  static const Section<C> options = [] {
    Section<C> all;
    all.push_back(
        option("listen", &C::listen, ListenAddress{}, "0.0.0.0:8080", "Where clients connect.")
            .needs_restart());
    all.push_back(option("admin", &C::admin, ListenAddress{}, "127.0.0.1:8081",
                         "Where the console, metrics and health checks are; not for clients.")
                      .needs_restart());
    all.push_back(option("admin_token", &C::admin_token, SecretText{16}, "${TIDEGATE_ADMIN_TOKEN}",
                         "What /metrics and /api of the admin listener ask for, as Authorization: "
                         "Bearer TOKEN. Needed where `admin` is not on loopback.")
                      .needs_restart());
    all.push_back(option("auth", &C::auth, OneOf<Auth>{kAuths}, "keys",
                         "Whether clients need a virtual key. auto: from the first key on, and "
                         "without any only a loopback `listen` is served. keys: always. open: "
                         "never, wherever it listens; keys that are sent are checked all the same.")
                      .needs_restart());
    all.push_back(
        option("key_secret", &C::key_secret, SecretText{32}, "${TIDEGATE_KEY_SECRET}",
               "What virtual keys are hashed under; if left out, a random one in the file "
               "of the keys with .secret added. A change makes all keys useless.")
            .needs_restart());
    all.push_back(option("workers", &C::workers, IntegerBetween{0, 256}, "4",
                         "Threads that serve requests; 0 is one per core.")
                      .needs_restart());
    all.push_back(option("io_uring", &C::io_uring, Boolean{}, "false",
                         "Sends many answers by one system call where the system allows it; where "
                         "it does not, as in many containers, one by one as with false.")
                      .needs_restart());
    all.push_back({{"tls", "Serves HTTPS instead of HTTP to clients.",
                    "{ certificate: server.pem, key: server.key }", "a map, see below", ""},
                   [](C& config, const Node& node, const std::string& path, Reader& reader) {
                     read_section(tls_options(), node, path, config.tls.emplace(), reader);
                   }});
    all.push_back(providers_option());
    all.push_back(models_option());
    all.push_back(routes_option());
    all.push_back(policy_option());
    all.push_back(clients_option());
    all.push_back(option("sticky_for", &C::sticky_for, DurationBetween{0s, 168h}, "1h",
                         "A task keeps its route while its requests are closer together than this; "
                         "0s decides each request anew."));
    all.push_back(subsection("retry", &C::retry, retry_options(), "{ attempts: 2 }",
                             "When a provider fails before its answer has begun."));
    all.push_back(subsection("timeouts", &C::timeouts, timeout_options(), "{ first_byte: 60s }",
                             "How long each wait may take."));
    all.push_back(
        subsection("http", &C::http, http_options(), "{ body: 64MiB }", "What clients may send."));
    all.push_back(subsection("breaker", &C::breaker, breaker_options(), "{ failures: 3 }",
                             "When a failing model is left out for a while."));
    all.push_back(subsection("log", &C::log, log_options(), "{ format: json }", "What is logged."));
    all.push_back(subsection("state", &C::state, state_options(), "{ ledger: \"sqlite:usage.db\" }",
                             "Where the program keeps what must last."));
    all.push_back(subsection("workflows", &C::workflows, workflow_options(), "{ help: 500 }",
                             "How runs of workflows are worked on."));
    all.push_back(limits_option());
    all.push_back(budgets_option());
    return all;
  }();
  return options;
}

}  // namespace tidegate::config
