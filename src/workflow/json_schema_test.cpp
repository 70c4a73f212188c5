#include "workflow/json_schema.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "schema/schema.h"
#include "workflow/roles.h"
#include "workflow/test_files.h"
#include "workflow/tree.h"

namespace tidegate::workflow {
namespace {

const std::string kFile = std::string(TIDEGATE_SOURCE_DIR) + "/data/workflow.schema.json";

// UPDATE_GOLDEN=1 workflow_test --gtest_filter='JsonSchema.*' writes it anew.
TEST(JsonSchema, IsWhatTheFileSays) {
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream out(kFile, std::ios::binary);
    out << json_schema();
  }
  std::ifstream in(kFile, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  EXPECT_EQ(text, json_schema()) << "the tables have changed: UPDATE_GOLDEN=1";
}

// What the loader takes, the schema takes, and what it refuses of names and forms the schema
// refuses.
TEST(JsonSchema, AgreesWithTheLoader) {
  const auto schema = schema::Schema::compile(json_schema());
  ASSERT_TRUE(schema) << schema.error().message << schema.error().field;
  EXPECT_TRUE(schema->unchecked().empty());
  const struct {
    const char* text;
    bool good;
  } cases[] = {
      {R"j({"tasks":{"a":{"prompt":"x"}}})j", true},
      {R"j({"version":1,"name":"n","inputs":{"a":{"type":"string","required":true},"b":"array"},
           "run":{"window":"off-peak","max_parallel":3,"fail_fast":true},
           "budget":{"usd":2.5,"on_exceed":"stop","warn_at":[0.5]},
           "defaults":{"thinking":"off","retry":{"attempts":2,"backoff":"1s..2s","on":["server"]},
                       "timeout":{"idle":"3m"},"limits":{"turns":3}},
           "routes":{"r":{"model":"m","fallback":["n"]}},
           "mcp_servers":{"s":{"command":["x"],"env":{"A":"B"}},"t":{"url":"http://x/","auth":{"env":"T"}}},
           "roles":{"q":{"system":"s","tools":["s.t"]}},
           "context":["a",{"text":"b"}],
           "tasks":[{"id":"a","role":"q","prompt":"x","for_each":[1],"max_parallel":2,
                     "output":{"schema":{"type":"object"},"repair":1}},
                    {"id":"b","depends_on":"a","approval":{"message":"?","timeout":"1h","default":"approve"}},
                    {"id":"c","needs":["a","b"],"context":["a"],"if":"always()","prompt":"p","budget":1,
                     "on_error":"continue","context_policy":"tail","output":"text","priority":-3}],
           "outputs":{"o":"${{ needs.a.outputs }}"}})j",
       true},
      {R"j({"tasks":{"a":{"promt":"x"}}})j", false},
      {R"j({"name":"x"})j", false},
      {R"j({"tasks":{"a":{"prompt":"x","window":"night"}}})j", false},
      {R"j({"tasks":{"a":{"prompt":"x","retry":{"attempts":0}}}})j", false},
      {R"j({"tasks":{"a":{"prompt":"x","timeout":{"idle":"3"}}}})j", false},
      {R"j({"tasks":{"a":{"prompt":"x"}},"run":{"max_parallel":"many"}})j", false},
      {R"j({"tasks":{"a":{"prompt":"x"}},"budget":{"usd":-1}})j", false},
      {R"j({"tasks":{"a":{"prompt":"x"}},"inputs":{"a":{"type":"int"}}})j", false},
      {R"j({"tasks":{"a":{"prompt":"x","temperature":3}}})j", false},
  };
  for (const auto& test : cases) {
    const auto violations = schema->validate(test.text);
    ASSERT_TRUE(violations);
    EXPECT_EQ(violations->empty(), test.good)
        << test.text << (violations->empty() ? "" : schema::describe(violations->front()));
    const Loaded loaded = load_text(test.text);
    EXPECT_EQ(loaded.ok(), test.good) << lines(loaded);
  }
}

}  // namespace
}  // namespace tidegate::workflow
