#include "client/key_format.h"

#include <gtest/gtest.h>

#include <string>

namespace tidegate::client {
namespace {

using config::Dialect;

TEST(KeyFormat, AKeyOfAnotherFormIsFoundAndNotShown) {
  const auto said = [](Dialect dialect, const char* key) {
    const auto wrong = check_key(dialect, key, "VARIABLE");
    if (!wrong) return std::string("good");
    EXPECT_EQ(wrong->find(key), std::string::npos) << *wrong;
    return wrong->substr(0, wrong->find(';'));
  };
  const char* const openai = "sk-proj-0123456789abcdef";
  const char* const anthropic = "sk-ant-0123456789abcdef";
  EXPECT_EQ(said(Dialect::openai, openai), "good");
  EXPECT_EQ(said(Dialect::deepseek, openai), "good");
  EXPECT_EQ(said(Dialect::anthropic, anthropic), "good");
  EXPECT_EQ(said(Dialect::openai, anthropic), "VARIABLE: this looks like a key of Anthropic");
  EXPECT_EQ(said(Dialect::deepseek, anthropic), "VARIABLE: this looks like a key of Anthropic");
  EXPECT_EQ(said(Dialect::anthropic, openai), "VARIABLE: this looks like a key of OpenAI");
  EXPECT_EQ(said(Dialect::openai, "0123456789abcdef01234567"),
            "VARIABLE: the key begins otherwise");
  EXPECT_EQ(said(Dialect::openai, "sk-short"), "VARIABLE: the key is too short, perhaps cut");
  EXPECT_EQ(said(Dialect::openai, "\"sk-proj-0123456789abcdef\""),
            "VARIABLE: the key stands in quotes");
  EXPECT_EQ(said(Dialect::openai, "sk-proj-0123456789abcdef\n"),
            "VARIABLE: the key has a space, a line break or another character that no key has");
  EXPECT_EQ(said(Dialect::vllm, "anything"), "good");
}

}  // namespace
}  // namespace tidegate::client
