#include "limits/key_table.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <thread>
#include <vector>

#include "limits/sample_keys.h"

namespace tidegate::limits {
namespace {

const WallTime kNow{std::chrono::seconds(1'780'000'000)};

TEST(KeyTable, FindsEachKeyAndNoOther) {
  SampleKeys keys;
  for (int i = 0; i < 1000; ++i) keys.add(std::to_string(i));
  const auto table = keys.table();
  EXPECT_EQ(table->size(), 1000u);
  for (std::size_t i = 0; i < keys.texts().size(); ++i) {
    const Verdict verdict = table->check(keys.texts()[i], kNow);
    ASSERT_NE(verdict.key, nullptr);
    EXPECT_EQ(verdict.key->name, std::to_string(i));
    EXPECT_EQ(verdict.key->id_text, verdict.key->id.text());
    EXPECT_EQ(verdict.good_until, WallTime::max());
  }
  EXPECT_EQ(table->check(*make_key_text(), kNow).fault, KeyFault::unknown);
  const KeyId known = *read_key_text(keys.texts()[0]);
  EXPECT_EQ(table->check(*make_key_text(known), kNow).fault, KeyFault::unknown)
      << "the right id with another secret";
  EXPECT_EQ(table->check(keys.texts()[0] + "x", kNow).fault, KeyFault::malformed);
  EXPECT_EQ(table->check("", kNow).fault, KeyFault::malformed);
}

TEST(KeyTable, HasNoKeysAtFirst) {
  const KeyTable none;
  EXPECT_EQ(none.check(*make_key_text(), kNow).fault, KeyFault::unknown);
  EXPECT_EQ(none.size(), 0u);
}

TEST(KeyTable, AKeyIsGoodUpToTheMomentOfItsExpiry) {
  SampleKeys keys;
  keys.add("short").expires = kNow;
  const auto table = keys.table();
  const Verdict before = table->check(keys.texts()[0], kNow - 1us);
  ASSERT_NE(before.key, nullptr);
  EXPECT_EQ(before.good_until, kNow);
  EXPECT_EQ(table->check(keys.texts()[0], kNow).fault, KeyFault::expired);
  EXPECT_EQ(table->check(keys.texts()[0], kNow + 1us).fault, KeyFault::expired);
  EXPECT_EQ(table->count(KeyState::active, kNow - 1us), 1u);
  EXPECT_EQ(table->count(KeyState::expired, kNow), 1u);
}

TEST(KeyTable, ARevokedKeyIsRefusedWhateverElseHolds) {
  SampleKeys keys;
  keys.add("gone").revoked = kNow + 1h;  // a clock that ran ahead elsewhere
  const auto table = keys.table();
  EXPECT_EQ(table->check(keys.texts()[0], kNow).fault, KeyFault::revoked);
  EXPECT_EQ(table->count(KeyState::revoked, kNow), 1u);
}

TEST(KeyTable, AnOldSecretIsGoodForItsGraceAlone) {
  SampleKeys keys;
  Key& key = keys.add("turned");
  const std::string old = keys.texts()[0];
  const std::string now = *make_key_text(key.id);
  key.old_hash = key.hash;
  key.hash = keys.hash()(now);
  key.old_until = kNow;
  const auto table = keys.table();
  EXPECT_NE(table->check(now, kNow).key, nullptr);
  const Verdict in_grace = table->check(old, kNow - 1us);
  ASSERT_NE(in_grace.key, nullptr);
  EXPECT_EQ(in_grace.good_until, kNow);
  EXPECT_EQ(table->check(old, kNow).fault, KeyFault::expired);
}

TEST(KeyTable, AGraceDoesNotOutliveTheKey) {
  SampleKeys keys;
  Key& key = keys.add("turned");
  key.old_hash = key.hash;
  key.hash = keys.hash()(*make_key_text(key.id));
  key.old_until = kNow + 1h;
  key.expires = kNow;
  EXPECT_EQ(keys.table()->check(keys.texts()[0], kNow).fault, KeyFault::expired);
}

// What is known of a key that was good before spares its hash, and nothing else.
TEST(KeyTable, AKeyThatWasGoodBeforeIsNoLessChecked) {
  SampleKeys keys;
  keys.add("first").expires = kNow;
  keys.add("second");
  const auto table = keys.table();
  const std::string good = keys.texts()[0];
  for (int i = 0; i < 2; ++i) {
    const Verdict verdict = table->check(good, kNow - 1us);
    ASSERT_NE(verdict.key, nullptr);
    EXPECT_EQ(verdict.key->name, "first");
    EXPECT_EQ(verdict.good_until, kNow);
  }
  EXPECT_EQ(table->check(good, kNow).fault, KeyFault::expired);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string other = good;
    other[i] = other[i] == '7' ? '8' : '7';
    EXPECT_EQ(table->check(other, kNow - 1us).key, nullptr);
  }
  const KeyId second = *read_key_text(keys.texts()[1]);
  EXPECT_EQ(table->check(*make_key_text(second), kNow).fault, KeyFault::unknown)
      << "never seen, so nothing is known of it";
  EXPECT_EQ(table->check(good.substr(1), kNow - 1us).fault, KeyFault::malformed);
}

TEST(KeyTable, AnOldSecretIsNotTakenForTheOneThatIsKnown) {
  SampleKeys keys;
  Key& key = keys.add("turned");
  const std::string old = keys.texts()[0];
  const std::string now = *make_key_text(key.id);
  key.old_hash = key.hash;
  key.hash = keys.hash()(now);
  key.old_until = kNow;
  const auto table = keys.table();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(table->check(old, kNow - 1us).good_until, kNow);
    EXPECT_EQ(table->check(now, kNow - 1us).good_until, WallTime::max());
  }
  EXPECT_EQ(table->check(old, kNow).fault, KeyFault::expired);
}

TEST(KeyTable, WorkersMayLearnTheSameKeysAtOnce) {
  SampleKeys keys;
  for (int i = 0; i < 200; ++i) keys.add(std::to_string(i));
  const auto table = keys.table();
  const std::string unknown = *make_key_text();
  std::atomic<int> wrong{0};
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&] {
      for (int round = 0; round < 3; ++round) {
        for (std::size_t i = 0; i < keys.texts().size(); ++i) {
          const Verdict verdict = table->check(keys.texts()[i], kNow);
          if (verdict.key == nullptr || verdict.key->name != std::to_string(i)) ++wrong;
          if (table->check(unknown, kNow).fault != KeyFault::unknown) ++wrong;
        }
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(wrong, 0);
}

// 100,000 keys in less than 40 MB, as they come: own names, some tenants and scopes.
TEST(KeyTable, IsSmall) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers have an allocator of their own";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "sanitizers have an allocator of their own";
#endif
#endif
  SampleKeys keys;
  keys.add("one");
  const auto in_use = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  const std::size_t before = in_use();
  KeyTableBuilder builder;
  Key key = keys.rows()[0];
  for (int i = 0; i < 100'000; ++i) {
    key.id = *read_key_text(*make_key_text());
    key.name = "team-" + std::to_string(i % 100) + "/service-" + std::to_string(i);
    key.tenant = "tenant-" + std::to_string(i % 1000);
    key.allowed.models = {"deepseek-v4-flash", "model-" + std::to_string(i % 100)};
    builder.add(key);
  }
  const auto table = builder.finish(tls::KeyedHash("secret"));
  EXPECT_LT(in_use() - before, 40u << 20);
  EXPECT_EQ(table->size(), 100'000u);
}

}  // namespace
}  // namespace tidegate::limits
