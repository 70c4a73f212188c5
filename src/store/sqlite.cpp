#include "store/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <string>
#include <unordered_map>

#include "store/sqlite_deflate.h"

namespace tidegate::store {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// Leaves the statement ready for the next run, with no lock and no reference to the caller's text.
class Running {
 public:
  explicit Running(sqlite3_stmt* statement) : statement_(statement) {}
  ~Running() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  sqlite3_stmt* statement_;
};

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  [[nodiscard]] bool is_null(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  [[nodiscard]] std::int64_t integer(int column) const override {
    return sqlite3_column_int64(statement_, column);
  }
  [[nodiscard]] std::string_view text(int column) const override {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (text == nullptr) return {};
    return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_;
};

int bind(sqlite3_stmt* statement, int at, const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return sqlite3_bind_int64(statement, at, *integer);
  }
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    return sqlite3_bind_text64(statement, at, text->data(), text->size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  }
  return sqlite3_bind_null(statement, at);
}

struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

FileIdentity identity_of(const std::string& path) {
  struct stat found{};
  if (stat(path.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino};
}

class SqliteStore final : public Store {
 public:
  SqliteStore(Database db, std::string path)
      : path_(std::move(path)), file_(identity_of(path_)), db_(std::move(db)) {}

  [[nodiscard]] Dialect dialect() const override { return Dialect::sqlite; }

  Result<void> execute(std::string_view sql) override {
    return check(sqlite3_exec(db_.get(), std::string(sql).c_str(), nullptr, nullptr, nullptr));
  }

  Result<std::int64_t> run(std::string_view sql, std::span<const Value> values) override {
    auto done = query(sql, values, [](const Row&) {});
    if (!done) return std::unexpected(done.error());
    return sqlite3_changes64(db_.get());
  }

  Result<void> query(std::string_view sql, std::span<const Value> values,
                     const std::function<void(const Row&)>& each) override {
    auto prepared = prepare(sql);
    if (!prepared) return std::unexpected(prepared.error());
    const Running running(*prepared);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const int code = bind(*prepared, static_cast<int>(i) + 1, values[i]);
      if (code != SQLITE_OK) return check(code);
    }
    int code = sqlite3_step(*prepared);
    for (; code == SQLITE_ROW; code = sqlite3_step(*prepared)) each(SqliteRow(*prepared));
    return check(code);
  }

  Result<void> begin() override {
    return query("BEGIN IMMEDIATE", {}, [](const Row&) {});
  }

  Result<void> begin_reading() override {
    return query("BEGIN", {}, [](const Row&) {});
  }

  Result<bool> has_table(std::string_view name) override {
    bool has = false;
    const Value value = name;
    auto read = query("SELECT 1 FROM sqlite_master WHERE name = $1", std::span(&value, 1),
                      [&](const Row&) { has = true; });
    if (!read) return std::unexpected(read.error());
    return has;
  }

  Result<bool> is_empty() override {
    bool empty = true;
    auto read =
        query("SELECT 1 FROM sqlite_master LIMIT 1", {}, [&](const Row&) { empty = false; });
    if (!read) return std::unexpected(read.error());
    return empty;
  }

  Result<void> commit() override {
    // SQLite goes on writing to a file that was unlinked; what is committed there is gone.
    if (identity_of(path_) != file_) {
      return fail(ErrorCode::io,
                  fmt::format("{}: the database file was removed or replaced", path_));
    }
    return query("COMMIT", {}, [](const Row&) {});
  }

  void rollback() override {
    if (sqlite3_get_autocommit(db_.get()) == 0) {
      sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
  }

  // SQLite counts pages, whose size is the file's.
  Result<void> checkpoint_after(int kib) {
    std::int64_t page_size = 0;
    auto read = query("PRAGMA page_size", {}, [&](const Row& row) { page_size = row.integer(0); });
    if (!read) return read;
    // The second gives the disk back after a burst.
    return execute(
        fmt::format("PRAGMA wal_autocheckpoint = {}; PRAGMA journal_size_limit = 4194304",
                    kib * 1024 / page_size));
  }

  Result<void> check(int code) const {
    if (code == SQLITE_OK || code == SQLITE_DONE) return {};
    const int kind = code & 0xff;
    const auto message = fmt::format("{}: {}", path_, sqlite3_errmsg(db_.get()));
    if (kind == SQLITE_BUSY || kind == SQLITE_LOCKED) return fail(ErrorCode::unavailable, message);
    if (kind == SQLITE_ERROR || kind == SQLITE_CONSTRAINT || kind == SQLITE_MISMATCH) {
      return fail(ErrorCode::invalid, message);
    }
    return fail(ErrorCode::io, message);
  }

 private:
  Result<sqlite3_stmt*> prepare(std::string_view sql) {
    if (const auto found = statements_.find(std::string(sql)); found != statements_.end()) {
      return found->second.get();
    }
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    if (auto checked = check(code); !checked) return std::unexpected(checked.error());
    return statements_.emplace(sql, Statement(raw)).first->second.get();
  }

  std::string path_;
  FileIdentity file_;
  Database db_;
  std::unordered_map<std::string, Statement> statements_;  // closed before db_
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options) {
  if (options.read_only && identity_of(options.path) == FileIdentity{}) {
    return fail(ErrorCode::not_found, fmt::format("{}: no such database", options.path));
  }
  sqlite3* raw = nullptr;
  // NOMUTEX: one thread per connection needs no lock in every call.
  const int flags =
      SQLITE_OPEN_NOMUTEX |
      (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int code = sqlite3_open_v2(options.path.c_str(), &raw, flags, nullptr);
  Database db(raw);
  if (code != SQLITE_OK) {
    return fail(ErrorCode::io, fmt::format("{}: cannot open the database: {}", options.path,
                                           raw ? sqlite3_errmsg(raw) : sqlite3_errstr(code)));
  }
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(
      raw,
      static_cast<int>(
          std::chrono::duration_cast<std::chrono::milliseconds>(options.busy_timeout).count()));
  const int added = add_deflate_functions(raw);
  auto store = std::make_unique<SqliteStore>(std::move(db), options.path);
  if (auto checked = store->check(added); !checked) return std::unexpected(checked.error());
  auto set = store->execute(fmt::format("PRAGMA cache_size = -{}", options.cache_kib));
  if (set && !options.read_only) {
    set = store->execute(fmt::format("PRAGMA page_size = {}", options.page_size));
  }
  if (set && !options.read_only) {
    set = store->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  }
  if (set && !options.read_only) set = store->checkpoint_after(options.checkpoint_kib);
  if (!set) return std::unexpected(set.error());
  return store;
}

}  // namespace tidegate::store
