#include "ledger/ledger_address.h"

#include "ledger/ledger_schema.h"
#include "store/postgres.h"
#include "store/postgres_address.h"
#include "store/sqlite.h"

namespace tidegate::ledger {
namespace {

constexpr std::string_view kSqlite = "sqlite:";
// A segment under load is 200 KB. Pages of 4 KB take twice the CPU time for it.
constexpr int kPageSize = 16 << 10;
// Of a server that is asked for a report.
constexpr Duration kReportTimeout = 60s;

bool is_postgres(std::string_view address) {
  return address.starts_with("postgresql://") || address.starts_with("postgres://");
}

std::string path_of(std::string_view address) {
  return std::string(address.starts_with(kSqlite) ? address.substr(kSqlite.size()) : address);
}

}  // namespace

OpenStore open_to_write(const std::string& address, Duration patience) {
  if (is_postgres(address)) {
    return [address](const WhileWaiting& while_waiting) {
      return store::open_postgres({.url = address,
                                   .application = "tidegate ledger",
                                   .write_lock = "tidegate ledger",
                                   .while_waiting = while_waiting});
    };
  }
  return [path = path_of(address), patience](const WhileWaiting&) {
    return store::open_sqlite({.path = path, .busy_timeout = patience, .page_size = kPageSize});
  };
}

LedgerPlace ledger_at(const std::string& address, std::string journal) {
  if (!is_postgres(address)) return sqlite_ledger(path_of(address), std::move(journal));
  auto open = [address](const WhileWaiting&) {
    return store::open_postgres({.url = address,
                                 .application = "tidegate report",
                                 .write_lock = "",
                                 .answer_within = kReportTimeout,
                                 .while_waiting = {}});
  };
  return {std::move(open), std::move(journal), store::without_password(address)};
}

Result<void> check_ledger(const LedgerPlace& place) {
  const auto only_invalid = [](const Error& error) -> Result<void> {
    if (error.code == ErrorCode::invalid) return std::unexpected(error);
    return {};
  };
  auto store = place.open({});
  if (!store) return only_invalid(store.error());
  const auto version = has_rollups(**store);
  return version ? Result<void>{} : only_invalid(version.error());
}

}  // namespace tidegate::ledger
