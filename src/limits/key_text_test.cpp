#include "limits/key_text.h"

#include <gtest/gtest.h>

#include <set>

namespace tidegate::limits {
namespace {

TEST(KeyText, NewKeysReadBackAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto text = make_key_text();
    ASSERT_TRUE(text);
    ASSERT_EQ(text->size(), kKeySize);
    ASSERT_TRUE(text->starts_with("sk-tg-")) << *text;
    const auto id = read_key_text(*text);
    ASSERT_TRUE(id) << *text;
    EXPECT_TRUE(text->contains(id->text().substr(4)));
    EXPECT_TRUE(seen.insert(*text).second);
    EXPECT_TRUE(seen.insert(id->text()).second);
  }
}

TEST(KeyText, AnIdKeepsItsNameUnderANewSecret) {
  const auto first = make_key_text();
  const auto id = read_key_text(*first);
  ASSERT_TRUE(id);
  const auto second = make_key_text(*id);
  EXPECT_NE(*first, *second);
  EXPECT_EQ(read_key_text(*second), id);
}

// A wrong character anywhere, two that changed places, one too many or too few.
TEST(KeyText, TyposAreTold) {
  const std::string good = *make_key_text();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string typo = good;
    typo[i] = good[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(read_key_text(typo)) << typo;
    typo = good;
    typo.erase(i, 1);
    EXPECT_FALSE(read_key_text(typo)) << typo;
    typo = good;
    typo.insert(i, 1, '7');
    EXPECT_FALSE(read_key_text(typo)) << typo;
    if (i > 0 && good[i] != good[i - 1]) {
      typo = good;
      std::swap(typo[i], typo[i - 1]);
      EXPECT_FALSE(read_key_text(typo)) << typo;
    }
  }
}

TEST(KeyText, OtherTextsAreNoKeys) {
  const std::string good = *make_key_text();
  std::string upper = good;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  std::string zero = good;
  zero[20] = '\0';
  for (const std::string& text :
       {std::string(), std::string("sk-tg-"), std::string("sk-proj-1234"), std::string("unused"),
        std::string(49, '0'), std::string(70000, 'a'), upper, zero, good + " "}) {
    EXPECT_FALSE(read_key_text(text)) << text.substr(0, 60);
  }
}

// What users have in their hands must stay valid in every later version.
TEST(KeyText, TheFormIsFixed) {
  const auto id = read_key_text("sk-tg-0123456789-abcdefghjkmnpqrstvwxyz01239f1q7j");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->text(), "key_0123456789");
}

TEST(KeyText, IdsReadBack) {
  const auto id = KeyId::parse("key_7f3k9m2qxd");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->text(), "key_7f3k9m2qxd");
  for (const char* text : {"", "key_", "7f3k9m2qxd", "key_7f3k9m2qx", "key_7f3k9m2qxdd",
                           "key_7f3k9m2qxu", "KEY_7f3k9m2qxd"}) {
    EXPECT_FALSE(KeyId::parse(text)) << text;
  }
}

}  // namespace
}  // namespace tidegate::limits
