// The stores that the ledger's tests run on: SQLite, and PostgreSQL where TIDEGATE_TEST_POSTGRES
// has the address of a server (tests/support/with_postgres.py). Each test has a schema of its own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/text.h"
#include "ledger/ledger_address.h"
#include "store/postgres.h"
#include "store/sqlite.h"

namespace tidegate::ledger {

inline const char* postgres_server() { return std::getenv("TIDEGATE_TEST_POSTGRES"); }

class StoreTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!is_postgres()) return;
    if (postgres_server() == nullptr) GTEST_SKIP() << "no server in TIDEGATE_TEST_POSTGRES";
    schema_ = "t" + std::to_string(::getpid()) + "_" +
              testing::UnitTest::GetInstance()->current_test_info()->name();
    // A search path's names are in small letters.
    schema_ = to_lower(schema_.substr(0, schema_.find('/')).substr(0, 60));
    const std::string sql = "CREATE SCHEMA \"" + schema_ + "\"";
    auto server =
        store::open_postgres({.url = postgres_server(), .write_lock = "", .while_waiting = {}});
    ASSERT_TRUE(server) << server.error().message;
    ASSERT_TRUE((*server)->execute(sql));
  }

  [[nodiscard]] bool is_postgres() const { return std::string_view(GetParam()) == "Postgres"; }
  // Of the store, as a configuration has it. `path`: where SQLite's file is.
  [[nodiscard]] std::string address(const std::string& path) const {
    if (!is_postgres()) return "sqlite:" + path;
    const std::string url = postgres_server();
    return url + (url.contains('?') ? "&" : "?") + "options=-csearch_path%3D" + schema_;
  }

 private:
  std::string schema_;
};

inline std::string store_name(const testing::TestParamInfo<const char*>& info) {
  return info.param;
}

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): GoogleTest's macros need their names
#define TIDEGATE_ON_BOTH_STORES(suite) \
  INSTANTIATE_TEST_SUITE_P(On, suite, testing::Values("Sqlite", "Postgres"), store_name)

}  // namespace tidegate::ledger
