#include "limits/key_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/scratch_dir.h"
#include "limits/key_ring.h"
#include "limits/key_table.h"
#include "store/sqlite.h"

namespace tidegate::limits {
namespace {

namespace fs = std::filesystem;
const WallTime kNow{std::chrono::seconds(1'780'000'000)};

class Store : public testing::Test {
 protected:
  std::unique_ptr<KeyStore> open(std::string secret = {}) {
    auto store = KeyStore::open({path_, std::move(secret)});
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
  [[nodiscard]] Error refused(std::string secret = {}) const {
    const auto store = KeyStore::open({path_, std::move(secret)});
    EXPECT_FALSE(store) << "it opened";
    return store ? Error{} : store.error();
  }
  static std::shared_ptr<const KeyTable> table(KeyStore& store) {
    KeyTableBuilder builder;
    const auto read = store.each([&](const Key& key) { builder.add(key); });
    EXPECT_TRUE(read) << read.error().message;
    return builder.finish(std::move(*store.keyed_hash()));
  }
  static KeyDraft named(std::string name) {
    KeyDraft draft;
    draft.name = std::move(name);
    return draft;
  }
  static std::string bytes_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  ScratchDir dir_;
  std::string path_ = dir_ / "t.keys";
};

TEST_F(Store, AKeyReadsBackWholeInAnotherProcess) {
  KeyDraft draft = named("ci");
  draft.tenant = "search";
  draft.allowed = {{"gpt-5.5", "a \"quoted\" name"}, {"cheap"}};
  draft.labels = {{"owner", "J\xC3\xBCrgen"}, {"empty", ""}};
  draft.expires = kNow + 24h;
  draft.own.limits = {.requests_per_minute = 60.5, .max_concurrent = 4, .burst = 0.25};
  draft.own.caps = {{{50'000'000'001}, config::BudgetPer::month}};
  const auto made = open()->create(draft, kNow);
  ASSERT_TRUE(made) << made.error().message;

  const auto again = open();
  std::vector<Key> keys;
  ASSERT_TRUE(again->each([&](const Key& key) { keys.push_back(key); }));
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(keys[0].name, "ci");
  EXPECT_EQ(keys[0].tenant, "search");
  EXPECT_EQ(keys[0].allowed.models, draft.allowed.models);
  EXPECT_EQ(keys[0].allowed.routes, draft.allowed.routes);
  EXPECT_EQ(keys[0].labels, draft.labels);
  EXPECT_EQ(keys[0].expires, draft.expires);
  EXPECT_EQ(keys[0].own, draft.own);
  EXPECT_EQ(keys[0].created, kNow);
  EXPECT_EQ(keys[0].last4, made->text.substr(made->text.size() - 4));
  EXPECT_NE(table(*again)->check(made->text, kNow).key, nullptr);
}

TEST_F(Store, NeitherTheKeyNorTheSecretIsInTheFile) {
  const auto store = open();
  const auto made = store->create(named("ci"), kNow);
  ASSERT_TRUE(made);
  const std::string secret = bytes_of(path_ + ".secret").substr(0, 64);
  std::string everything;
  for (const auto& entry : fs::directory_iterator(dir_ / "")) {
    struct stat found{};
    ASSERT_EQ(::stat(entry.path().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 077, 0u) << entry.path();
    if (!entry.path().string().ends_with(".secret")) everything += bytes_of(entry.path());
  }
  EXPECT_FALSE(everything.contains(made->text));
  EXPECT_FALSE(everything.contains(made->text.substr(17, 26))) << "the secret part alone";
  EXPECT_FALSE(everything.contains(secret));
}

TEST_F(Store, RotationKeepsTheIdAndTheOldSecretForItsGrace) {
  const auto store = open();
  const auto made = store->create(named("ci"), kNow);
  const auto turned = store->rotate("ci", 1h, kNow);
  ASSERT_TRUE(turned) << turned.error().message;
  EXPECT_EQ(turned->key.id, made->key.id);
  auto keys = table(*store);
  EXPECT_NE(keys->check(made->text, kNow + 59min).key, nullptr);
  EXPECT_EQ(keys->check(made->text, kNow + 1h).key, nullptr);
  EXPECT_NE(keys->check(turned->text, kNow + 2h).key, nullptr);

  const auto at_once = store->rotate(made->key.id.text(), 0s, kNow);
  ASSERT_TRUE(at_once);
  keys = table(*store);
  EXPECT_EQ(keys->check(made->text, kNow).fault, KeyFault::unknown);
  EXPECT_EQ(keys->check(turned->text, kNow).fault, KeyFault::unknown);
  EXPECT_NE(keys->check(at_once->text, kNow).key, nullptr);
}

TEST_F(Store, RevocationIsForEverAndFreesTheName) {
  const auto store = open();
  const auto first = store->create(named("ci"), kNow);
  EXPECT_EQ(store->create(named("ci"), kNow).error().field, "name");
  ASSERT_TRUE(store->rotate("ci", 1h, kNow));
  ASSERT_TRUE(store->revoke("ci", kNow));
  EXPECT_EQ(table(*store)->check(first->text, kNow).fault, KeyFault::revoked)
      << "in its grace, too";
  const std::string id = first->key.id.text();
  EXPECT_EQ(store->revoke("ci", kNow).error().code, ErrorCode::not_found);
  EXPECT_EQ(store->revoke(id, kNow).error().code, ErrorCode::invalid);
  EXPECT_EQ(store->rotate(id, 0s, kNow).error().code, ErrorCode::invalid);
  EXPECT_EQ(store->revoke("key_0000000000", kNow).error().code, ErrorCode::not_found);
  const auto second = store->create(named("ci"), kNow);
  ASSERT_TRUE(second);
  EXPECT_NE(second->key.id, first->key.id);
}

TEST_F(Store, AnExpiredKeyGetsNoNewSecret) {
  const auto store = open();
  KeyDraft draft = named("ci");
  draft.expires = kNow;
  ASSERT_TRUE(store->create(draft, kNow - 1h));
  EXPECT_TRUE(store->rotate("ci", 0s, kNow - 1us));
  EXPECT_TRUE(store->rotate("ci", 0s, kNow).error().message.contains("expired"));
}

TEST_F(Store, SeesWhatOthersWriteAndThatTheFileIsGone) {
  const auto one = open();
  const auto two = open();
  EXPECT_EQ(one->changed(), false);
  ASSERT_TRUE(two->create(named("ci"), kNow));
  EXPECT_EQ(one->changed(), true);
  EXPECT_EQ(one->changed(), false);
  fs::rename(path_, path_ + ".away");
  EXPECT_EQ(one->changed().error().code, ErrorCode::io);
}

TEST_F(Store, TwoWritersLoseNothing) {
  constexpr int kEach = 25;
  const auto write = [this](const std::string& who) {
    const auto store = KeyStore::open({path_, {}});
    ASSERT_TRUE(store) << store.error().message;
    for (int i = 0; i < kEach; ++i) {
      const auto made = (*store)->create(named(who + std::to_string(i)), kNow);
      ASSERT_TRUE(made) << made.error().message;
    }
  };
  std::thread other(write, "a");
  write("b");
  other.join();
  int count = 0;
  ASSERT_TRUE(open()->each([&](const Key&) { ++count; }));
  EXPECT_EQ(count, 2 * kEach);
}

TEST_F(Store, RefusesWhatCouldNotBeTrusted) {
  ASSERT_TRUE(open()->create(named("ci"), kNow));
  const std::string secret = path_ + ".secret";

  EXPECT_TRUE(refused("another secret").message.contains("another secret than key_secret"));
  ::chmod(secret.c_str(), 0644);
  EXPECT_TRUE(refused().message.contains("chmod 600"));
  ::chmod(secret.c_str(), 0600);
  fs::rename(secret, secret + ".away");
  EXPECT_TRUE(refused().message.contains("is gone")) << refused().message;
  std::ofstream(secret) << "short\n";
  ::chmod(secret.c_str(), 0600);
  EXPECT_TRUE(refused().message.contains("not the secret")) << refused().message;
  fs::rename(secret + ".away", secret);

  fs::rename(path_, path_ + ".away");
  EXPECT_TRUE(refused().message.contains("the file of the keys is gone"));
  std::ofstream(path_) << std::string(10'000, 'x');
  EXPECT_TRUE(refused().message.contains(path_)) << refused().message;
}

TEST_F(Store, RefusesADamagedRowAndNamesIt) {
  const auto store = open();
  const auto made = store->create(named("ci"), kNow);
  auto raw = store::open_sqlite({.path = path_});
  ASSERT_TRUE((*raw)->execute("UPDATE virtual_key SET hash = 'beef'"));
  const auto read = store->each([](const Key&) { FAIL(); });
  ASSERT_FALSE(read);
  EXPECT_TRUE(read.error().message.contains(made->key.id.text())) << read.error().message;
}

TEST_F(Store, KeysOfBeforeHaveNoBoundsOfTheirOwn) {
  const auto made = open()->create(named("old"), kNow);
  ASSERT_TRUE(made);
  auto file = *store::open_sqlite({.path = path_});
  ASSERT_TRUE(
      file->execute("ALTER TABLE virtual_key DROP COLUMN limits;"
                    "ALTER TABLE virtual_key DROP COLUMN budgets;"
                    "UPDATE schema_version SET version = 1;"));
  file.reset();
  const auto again = open();
  std::vector<Key> keys;
  ASSERT_TRUE(again->each([&](const Key& key) { keys.push_back(key); }));
  EXPECT_EQ(keys.at(0).own, OwnBounds{});
  EXPECT_FALSE(keys[0].own.limited());
  const auto checked = table(*again);
  EXPECT_NE(checked->check(made->text, kNow).key, nullptr);
  EXPECT_FALSE(checked->any_cap(config::BudgetPer::month));
}

TEST(KeyDraft, BoundsThatMakeNoSenseAreRefusedByName) {
  const auto field = [](const OwnBounds& own) {
    KeyDraft draft;
    draft.name = "k";
    draft.own = own;
    const auto checked = check(draft, catalog::Catalog::shipped(), {});
    return checked ? std::string() : checked.error().field;
  };
  EXPECT_EQ(field({}), "");
  EXPECT_EQ(field({.limits = {.requests_per_minute = 60}, .caps = {}}), "");
  EXPECT_EQ(field({.limits = {.requests_per_minute = 0}, .caps = {}}), "requests_per_minute");
  EXPECT_EQ(field({.limits = {.requests_per_second = -1}, .caps = {}}), "requests_per_second");
  EXPECT_EQ(field({.limits = {.tokens_per_minute = NAN}, .caps = {}}), "tokens_per_minute");
  EXPECT_EQ(field({.limits = {.tokens_per_day = 1e300}, .caps = {}}), "tokens_per_day");
  EXPECT_EQ(field({.limits = {.max_concurrent = 0}, .caps = {}}), "max_concurrent");
  EXPECT_EQ(field({.limits = {.burst = 2}, .caps = {}}), "burst");
  using config::BudgetPer;
  EXPECT_EQ(field({.limits = {}, .caps = {{{1}, BudgetPer::day}, {{2}, BudgetPer::day}}}),
            "budgets");
}

TEST_F(Store, RefusesAFileOfANewerVersion) {
  ASSERT_NE(open(), nullptr);
  auto raw = store::open_sqlite({.path = path_});
  ASSERT_TRUE((*raw)->execute("UPDATE schema_version SET version = 99"));
  EXPECT_TRUE(refused().message.contains("newer Tidegate")) << refused().message;
}

TEST_F(Store, TakesTheSecretOfTheConfiguration) {
  const auto made = open("of the configuration, 32 bytes.")->create(named("ci"), kNow);
  ASSERT_TRUE(made);
  EXPECT_FALSE(fs::exists(path_ + ".secret"));
  EXPECT_NE(table(*open("of the configuration, 32 bytes."))->check(made->text, kNow).key, nullptr);
  EXPECT_TRUE(refused().message.contains("is gone")) << refused().message;
}

// The ring's jobs in order, each in force when it is done.
class Ring : public Store {
 protected:
  std::unique_ptr<KeyRing> ring() {
    auto ring = KeyRing::open({path_, {}});
    EXPECT_TRUE(ring) << ring.error().message;
    return ring ? std::move(*ring) : nullptr;
  }
  static void wait_for(KeyRing& ring, std::uint64_t version) {
    while (ring.version() == version) std::this_thread::yield();
  }
  static Result<NewKey> create(KeyRing& ring, const KeyDraft& draft) {
    std::atomic<bool> done = false;
    Result<NewKey> made;
    ring.submit(
        [&](Result<KeyStore*> store) {
          made = store ? (*store)->create(draft, kNow) : std::unexpected(store.error());
        },
        [&] { done = true; });
    while (!done) std::this_thread::yield();
    return made;
  }
};

TEST_F(Ring, MakesTheFileWithTheFirstKeyAndHasItInForceAtOnce) {
  const auto keys = ring();
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_FALSE(keys->any());
  const auto made = create(*keys, named("ci"));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(keys->any());
  EXPECT_NE(keys->table()->check(made->text, kNow).key, nullptr);
}

TEST_F(Ring, SeesWhatAnotherProcessWrites) {
  const auto keys = ring();
  std::uint64_t version = keys->version();
  const auto store = open();  // makes the file, which the ring finds
  wait_for(*keys, version);
  version = keys->version();
  const auto made = store->create(named("ci"), kNow);
  wait_for(*keys, version);
  EXPECT_NE(keys->table()->check(made->text, kNow).key, nullptr);
  version = keys->version();
  ASSERT_TRUE(store->revoke("ci", kNow));
  wait_for(*keys, version);
  EXPECT_EQ(keys->table()->check(made->text, kNow).fault, KeyFault::revoked);
}

TEST_F(Ring, KeepsItsKeysWhileTheFileIsAwayAndAsksForThemEvenIfItComesBackEmpty) {
  auto store = open();
  const auto made = store->create(named("ci"), kNow);
  const auto keys = ring();
  const std::uint64_t version = keys->version();
  store.reset();
  fs::rename(path_, path_ + ".away");
  while (keys->state().store_available) std::this_thread::yield();
  EXPECT_NE(keys->table()->check(made->text, kNow).key, nullptr);
  EXPECT_FALSE(keys->state().last_error.empty());
  fs::remove(path_ + ".secret");
  fs::remove(path_ + "-wal");
  fs::remove(path_ + "-shm");
  ASSERT_NE(open(), nullptr);  // an empty store in its place
  wait_for(*keys, version);
  EXPECT_TRUE(keys->any());
  EXPECT_EQ(keys->table()->size(), 0u);
}

// For ThreadSanitizer: readers while tables are swapped.
TEST_F(Ring, ReadersSeeOneTableOrTheNext) {
  const auto keys = ring();
  const auto first = create(*keys, named("first"));
  std::atomic<bool> stop = false;
  const auto read = [&] {
    while (!stop) {
      const std::shared_ptr<const KeyTable> table = keys->table();
      ASSERT_NE(table->check(first->text, kNow).key, nullptr);
    }
  };
  std::thread one(read), two(read);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(create(*keys, named(std::to_string(i))));
  stop = true;
  one.join();
  two.join();
}

}  // namespace
}  // namespace tidegate::limits
