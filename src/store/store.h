// A connection to a database: statements, rows and transactions, errors as values.
// Implemented by SQLite (sqlite.h), PostgreSQL (postgres.h) and by fakes in tests; used by whoever
// keeps durable rows.
// One connection per thread, never shared.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <variant>

#include "base/error.h"

namespace tidegate::store {

// Tables are made in the words of one of them; statements name their parameters $1, $2, ... in the
// order in which they come, and are the same for both.
enum class Dialect : std::uint8_t { sqlite, postgres };

// A parameter of a statement. Text must stay alive until the call returns.
using Value = std::variant<std::monostate, std::int64_t, std::string_view>;

// The current row of a query; valid only inside the row function, columns count from 0.
class Row {
 public:
  virtual ~Row() = default;
  [[nodiscard]] virtual bool is_null(int column) const = 0;
  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
  [[nodiscard]] virtual std::string_view text(int column) const = 0;
};

// Errors: unavailable (locked by somebody else: again later), io (disk full, I/O, file gone or
// damaged), invalid (the statement or a constraint). After an error inside a transaction only
// rollback() makes sense.
class Store {
 public:
  virtual ~Store() = default;
  [[nodiscard]] virtual Dialect dialect() const = 0;

  // Statements without parameters or rows, separated by ';'.
  virtual Result<void> execute(std::string_view sql) = 0;
  // One statement; gives the number of rows that it inserted or changed. Prepared once per text.
  virtual Result<std::int64_t> run(std::string_view sql, std::span<const Value> values) = 0;
  // Calls `each` for every row.
  virtual Result<void> query(std::string_view sql, std::span<const Value> values,
                             const std::function<void(const Row&)>& each) = 0;

  // A transaction that shows one moment of the database to every query until rollback().
  virtual Result<void> begin_reading() = 0;
  virtual Result<bool> has_table(std::string_view name) = 0;
  // Whether the database has no tables at all.
  virtual Result<bool> is_empty() = 0;

  // A transaction that takes the write lock at once. commit() returns when it is on the disk;
  // after a failed commit() it is not known whether the transaction took place.
  virtual Result<void> begin() = 0;
  virtual Result<void> commit() = 0;
  virtual void rollback() = 0;
};

}  // namespace tidegate::store
