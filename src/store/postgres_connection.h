// PostgresConnection: one connection of libpq that never blocks longer than its options say:
// opened, waited for, its results handed out, its errors as ours. Of one PostgresStore, on its
// thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/postgres.h"
#include "store/postgres_library.h"

namespace tidegate::store {

class PostgresConnection {
 public:
  PostgresConnection(const PostgresLibrary& pq, PostgresOptions options);

  // Once, before anything else.
  Result<void> connect();
  // Null: it was lost, and stays so.
  [[nodiscard]] PGconn* get() const { return connection_.get(); }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const PostgresOptions& options() const { return options_; }

  struct Clear {
    const PostgresLibrary* pq;
    void operator()(PGresult* result) const { pq->PQclear(result); }
  };
  using Answer = std::unique_ptr<PGresult, Clear>;
  // Statements whose results nobody wants.
  Result<void> execute(const std::string& sql);
  // Null: there are no more.
  Result<Answer> next_result();
  // Hands out the results of what was sent; the first error among them is the call's.
  Result<void> results(const std::function<void(const PGresult*)>& each);
  // Gives it up: what it was at is not known to have taken place.
  std::unexpected<Error> lost();
  [[nodiscard]] Error error_of(const PGresult* result) const;

 private:
  struct Finish {
    const PostgresLibrary* pq;
    void operator()(PGconn* connection) const { pq->PQfinish(connection); }
  };
  enum class Ready : std::uint8_t { yes, no, broken };
  Ready wait(short events, TimePoint deadline);
  std::unexpected<Error> silent();

  const PostgresLibrary& pq_;
  const PostgresOptions options_;
  const std::string name_;
  std::unique_ptr<PGconn, Finish> connection_{nullptr, Finish{&pq_}};
};

}  // namespace tidegate::store
