#include "store/sqlite.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "base/random_text.h"
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

TEST_F(Sqlite, TheLogStaysSmallWhateverThePageSizeOfTheFile) {
  for (const int page_size : {512, 16384}) {
    const auto path = dir_ / (std::to_string(page_size) + ".db");
    // The size of a file that exists stays.
    ASSERT_TRUE(
        (*open_sqlite({.path = path, .page_size = page_size}))->execute("CREATE TABLE t (a)"));
    auto store = open_sqlite({.path = path, .page_size = 4096, .checkpoint_kib = 64});
    ASSERT_TRUE(store);
    ASSERT_TRUE((*store)->query("PRAGMA page_size", {},
                                [&](const Row& row) { EXPECT_EQ(row.integer(0), page_size); }));
    std::uintmax_t most = 0;
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE((*store)->execute("INSERT INTO t VALUES (zeroblob(10000))"));
      most = std::max(most, std::filesystem::file_size(path.string() + "-wal"));
    }
    EXPECT_GT(most, 64u << 10);
    EXPECT_LT(most, 160u << 10);
  }
}

TEST_F(Sqlite, CannotOpenIsAnError) {
  EXPECT_EQ(open_sqlite({.path = dir_ / "no" / "s.db"}).error().code, ErrorCode::io);
  EXPECT_EQ(open_sqlite({.path = path_, .read_only = true}).error().code, ErrorCode::not_found);
}

TEST_F(Sqlite, KeepsTextsDeflatedWhereThatIsShorter) {
  auto store = open();
  ASSERT_TRUE(store->execute("CREATE TABLE kept (size, bytes)"));
  std::string repeated;
  for (int i = 0; i < 100'000; ++i) repeated += "word ";
  const std::string random = random_text(5000);
  const std::string zero("with a \0 in it", 14);
  for (const std::string& text : {std::string(), std::string("short"), zero, repeated, random}) {
    const std::array<Value, 2> values{static_cast<std::int64_t>(text.size()),
                                      std::string_view(text)};
    ASSERT_TRUE(store->run("INSERT INTO kept VALUES ($1, sqlar_compress($2))", values));
  }
  std::vector<std::string> back;
  std::vector<std::int64_t> lengths;
  ASSERT_TRUE(
      store->query("SELECT sqlar_uncompress(bytes, size), length(CAST(bytes AS BLOB)) "
                   "FROM kept ORDER BY rowid",
                   {}, [&](const Row& row) {
                     back.emplace_back(row.text(0));
                     lengths.push_back(row.integer(1));
                   }));
  EXPECT_EQ(back, (std::vector<std::string>{"", "short", zero, repeated, random}));
  EXPECT_LT(lengths[3], 10'000);
  EXPECT_LT(lengths[4], 5000);
}

TEST_F(Sqlite, SaysThatADeflatedTextIsDamaged) {
  auto store = open();
  const auto read = [&](std::string_view expression) {
    return store->query(fmt::format("SELECT sqlar_uncompress({})", expression), {},
                        [](const Row&) {});
  };
  ASSERT_TRUE(read("'never deflated', 0"));
  EXPECT_EQ(read("'no such stream', 100").error().code, ErrorCode::invalid);
  EXPECT_FALSE(read("'no such stream', 9000000000000"));
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
