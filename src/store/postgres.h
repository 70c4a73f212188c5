// Opens PostgreSQL databases as stores. Every wait has a deadline, and while it waits the caller
// may do other things. A connection that was lost stays so: the store's user opens a new one. The
// store belongs to the thread that uses it.
//
// libpq is loaded when it is first needed: linked, it would bring two megabytes of libraries into
// every gateway that keeps its ledger in a file.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/time.h"
#include "store/store.h"

namespace tidegate::store {

struct PostgresOptions {
  std::string url;  // postgresql://user:password@host/database?sslmode=verify-full&sslrootcert=...
  std::string application = "tidegate";
  // begin() of stores with the same name exclude one another; empty: they do not.
  std::string write_lock;
  Duration connect_within = 5s;
  Duration answer_within = 10s;  // without a byte from the server
  // Called again and again while a call waits. It must not use the store.
  std::function<void()> while_waiting;
};

// Errors: unavailable (no server, or it refuses for now), unauthorized (password, TLS), invalid
// (the address, or libpq is not installed). No error holds a password.
Result<std::unique_ptr<Store>> open_postgres(PostgresOptions options);

}  // namespace tidegate::store
