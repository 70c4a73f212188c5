#include "store/postgres_address.h"

#include <gtest/gtest.h>

#include "store/postgres.h"

namespace tidegate::store {
namespace {

TEST(PostgresAddress, IsShownWithoutItsPassword) {
  EXPECT_EQ(without_password("postgresql://tide:secret@db.example:5432/tide"),
            "postgresql://tide:***@db.example:5432/tide");
  EXPECT_EQ(without_password("postgresql://tide@db.example/tide"),
            "postgresql://tide@db.example/tide");
  EXPECT_EQ(without_password("postgresql://db.example:5432/tide?application_name=a@b"),
            "postgresql://db.example:5432/tide?application_name=a@b");
  EXPECT_EQ(without_password("postgresql://db/tide?password=secret&sslmode=require"),
            "postgresql://db/tide?password=***&sslmode=require");
}

// What libpq takes, and what it does not but a person may have written.
TEST(PostgresAddress, HidesAPasswordWithAnyCharacters) {
  for (const std::string password : {"p?ss", "p#ss", "p:ss", "p/ss", "p%ss", "p/s?s"}) {
    const std::string shown = without_password("postgresql://tide:" + password + "@db/tide");
    EXPECT_EQ(shown, "postgresql://tide:***@db/tide") << password;
  }
}

TEST(PostgresAddress, OneThatCannotBeReadIsNotQuoted) {
  const auto opened = open_postgres(
      {.url = "postgresql://tide:50%secret@db/tide", .write_lock = "", .while_waiting = {}});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::invalid);
  EXPECT_EQ(opened.error().message.find("secret"), std::string::npos) << opened.error().message;
}

}  // namespace
}  // namespace tidegate::store
