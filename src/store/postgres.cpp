#include "store/postgres.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/text.h"
#include "store/host_name.h"
#include "store/pipelined.h"
#include "store/postgres_library.h"

namespace tidegate::store {
namespace {

constexpr std::size_t kMostQueued = 256;  // their answers fit into the buffers of the network
constexpr Duration kSlice = 40ms;         // of a wait, between two calls of while_waiting

struct Finish {
  const PostgresLibrary* pq;
  void operator()(PGconn* connection) const { pq->PQfinish(connection); }
};
struct Clear {
  const PostgresLibrary* pq;
  void operator()(PGresult* result) const { pq->PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Finish>;
using Answer = std::unique_ptr<PGresult, Clear>;

TimePoint now() { return std::chrono::steady_clock::now(); }

// libpq's messages have several lines; what a gateway logs has one.
std::string one_line(std::string_view text) {
  std::string out(text.substr(0, text.find_last_not_of(" \n\t") + 1));
  std::ranges::replace(out, '\n', ' ');
  return out;
}

std::int64_t lock_key(std::string_view name) {
  return static_cast<std::int64_t>(hash_bytes(name) & INT64_MAX);
}

// What text of this database cannot hold, which others and JSON can, is replaced as in browsers: a
// zero, and what is not UTF-8.
std::string storable(std::string_view text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string out(text);
  for (std::size_t at = out.find('\0'); at != std::string::npos; at = out.find('\0', at)) {
    out.replace(at, 1, kReplacement);
  }
  if (is_valid_utf8(out)) return out;
  std::string mended;
  for (std::size_t at = 0; at < out.size();) {
    std::size_t size = 1;
    while (size <= 4 && at + size <= out.size() && !is_valid_utf8({out.data() + at, size})) ++size;
    const bool good = size <= 4 && at + size <= out.size();
    mended += good ? std::string_view(out).substr(at, size) : kReplacement;
    at += good ? size : 1;
  }
  return mended;
}

class PostgresRow final : public Row {
 public:
  PostgresRow(const PostgresLibrary& pq, const PGresult* result) : pq_(pq), result_(result) {}
  [[nodiscard]] bool is_null(int column) const override {
    return pq_.PQgetisnull(result_, 0, column) != 0;
  }
  [[nodiscard]] std::int64_t integer(int column) const override {
    const std::string_view digits = text(column);
    std::int64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  }
  [[nodiscard]] std::string_view text(int column) const override {
    return {pq_.PQgetvalue(result_, 0, column),
            static_cast<std::size_t>(pq_.PQgetlength(result_, 0, column))};
  }

 private:
  const PostgresLibrary& pq_;
  const PGresult* result_;
};

class PostgresStore final : public Store, public Pipelined {
 public:
  PostgresStore(const PostgresLibrary& pq, PostgresOptions options)
      : pq_(pq), options_(std::move(options)), name_(without_password(options_.url)) {}

  Result<void> connect();

  [[nodiscard]] Dialect dialect() const override { return Dialect::postgres; }

  Result<void> execute(std::string_view sql) override {
    if (auto flushed = flush(); !flushed) return flushed;
    if (connection_ == nullptr) return lost();
    if (pq_.PQsendQuery(connection_.get(), std::string(sql).c_str()) == 0) return lost();
    return results([](const PGresult*) {});
  }

  Result<std::int64_t> run(std::string_view sql, std::span<const Value> values) override {
    std::int64_t changed = 0;
    auto done = send(sql, values, [&](const PGresult* result) {
      const std::string_view count = pq_.PQcmdTuples(const_cast<PGresult*>(result));
      std::from_chars(count.data(), count.data() + count.size(), changed);
    });
    if (!done) return std::unexpected(done.error());
    return changed;
  }

  Result<void> query(std::string_view sql, std::span<const Value> values,
                     const std::function<void(const Row&)>& each) override {
    return send(sql, values, [&](const PGresult* result) {
      if (pq_.PQntuples(result) > 0) each(PostgresRow(pq_, result));
    });
  }

  Result<void> queue(std::string_view sql, std::span<const Value> values,
                     std::int64_t rows) override;
  Result<void> flush() override;

  Result<void> begin_reading() override {
    return begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  }

  Result<bool> has_table(std::string_view name) override {
    const Value value = name;
    return any("SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1",
               std::span(&value, 1));
  }

  Result<bool> is_empty() override {
    const auto tables =
        any("SELECT 1 FROM pg_tables WHERE schemaname = current_schema() LIMIT 1", {});
    if (!tables) return tables;
    return !*tables;
  }

  Result<void> begin() override {
    auto begun = begin_with("BEGIN");
    if (!begun || options_.write_lock.empty()) return begun;
    const Value key = lock_key(options_.write_lock);
    auto locked = query("SELECT pg_advisory_xact_lock($1)", std::span(&key, 1), [](const Row&) {});
    if (!locked) rollback();
    return locked;
  }

  Result<void> commit() override {
    if (auto flushed = flush(); !flushed) return flushed;
    if (connection_ == nullptr) return lost();
    if (pq_.PQsendQuery(connection_.get(), "COMMIT") == 0) return lost();
    bool committed = false;
    auto done = results([&](const PGresult* result) {
      // A transaction that had an error ends in ROLLBACK, which is no error to the server.
      committed = std::string_view(pq_.PQcmdStatus(const_cast<PGresult*>(result))) == "COMMIT";
    });
    in_transaction_ = false;
    if (done && !committed) {
      return fail(ErrorCode::io, fmt::format("{}: the transaction was rolled back", name_));
    }
    return done;
  }

  void rollback() override {
    std::ignore = flush();
    if (in_transaction_ && connection_ != nullptr) std::ignore = execute("ROLLBACK");
    in_transaction_ = false;
  }

 private:
  struct Queued {
    std::string_view sql;  // a key of statements_
    std::int64_t rows;
  };
  enum class Ready : std::uint8_t { yes, no, broken };
  Ready wait(short events, TimePoint deadline);
  Result<Answer> next_result();
  Result<void> results(const std::function<void(const PGresult*)>& each);
  Result<void> send(std::string_view sql, std::span<const Value> values,
                    const std::function<void(const PGresult*)>& each);
  Result<std::string> prepare(std::string_view sql);
  bool send_prepared(const std::string& name, std::span<const Value> values);
  Result<void> answer_of(const Queued& queued);
  Result<bool> any(std::string_view sql, std::span<const Value> values);
  Result<void> begin_with(std::string_view sql);
  std::unexpected<Error> lost();
  std::unexpected<Error> silent();
  [[nodiscard]] Error error_of(const PGresult* result) const;

  const PostgresLibrary& pq_;
  PostgresOptions options_;
  std::string name_;
  Connection connection_{nullptr, Finish{&pq_}};
  bool in_transaction_ = false;
  std::unordered_map<std::string, std::string> statements_;  // names of what is prepared, by text
  std::vector<Queued> queued_;  // sent in pipeline mode, which is on while there are any
};

// Of the one host of an address; empty: it has none, several, a socket's folder, or numbers.
std::string name_to_look_up(const PQconninfoOption* options) {
  std::string name;
  for (; options->keyword != nullptr; ++options) {
    const std::string_view key = options->keyword;
    const std::string_view value = options->val == nullptr ? "" : options->val;
    if (key == "hostaddr" && !value.empty()) return {};
    if (key == "host") name = value;
  }
  const bool is_name = !name.empty() && name.front() != '/' && name.front() != '@' &&
                       name.find_first_of(",:") == std::string::npos &&
                       name.find_first_not_of("0123456789.") != std::string::npos;
  return is_name ? name : std::string();
}

Result<void> PostgresStore::connect() {
  // libpq's own message about an address that it cannot read quotes the password.
  char* problem = nullptr;
  PQconninfoOption* const parsed = pq_.PQconninfoParse(options_.url.c_str(), &problem);
  pq_.PQfreemem(problem);
  if (parsed == nullptr) {
    return fail(ErrorCode::invalid,
                fmt::format("{}: this is no address of a PostgreSQL server; expected "
                            "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, where special "
                            "characters of a password are written as %XX",
                            name_));
  }
  const std::string name = name_to_look_up(parsed);
  pq_.PQconninfoFree(parsed);
  const TimePoint deadline = now() + options_.connect_within;
  // One host for each address: libpq tries them in turn. Empty ones count as not given.
  std::string hosts, addresses;
  if (!name.empty()) {
    auto found = addresses_of(name, deadline, options_.while_waiting);
    if (!found) {
      return fail(found.error().code, fmt::format("{}: {}", name_, found.error().message));
    }
    hosts = fmt::format("{}", fmt::join(std::vector(found->size(), name), ","));
    addresses = fmt::format("{}", fmt::join(*found, ","));
  }
  const std::array<const char*, 8> keys{"dbname",          "application_name",
                                        "client_encoding", "fallback_application_name",
                                        "connect_timeout", "host",
                                        "hostaddr",        nullptr};
  const std::array<const char*, 8> values{options_.url.c_str(),
                                          options_.application.c_str(),
                                          "UTF8",
                                          "tidegate",
                                          "10",
                                          hosts.c_str(),
                                          addresses.c_str(),
                                          nullptr};
  connection_.reset(pq_.PQconnectStartParams(keys.data(), values.data(), 1));
  if (connection_ == nullptr) return fail(ErrorCode::internal, "out of memory");
  PostgresPollingStatusType step = PGRES_POLLING_WRITING;
  if (pq_.PQstatus(connection_.get()) == CONNECTION_BAD) step = PGRES_POLLING_FAILED;
  while (step == PGRES_POLLING_READING || step == PGRES_POLLING_WRITING) {
    if (wait(step == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline) != Ready::yes) {
      connection_.reset();
      return fail(
          ErrorCode::unavailable,
          fmt::format(
              "{}: no connection within {} s", name_,
              std::chrono::duration_cast<std::chrono::seconds>(options_.connect_within).count()));
    }
    step = pq_.PQconnectPoll(connection_.get());
  }
  if (step != PGRES_POLLING_OK) {
    const std::string why = one_line(pq_.PQerrorMessage(connection_.get()));
    const bool refused = pq_.PQconnectionNeedsPassword(connection_.get()) != 0 ||
                         why.contains("authentication failed") || why.contains("certificate") ||
                         why.contains("SSL");
    connection_.reset();
    return fail(refused ? ErrorCode::unauthorized : ErrorCode::unavailable,
                fmt::format("{}: {}", name_, why));
  }
  pq_.PQsetnonblocking(connection_.get(), 1);
  pq_.PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
  // A gateway that dies or is cut off must not hold its lock, and with it the others, for long.
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(options_.answer_within).count();
  return execute(
      fmt::format("SET idle_in_transaction_session_timeout = {0};"
                  "SET lock_timeout = {0};"
                  "SET tcp_user_timeout = {0};"
                  "SET tcp_keepalives_idle = 10",
                  milliseconds));
}

PostgresStore::Ready PostgresStore::wait(short events, TimePoint deadline) {
  while (true) {
    const Duration left = std::min<Duration>(deadline - now(), kSlice);
    if (left <= Duration::zero()) return Ready::no;
    pollfd entry{.fd = pq_.PQsocket(connection_.get()), .events = events, .revents = 0};
    if (entry.fd < 0) return Ready::broken;
    const auto timeout = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    if (::poll(&entry, 1, static_cast<int>(timeout)) > 0) return Ready::yes;
    if (options_.while_waiting) options_.while_waiting();
  }
}

// The connection is of no more use; what it was at is not known to have taken place.
std::unexpected<Error> PostgresStore::lost() {
  std::string why = "the connection was lost";
  if (connection_ != nullptr) {
    const std::string message = one_line(pq_.PQerrorMessage(connection_.get()));
    if (!message.empty()) why += ": " + message;
  }
  connection_.reset();
  queued_.clear();
  in_transaction_ = false;
  return fail(ErrorCode::unavailable, fmt::format("{}: {}", name_, why));
}

std::unexpected<Error> PostgresStore::silent() {
  connection_.reset();
  queued_.clear();
  in_transaction_ = false;
  return fail(
      ErrorCode::unavailable,
      fmt::format(
          "{}: no answer within {} s", name_,
          std::chrono::duration_cast<std::chrono::seconds>(options_.answer_within).count()));
}

// Null: there are no more.
Result<Answer> PostgresStore::next_result() {
  PGconn* const connection = connection_.get();
  TimePoint deadline = now() + options_.answer_within;
  while (true) {
    const int unsent = pq_.PQflush(connection);
    if (unsent < 0) return lost();
    if (unsent == 0 && pq_.PQisBusy(connection) == 0) {
      return Answer(pq_.PQgetResult(connection), Clear{&pq_});
    }
    const short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;
    const Ready ready = wait(events, deadline);
    if (ready == Ready::no) return silent();
    if (ready == Ready::broken || pq_.PQconsumeInput(connection) == 0) return lost();
  }
}

// Hands out the results of what was sent; the first error among them is the call's.
Result<void> PostgresStore::results(const std::function<void(const PGresult*)>& each) {
  Result<void> done;
  while (true) {
    auto result = next_result();
    if (!result) return std::unexpected(result.error());
    if (*result == nullptr) break;
    switch (pq_.PQresultStatus(result->get())) {
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
      case PGRES_SINGLE_TUPLE:
      case PGRES_EMPTY_QUERY:
        if (done) each(result->get());
        break;
      default:
        if (done) done = std::unexpected(error_of(result->get()));
        break;
    }
  }
  if (pq_.PQstatus(connection_.get()) == CONNECTION_BAD) return lost();
  return done;
}

Error PostgresStore::error_of(const PGresult* result) const {
  const char* const field = pq_.PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string_view state = field == nullptr ? "" : field;
  // Classes of SQLSTATE (PostgreSQL's appendix A): 08 connection, 53300 too many connections, 55P03
  // lock not available, 57 operator intervention, 40 rollback; 22, 23 and 42 are the statement's.
  ErrorCode code = ErrorCode::io;
  if (state.empty() || state.starts_with("08") || state == "53300" || state == "55P03" ||
      state.starts_with("57") || state.starts_with("40")) {
    code = ErrorCode::unavailable;
  } else if (state.starts_with("22") || state.starts_with("23") || state.starts_with("42") ||
             state.starts_with("P0")) {
    code = ErrorCode::invalid;
  }
  return {code, fmt::format("{}: {}", name_, one_line(pq_.PQresultErrorMessage(result))), {}};
}

Result<std::string> PostgresStore::prepare(std::string_view sql) {
  const std::string text(sql);
  if (const auto found = statements_.find(text); found != statements_.end()) return found->second;
  std::string name = fmt::format("s{}", statements_.size());
  if (pq_.PQsendPrepare(connection_.get(), name.c_str(), text.c_str(), 0, nullptr) == 0)
    return lost();
  if (auto done = results([](const PGresult*) {}); !done) return std::unexpected(done.error());
  statements_.emplace(text, name);
  return name;
}

// In text form, which ends with a zero byte.
bool PostgresStore::send_prepared(const std::string& name, std::span<const Value> values) {
  std::vector<std::string> texts(values.size());
  std::vector<const char*> pointers(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (const auto* integer = std::get_if<std::int64_t>(&values[i])) {
      texts[i] = fmt::format("{}", *integer);
    } else if (const auto* text = std::get_if<std::string_view>(&values[i])) {
      texts[i] = storable(*text);
    } else {
      continue;
    }
    pointers[i] = texts[i].c_str();
  }
  return pq_.PQsendQueryPrepared(connection_.get(), name.c_str(), static_cast<int>(values.size()),
                                 pointers.data(), nullptr, nullptr, 0) != 0;
}

Result<void> PostgresStore::send(std::string_view sql, std::span<const Value> values,
                                 const std::function<void(const PGresult*)>& each) {
  if (auto flushed = flush(); !flushed) return flushed;
  if (connection_ == nullptr) return lost();
  const auto name = prepare(sql);
  if (!name) return std::unexpected(name.error());
  if (!send_prepared(*name, values)) return lost();
  // Row by row, so that a report over all records needs no memory for them.
  pq_.PQsetSingleRowMode(connection_.get());
  return results(each);
}

Result<void> PostgresStore::queue(std::string_view sql, std::span<const Value> values,
                                  std::int64_t rows) {
  if (connection_ == nullptr) return lost();
  auto known = statements_.find(std::string(sql));
  if (known == statements_.end()) {
    if (auto flushed = flush(); !flushed) return flushed;
    if (auto name = prepare(sql); !name) return std::unexpected(name.error());
    known = statements_.find(std::string(sql));
  }
  if (queued_.empty() && pq_.PQenterPipelineMode(connection_.get()) == 0) return lost();
  queued_.push_back({known->first, rows});
  if (!send_prepared(known->second, values)) return lost();
  if (queued_.size() < kMostQueued) return {};
  return flush();
}

// The first error is the call's; the server passes over what comes behind it.
Result<void> PostgresStore::flush() {
  if (queued_.empty()) return {};
  const std::vector<Queued> queued = std::exchange(queued_, {});
  if (connection_ == nullptr || pq_.PQpipelineSync(connection_.get()) == 0) return lost();
  Result<void> done;
  for (const Queued& one : queued) {
    auto answer = answer_of(one);
    if (connection_ == nullptr) return answer;
    if (done) done = std::move(answer);
  }
  const auto end = next_result();
  if (!end) return std::unexpected(end.error());
  if (pq_.PQresultStatus(end->get()) != PGRES_PIPELINE_SYNC ||
      pq_.PQexitPipelineMode(connection_.get()) == 0) {
    return lost();
  }
  return done;
}

Result<void> PostgresStore::answer_of(const Queued& queued) {
  auto result = next_result();
  if (!result) return std::unexpected(result.error());
  PGresult* const answer = result->get();
  if (answer == nullptr) return lost();
  const ExecStatusType status = pq_.PQresultStatus(answer);
  Result<void> done;
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
    std::int64_t changed = 0;
    const std::string_view count = pq_.PQcmdTuples(answer);
    std::from_chars(count.data(), count.data() + count.size(), changed);
    done = check_rows(queued.sql, changed, queued.rows);
  } else {
    done = std::unexpected(error_of(answer));
  }
  // A null one ends each statement's results.
  const auto end = next_result();
  if (!end) return std::unexpected(end.error());
  if (*end != nullptr) return lost();
  return done;
}

Result<bool> PostgresStore::any(std::string_view sql, std::span<const Value> values) {
  bool found = false;
  auto read = query(sql, values, [&](const Row&) { found = true; });
  if (!read) return std::unexpected(read.error());
  return found;
}

Result<void> PostgresStore::begin_with(std::string_view sql) {
  auto begun = execute(sql);
  in_transaction_ = begun.has_value();
  return begun;
}

}  // namespace

Result<std::unique_ptr<Store>> open_postgres(PostgresOptions options) {
  const PostgresLibrary* const pq = postgres_library();
  if (pq == nullptr) {
    return fail(
        ErrorCode::invalid,
        "PostgreSQL needs libpq 14 or later, which is not on this machine; install it with: "
        "apt-get install libpq5");
  }
  auto store = std::make_unique<PostgresStore>(*pq, std::move(options));
  if (auto connected = store->connect(); !connected) return std::unexpected(connected.error());
  return store;
}

std::string without_password(std::string_view url) {
  std::string out(url);
  const std::size_t scheme = out.find("://");
  if (scheme == std::string::npos) return "postgresql";
  const std::size_t begin = scheme + 3;
  const std::size_t colon = out.find(':', begin);
  // A password may have a '?' in it. One with a '/' is a mistake, but a secret all the same.
  std::size_t at = out.find('@', begin);
  const std::size_t slash = std::min(out.find('/', begin), out.size());
  if (at == std::string::npos || at > slash) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const std::size_t port_end = std::min(out.find_first_of("/?", begin), out.size());
    const bool has_port =
        colon < port_end &&
        std::all_of(out.begin() + static_cast<std::ptrdiff_t>(colon) + 1,
                    out.begin() + static_cast<std::ptrdiff_t>(port_end), is_digit);
    at = has_port || colon > slash ? std::string::npos : out.rfind('@');
  }
  if (at != std::string::npos && colon < at) out.replace(colon + 1, at - colon - 1, "***");
  // password=... and sslpassword=... may stand among the parameters, too.
  if (const std::size_t query = out.find('?'); query != std::string::npos) {
    std::string kept;
    std::string_view rest = std::string_view(out).substr(query + 1);
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('&'), rest.size());
      const std::string_view one = rest.substr(0, end);
      const std::string_view key = one.substr(0, one.find('='));
      kept += kept.empty() ? '?' : '&';
      kept.append(key.ends_with("password") ? std::string(key) + "=***" : std::string(one));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    out.replace(query, std::string::npos, kept);
  }
  return out;
}

}  // namespace tidegate::store
