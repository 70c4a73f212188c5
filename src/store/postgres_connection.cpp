#include "store/postgres_connection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "store/host_name.h"
#include "store/postgres_address.h"

namespace tidegate::store {
namespace {

constexpr Duration kSlice = 40ms;  // of a wait, between two calls of while_waiting

TimePoint now() { return std::chrono::steady_clock::now(); }

// libpq's messages have several lines; what a gateway logs has one.
std::string one_line(std::string_view text) {
  std::string out(text.substr(0, text.find_last_not_of(" \n\t") + 1));
  std::ranges::replace(out, '\n', ' ');
  return out;
}

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

}  // namespace

PostgresConnection::PostgresConnection(const PostgresLibrary& pq, PostgresOptions options)
    : pq_(pq), options_(std::move(options)), name_(without_password(options_.url)) {}

Result<void> PostgresConnection::connect() {
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

PostgresConnection::Ready PostgresConnection::wait(short events, TimePoint deadline) {
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

std::unexpected<Error> PostgresConnection::lost() {
  std::string why = "the connection was lost";
  if (connection_ != nullptr) {
    const std::string message = one_line(pq_.PQerrorMessage(connection_.get()));
    if (!message.empty()) why += ": " + message;
  }
  connection_.reset();
  return fail(ErrorCode::unavailable, fmt::format("{}: {}", name_, why));
}

std::unexpected<Error> PostgresConnection::silent() {
  connection_.reset();
  return fail(
      ErrorCode::unavailable,
      fmt::format(
          "{}: no answer within {} s", name_,
          std::chrono::duration_cast<std::chrono::seconds>(options_.answer_within).count()));
}

Result<void> PostgresConnection::execute(const std::string& sql) {
  if (connection_ == nullptr || pq_.PQsendQuery(connection_.get(), sql.c_str()) == 0) return lost();
  return results([](const PGresult*) {});
}

Result<PostgresConnection::Answer> PostgresConnection::next_result() {
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

Result<void> PostgresConnection::results(const std::function<void(const PGresult*)>& each) {
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

Error PostgresConnection::error_of(const PGresult* result) const {
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

}  // namespace tidegate::store
