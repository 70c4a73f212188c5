#include "protocol/dialect.h"

#include <gtest/gtest.h>

#include "json/checked_text.h"
#include "json/reader.h"

namespace tidegate::protocol {
namespace {

using config::Dialect;
using config::Thinking;

constexpr Dialect kAll[] = {Dialect::openai,     Dialect::deepseek,
                            Dialect::anthropic,  Dialect::kimi,
                            Dialect::gemini,     Dialect::vllm,
                            Dialect::sglang,     Dialect::llamacpp,
                            Dialect::openrouter, Dialect::openai_compatible};

TEST(Dialect, has_a_table_of_its_own_name_for_each_config_dialect) {
  for (const Dialect each : kAll) EXPECT_EQ(dialect(each).name, config::name(each));
}

TEST(Dialect, thinking_members_are_members_of_an_object) {
  for (const Dialect each : kAll) {
    EXPECT_EQ(thinking_members(dialect(each), Thinking::unset), "");
    for (const Thinking thinking :
         {Thinking::off, Thinking::low, Thinking::medium, Thinking::high, Thinking::max}) {
      const std::string object = "{" + std::string(thinking_members(dialect(each), thinking)) + "}";
      const auto checked = json::check_text(object);
      ASSERT_TRUE(checked.has_value()) << object;
      json::Reader json(*checked);
      EXPECT_TRUE(json.skip() && json.finish()) << object;
    }
  }
}

TEST(Dialect, says_what_deepseek_and_openai_take) {
  const DialectTable& deepseek = dialect(Dialect::deepseek);
  EXPECT_EQ(thinking_members(deepseek, Thinking::off), R"("thinking":{"type":"disabled"})");
  EXPECT_EQ(thinking_members(deepseek, Thinking::high),
            R"("thinking":{"type":"enabled"},"reasoning_effort":"high")");
  EXPECT_EQ(deepseek.max_tokens_key, "max_tokens");
  EXPECT_EQ(deepseek.max_tokens_limit, 393216);
  EXPECT_FALSE(deepseek.developer_role);

  const DialectTable& openai = dialect(Dialect::openai);
  EXPECT_EQ(thinking_members(openai, Thinking::off), R"("reasoning_effort":"none")");
  EXPECT_EQ(openai.max_tokens_key, "max_completion_tokens");
  EXPECT_TRUE(openai.developer_role);

  EXPECT_EQ(thinking_members(dialect(Dialect::openai_compatible), Thinking::high), "");
}

}  // namespace
}  // namespace tidegate::protocol
