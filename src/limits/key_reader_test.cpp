#include "limits/key_reader.h"

#include <gtest/gtest.h>

#include "base/scratch_dir.h"

namespace tidegate::limits {
namespace {

const WallTime kNow{std::chrono::seconds(1'780'000'000)};

class Reader : public testing::Test {
 protected:
  NewKey make(std::string name, std::optional<WallTime> expires = {}) {
    KeyDraft draft;
    draft.name = std::move(name);
    draft.expires = expires;
    return std::move(*store_->create(draft, kNow - 1h));
  }
  [[nodiscard]] std::unique_ptr<KeyRing> ring() const {
    return std::move(*KeyRing::open({dir_ / "t.keys", {}}));
  }

  ScratchDir dir_;
  std::unique_ptr<KeyStore> store_ = std::move(*KeyStore::open({dir_ / "t.keys", {}}));
};

TEST_F(Reader, RemembersAKeyNoLongerThanItIsGood) {
  const NewKey key = make("short", kNow);
  const auto keys = ring();
  KeyReader reader(*keys);
  for (int i = 0; i < 2; ++i) EXPECT_NE(reader.check(key.text, kNow - 1us).key, nullptr);
  EXPECT_EQ(reader.check(key.text, kNow).fault, KeyFault::expired);
}

TEST_F(Reader, AChangeIsInForceWithTheNextRequest) {
  const NewKey key = make("ci");
  const auto keys = ring();
  KeyReader reader(*keys);
  ASSERT_NE(reader.check(key.text, kNow).key, nullptr);
  std::atomic<bool> done = false;
  keys->submit([&](Result<KeyStore*> store) { ASSERT_TRUE((*store)->revoke("ci", kNow)); },
               [&] { done = true; });
  while (!done) std::this_thread::yield();
  EXPECT_EQ(reader.check(key.text, kNow).fault, KeyFault::revoked);
}

TEST_F(Reader, KnowsAgainTheHeadThatAGoodKeyCameIn) {
  const NewKey key = make("ci"), other = make("other");
  const auto keys = ring();
  KeyReader reader(*keys);
  EXPECT_EQ(reader.recall(7, kNow), nullptr);
  ASSERT_NE(reader.check(key.text, kNow, 7).key, nullptr);
  ASSERT_NE(reader.recall(7, kNow), nullptr);
  EXPECT_EQ(reader.recall(7, kNow)->name, "ci");
  EXPECT_EQ(reader.recall(15, kNow), nullptr);  // would lie in the same place
  ASSERT_NE(reader.check(other.text, kNow, 15).key, nullptr);
  EXPECT_EQ(reader.recall(15, kNow)->name, "other");
  EXPECT_EQ(reader.recall(7, kNow), nullptr);
}

TEST_F(Reader, KnowsNoHeadWithoutANumberOrAGoodKey) {
  const NewKey key = make("ci");
  const auto keys = ring();
  KeyReader reader(*keys);
  ASSERT_NE(reader.check(key.text, kNow).key, nullptr);
  EXPECT_EQ(reader.recall(0, kNow), nullptr);
  EXPECT_EQ(reader.check("sk-tg-none", kNow, 3).key, nullptr);
  EXPECT_EQ(reader.recall(3, kNow), nullptr);
}

TEST_F(Reader, KnowsAHeadNoLongerThanItsKeyIsGood) {
  const NewKey key = make("short", kNow), lasting = make("lasting");
  const auto keys = ring();
  KeyReader reader(*keys);
  ASSERT_NE(reader.check(key.text, kNow - 1us, 3).key, nullptr);
  ASSERT_NE(reader.check(lasting.text, kNow - 1us, 4).key, nullptr);
  EXPECT_NE(reader.recall(3, kNow - 1us), nullptr);
  EXPECT_EQ(reader.recall(3, kNow), nullptr);
  EXPECT_NE(reader.recall(4, kNow), nullptr);
  std::atomic<bool> done = false;
  keys->submit([&](Result<KeyStore*> store) { ASSERT_TRUE((*store)->revoke("lasting", kNow)); },
               [&] { done = true; });
  while (!done) std::this_thread::yield();
  EXPECT_EQ(reader.recall(4, kNow), nullptr);
  EXPECT_EQ(reader.check(lasting.text, kNow, 4).fault, KeyFault::revoked);
  EXPECT_EQ(reader.recall(4, kNow), nullptr);
}

TEST_F(Reader, ATextThatDiffersInOneByteIsAnotherKey) {
  const NewKey key = make("ci");
  const auto keys = ring();
  KeyReader reader(*keys);
  for (std::size_t i = 0; i < key.text.size(); ++i) {
    ASSERT_NE(reader.check(key.text, kNow).key, nullptr);
    std::string other = key.text;
    other[i] = other[i] == '7' ? '8' : '7';
    EXPECT_EQ(reader.check(other, kNow).key, nullptr);
  }
}

}  // namespace
}  // namespace tidegate::limits
