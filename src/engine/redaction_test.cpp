#include "engine/redaction.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "workflow/test_files.h"

namespace tidegate::engine {
namespace {

std::string without(std::string text, std::vector<std::string> secrets) {
  redact(text, secrets);
  return text;
}

TEST(Redaction, TakesEachSecretOutWhereverItStands) {
  EXPECT_EQ(without("key=hunter22, again hunter22hunter22.", {"hunter22"}),
            "key=***, again ******.");
  EXPECT_EQ(without("nothing here", {"hunter22"}), "nothing here");
}

TEST(Redaction, KnowsKeysOfTidegateByTheirForm) {
  const std::string key = "sk-tg-7f3k9m2qxd-0h2m4r8v1c5z9t3x7b2n6q0w4s44exm5";
  EXPECT_EQ(without("Bearer " + key + "\"}", {}), "Bearer ***\"}");
  EXPECT_EQ(without("they begin with sk-tg- and go on", {}), "they begin with sk-tg- and go on");
  EXPECT_EQ(without("sk-tg-... " + key, {}), "sk-tg-... ***");
}

TEST(Redaction, ASecretIsKnownWithinJsonToo) {
  std::vector<std::string> secrets;
  add_secret(secrets, "pass\"word\\");
  EXPECT_EQ(without(R"({"password":"pass\"word\\"})", secrets), R"({"password":"***"})");
  add_secret(secrets, "short");
  EXPECT_EQ(without("short", secrets), "short");
}

TEST(Redaction, TheEnvironmentOfToolServersIsSecretButForPaths) {
  ::setenv("REDACTION_TEST_TOKEN", "abcdef-token", 1);
  ::setenv("REDACTION_TEST_HOME", "/home/somebody", 1);
  const workflow::Loaded loaded = workflow::load_text(
      "inputs: { password: { type: string, secret: true }, plain: string }\n"
      "roles: { tester: { system: You test. } }\n"
      "mcp_servers:\n"
      "  s: { command: [x], env: { HOME: REDACTION_TEST_HOME, TOKEN: REDACTION_TEST_TOKEN } }\n"
      "tasks: { a: { role: tester, tools: [s.t], prompt: hi } }\n",
      {});
  ASSERT_TRUE(loaded.ok()) << lines(loaded);
  EXPECT_EQ(secrets_of(*loaded.workflow, {{"password", workflow::Value("hunter22")},
                                          {"plain", workflow::Value("visible")}}),
            (std::vector<std::string>{"hunter22", "abcdef-token"}));
}

TEST(Redaction, WhatIsCleanIsNotCopied) {
  const Bytes clean = std::make_shared<const std::string>("fine");
  const std::vector<std::string> secrets{"hunter22"};
  EXPECT_EQ(redacted(clean, secrets), clean);
  EXPECT_EQ(redacted(nullptr, secrets), nullptr);
  EXPECT_EQ(*redacted(std::make_shared<const std::string>("a hunter22"), secrets), "a ***");
}

}  // namespace
}  // namespace tidegate::engine
