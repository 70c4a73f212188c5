#include "store/sqlite.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "store/migration.h"

namespace tidegate::store {
namespace {

class Sqlite : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(dir_);
    std::filesystem::create_directories(dir_);
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  [[nodiscard]] std::unique_ptr<Store> open(bool read_only = false) const {
    auto store = open_sqlite({.path = path_, .read_only = read_only, .busy_timeout = 0ms});
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  }
  static std::int64_t count(Store& store) {
    std::int64_t rows = -1;
    auto done =
        store.query("SELECT count(*) FROM t", {}, [&](const Row& r) { rows = r.integer(0); });
    EXPECT_TRUE(done);
    return rows;
  }

  std::filesystem::path dir_ = std::filesystem::temp_directory_path() /
                               testing::UnitTest::GetInstance()->current_test_info()->name();
  std::string path_ = dir_ / "s.db";
};

TEST_F(Sqlite, KeepsValuesAndNulls) {
  auto store = open();
  ASSERT_TRUE(store->execute("CREATE TABLE t (a INTEGER, b TEXT, c TEXT)"));
  const std::array<Value, 3> row{std::int64_t{1} << 62, std::string_view("x\0y", 3), Value{}};
  EXPECT_EQ(store->run("INSERT INTO t VALUES (?, ?, ?)", row), 1);
  bool seen = false;
  ASSERT_TRUE(store->query("SELECT a, b, c FROM t", {}, [&](const Row& r) {
    seen = true;
    EXPECT_EQ(r.integer(0), std::int64_t{1} << 62);
    EXPECT_EQ(r.text(1), std::string_view("x\0y", 3));
    EXPECT_TRUE(r.is_null(2));
  }));
  EXPECT_TRUE(seen);
}

TEST_F(Sqlite, RollbackLeavesNothingAndAReaderSeesCommitsOnly) {
  auto writer = open();
  ASSERT_TRUE(writer->execute("CREATE TABLE t (a)"));
  auto reader = open(true);
  ASSERT_TRUE(writer->begin());
  ASSERT_TRUE(writer->execute("INSERT INTO t VALUES (1)"));
  EXPECT_EQ(count(*reader), 0);
  writer->rollback();
  EXPECT_EQ(count(*writer), 0);
  ASSERT_TRUE(writer->begin());
  ASSERT_TRUE(writer->execute("INSERT INTO t VALUES (1)"));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(count(*reader), 1);
}

TEST_F(Sqlite, TellsBusyFullGoneAndWrongApart) {
  auto store = open();
  ASSERT_TRUE(store->execute("CREATE TABLE t (a)"));
  EXPECT_EQ(store->execute("INSERT INTO missing VALUES (1)").error().code, ErrorCode::invalid);

  auto other = open();
  ASSERT_TRUE(other->begin());
  EXPECT_EQ(store->begin().error().code, ErrorCode::unavailable);
  other->rollback();

  ASSERT_TRUE(store->execute("PRAGMA max_page_count = 3"));
  ASSERT_TRUE(store->begin());
  const auto full = store->execute("INSERT INTO t VALUES (zeroblob(100000))");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::io);
  EXPECT_NE(full.error().message.find("full"), std::string::npos);
  store->rollback();

  ASSERT_TRUE(store->begin());
  std::filesystem::remove(path_);
  EXPECT_EQ(store->commit().error().code, ErrorCode::io);
}

TEST_F(Sqlite, CannotOpenIsAnError) {
  EXPECT_EQ(open_sqlite({.path = dir_ / "no" / "s.db"}).error().code, ErrorCode::io);
  EXPECT_EQ(open_sqlite({.path = path_, .read_only = true}).error().code, ErrorCode::not_found);
}

TEST_F(Sqlite, MigratesStepByStepAndRefusesANewerSchema) {
  auto store = open();
  const std::vector<std::string_view> one{"CREATE TABLE t (a)"};
  const std::vector<std::string_view> two{"CREATE TABLE t (a)", "INSERT INTO t VALUES (7)"};
  ASSERT_TRUE(migrate(*store, "test", one));
  EXPECT_EQ(count(*store), 0);
  ASSERT_TRUE(migrate(*store, "test", two));
  ASSERT_TRUE(migrate(*store, "test", two));
  EXPECT_EQ(count(*store), 1);
  const auto newer = migrate(*store, "test", one);
  ASSERT_FALSE(newer);
  EXPECT_NE(newer.error().message.find("newer Tidegate"), std::string::npos);
}

TEST_F(Sqlite, AFailingStepLeavesTheVersionBefore) {
  auto store = open();
  const std::vector<std::string_view> bad{"CREATE TABLE t (a)", "CREATE TABLE u (a); nonsense"};
  EXPECT_FALSE(migrate(*store, "test", bad));
  const std::vector<std::string_view> good{"CREATE TABLE t (a)", "CREATE TABLE u (a)"};
  EXPECT_TRUE(migrate(*store, "test", good));
}

}  // namespace
}  // namespace tidegate::store
