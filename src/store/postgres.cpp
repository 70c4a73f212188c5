#include "store/postgres.h"

#include <fmt/format.h>

#include <charconv>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/text.h"
#include "store/pipelined.h"
#include "store/postgres_connection.h"

namespace tidegate::store {
namespace {

constexpr std::size_t kMostQueued = 256;  // their answers fit into the buffers of the network

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
      : pq_(pq), connection_(pq, std::move(options)) {}

  Result<void> connect() { return connection_.connect(); }

  [[nodiscard]] Dialect dialect() const override { return Dialect::postgres; }

  Result<void> execute(std::string_view sql) override {
    if (auto flushed = flush(); !flushed) return flushed;
    return connection_.execute(std::string(sql));
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
    if (!begun || connection_.options().write_lock.empty()) return begun;
    const Value key = lock_key(connection_.options().write_lock);
    auto locked = query("SELECT pg_advisory_xact_lock($1)", std::span(&key, 1), [](const Row&) {});
    if (!locked) rollback();
    return locked;
  }

  Result<void> commit() override {
    if (auto flushed = flush(); !flushed) return flushed;
    if (connection_.get() == nullptr) return connection_.lost();
    if (pq_.PQsendQuery(connection_.get(), "COMMIT") == 0) return connection_.lost();
    bool committed = false;
    auto done = connection_.results([&](const PGresult* result) {
      // A transaction that had an error ends in ROLLBACK, which is no error to the server.
      committed = std::string_view(pq_.PQcmdStatus(const_cast<PGresult*>(result))) == "COMMIT";
    });
    in_transaction_ = false;
    if (done && !committed) {
      return fail(ErrorCode::io,
                  fmt::format("{}: the transaction was rolled back", connection_.name()));
    }
    return done;
  }

  void rollback() override {
    std::ignore = flush();
    if (in_transaction_ && connection_.get() != nullptr) std::ignore = execute("ROLLBACK");
    in_transaction_ = false;
  }

 private:
  struct Queued {
    std::string_view sql;  // a key of statements_
    std::int64_t rows;
  };
  Result<void> send(std::string_view sql, std::span<const Value> values,
                    const std::function<void(const PGresult*)>& each);
  Result<std::string> prepare(std::string_view sql);
  bool send_prepared(const std::string& name, std::span<const Value> values);
  Result<void> answer_of(const Queued& queued);
  Result<bool> any(std::string_view sql, std::span<const Value> values);
  Result<void> begin_with(std::string_view sql);

  const PostgresLibrary& pq_;
  PostgresConnection connection_;
  bool in_transaction_ = false;
  std::unordered_map<std::string, std::string> statements_;  // names of what is prepared, by text
  std::vector<Queued> queued_;  // sent in pipeline mode, which is on while there are any
};

Result<std::string> PostgresStore::prepare(std::string_view sql) {
  const std::string text(sql);
  if (const auto found = statements_.find(text); found != statements_.end()) return found->second;
  std::string name = fmt::format("s{}", statements_.size());
  if (pq_.PQsendPrepare(connection_.get(), name.c_str(), text.c_str(), 0, nullptr) == 0)
    return connection_.lost();
  if (auto done = connection_.results([](const PGresult*) {}); !done)
    return std::unexpected(done.error());
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
  if (connection_.get() == nullptr) return connection_.lost();
  const auto name = prepare(sql);
  if (!name) return std::unexpected(name.error());
  if (!send_prepared(*name, values)) return connection_.lost();
  // Row by row, so that a report over all records needs no memory for them.
  pq_.PQsetSingleRowMode(connection_.get());
  return connection_.results(each);
}

Result<void> PostgresStore::queue(std::string_view sql, std::span<const Value> values,
                                  std::int64_t rows) {
  if (connection_.get() == nullptr) return connection_.lost();
  auto known = statements_.find(std::string(sql));
  if (known == statements_.end()) {
    if (auto flushed = flush(); !flushed) return flushed;
    if (auto name = prepare(sql); !name) return std::unexpected(name.error());
    known = statements_.find(std::string(sql));
  }
  if (queued_.empty() && pq_.PQenterPipelineMode(connection_.get()) == 0) return connection_.lost();
  queued_.push_back({known->first, rows});
  if (!send_prepared(known->second, values)) return connection_.lost();
  if (queued_.size() < kMostQueued) return {};
  return flush();
}

// The first error is the call's; the server passes over what comes behind it.
Result<void> PostgresStore::flush() {
  if (queued_.empty()) return {};
  const std::vector<Queued> queued = std::exchange(queued_, {});
  if (connection_.get() == nullptr || pq_.PQpipelineSync(connection_.get()) == 0)
    return connection_.lost();
  Result<void> done;
  for (const Queued& one : queued) {
    auto answer = answer_of(one);
    if (connection_.get() == nullptr) return answer;
    if (done) done = std::move(answer);
  }
  const auto end = connection_.next_result();
  if (!end) return std::unexpected(end.error());
  if (pq_.PQresultStatus(end->get()) != PGRES_PIPELINE_SYNC ||
      pq_.PQexitPipelineMode(connection_.get()) == 0) {
    return connection_.lost();
  }
  return done;
}

Result<void> PostgresStore::answer_of(const Queued& queued) {
  auto result = connection_.next_result();
  if (!result) return std::unexpected(result.error());
  PGresult* const answer = result->get();
  if (answer == nullptr) return connection_.lost();
  const ExecStatusType status = pq_.PQresultStatus(answer);
  Result<void> done;
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
    std::int64_t changed = 0;
    const std::string_view count = pq_.PQcmdTuples(answer);
    std::from_chars(count.data(), count.data() + count.size(), changed);
    done = check_rows(queued.sql, changed, queued.rows);
  } else {
    done = std::unexpected(connection_.error_of(answer));
  }
  // A null one ends each statement's results.
  const auto end = connection_.next_result();
  if (!end) return std::unexpected(end.error());
  if (*end != nullptr) return connection_.lost();
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

}  // namespace tidegate::store
