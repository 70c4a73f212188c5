#include "workflow/expression.h"

#include <gtest/gtest.h>

#include "workflow/template.h"
#include "workflow/test_scope.h"

namespace tidegate::workflow {
namespace {

// The value as JSON, or what is wrong.
std::string value(std::string_view text, const TestScope& scope = {}) {
  const auto expression = Expression::compile(text);
  if (!expression) {
    return "at " + std::to_string(expression.error().offset) + ": " + expression.error().message;
  }
  const auto result = expression->evaluate(scope);
  return result ? result->json() : "error: " + result.error().message;
}

TestScope scope() {
  TestScope scope;
  scope.inputs = {{"name", Value("x")}, {"n", Value(std::int64_t{3})}};
  scope.add({"scan", Outcome::success, *Value::parse(R"([{"k": 1}, null, {"k": 2}])"), 2, 1,
             NanoDollars{1'500'000'000}});
  scope.add(
      {"merge", Outcome::success, *Value::parse(R"({"critical": 2, "a b": [5, 6]})"), 1, 0, {}});
  scope.add({"gone", Outcome::skipped, {}, 0, 0, {}});
  return scope;
}

TEST(Expression, KnowsLiteralsPathsAndOrder) {
  const TestScope s = scope();
  EXPECT_EQ(value("1 + 2").substr(0, 4), "at 2");
  EXPECT_EQ(value("'it''s'"), "\"it's\"");
  EXPECT_EQ(value(R"("a\n\u00e9")"), "\"a\\n\xc3\xa9\"");
  EXPECT_EQ(value("-1.5"), "-1.5");
  EXPECT_EQ(value("inputs.name", s), "\"x\"");
  EXPECT_EQ(value("needs.merge.output.critical", s), "2");
  EXPECT_EQ(value("needs.merge.output['a b'][-1]", s), "6");
  EXPECT_EQ(value("needs.scan.outputs[0].k", s), "1");
  EXPECT_EQ(value("needs.scan.result", s), "\"success\"");
  EXPECT_EQ(value("needs.scan.cost_usd", s), "1.5");
  EXPECT_EQ(value("needs.merge.output.none.at.all", s), "null");
  EXPECT_EQ(value("run.id", s), "\"run-id\"");
  EXPECT_EQ(value("1 < 2 && 'a' < 'b' || false"), "true");
  EXPECT_EQ(value("!(1 >= 1.5) && !false"), "true");
  EXPECT_EQ(value("1 == 1.0"), "true");
  EXPECT_EQ(value("needs.gone.output == null", s), "true");
  EXPECT_EQ(value("needs.gone.output > 0", s), "false");
  EXPECT_EQ(value("needs.gone.output <= 0", s), "false");
  EXPECT_TRUE(value("1 < 'a'").starts_with("error: a number and a text cannot be compared"));
}

TEST(Expression, KnowsFilters) {
  const TestScope s = scope();
  EXPECT_EQ(value("needs.gone.output | default('none')", s), "\"none\"");
  EXPECT_EQ(value("needs.gone.output | trim | default(inputs.n)", s), "3");
  EXPECT_EQ(value("needs.merge.output | json", s), R"("{\"critical\":2,\"a b\":[5,6]}")");
  EXPECT_EQ(value("needs.scan.outputs | compact | length", s), "2");
  EXPECT_EQ(value("needs.scan.outputs | length > 2", s), "true");
  EXPECT_EQ(value("needs.merge.output['a b'] | join('; ')", s), "\"5; 6\"");
  EXPECT_EQ(value("needs.merge.output['a b'] | first", s), "5");
  EXPECT_EQ(value("' a ' | trim"), "\"a\"");
  EXPECT_EQ(value("\"a\\nb\" | lines"), R"(["a","b"])");
  EXPECT_EQ(value("needs.gone.output | json", s), "null");
  EXPECT_TRUE(value("1 | length").starts_with("error: length takes a list"));
  const std::string table = value("needs | results_table", s);
  EXPECT_TRUE(table.contains("| scan | success | 2 | 1 | 1.500000 |")) << table;
  EXPECT_TRUE(table.contains("| gone | skipped |")) << table;
}

TEST(Expression, KnowsHowNeedsEnded) {
  TestScope s = scope();
  EXPECT_EQ(value("always()", s), "true");
  EXPECT_EQ(value("success()", s), "false");
  EXPECT_EQ(value("failure()", s), "false");
  s.add({"bad", Outcome::failure, {}, 0, 1, {}});
  EXPECT_EQ(value("failure() && !cancelled()", s), "true");
}

TEST(Expression, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(value("inptus.x"),
            "at 0: inptus: unknown; expected inputs.NAME, needs.TASK.output, item, "
            "run.id, a 'text' or a number. Did you mean inputs?");
  EXPECT_EQ(value("1 == needs.a.outptu").substr(0, 61),
            "at 13: needs.a.outptu: no such field; expected result, output");
  EXPECT_TRUE(value("needs.a").contains("needs.a alone has no value"));
  EXPECT_TRUE(value("x | jsn").contains("unknown"));
  EXPECT_TRUE(value("1 | jsn").contains("Did you mean json?"));
  EXPECT_TRUE(value("1 = 1").contains("Did you mean ==?"));
  EXPECT_TRUE(value("'a").contains("without its closing '"));
  EXPECT_TRUE(value("1 < 2 < 3").contains("join them with &&"));
  EXPECT_TRUE(value("").contains("ends too early"));
  EXPECT_TRUE(value("run.secret").contains("no such value"));
  EXPECT_TRUE(value("env.KEY").contains("unknown"));
  EXPECT_TRUE(value("1 | default").contains("needs an argument"));
  EXPECT_TRUE(value(std::string(5000, '(')).contains("longer than 4096"));
  EXPECT_TRUE(value(std::string(200, '(')).contains("nested too deeply"));
  EXPECT_TRUE(value(std::string(200, '!')).contains("nested too deeply"));
}

TEST(Expression, TellsWhichNullsAreNoError) {
  const auto optional = [](std::string_view text) {
    const auto expression = Expression::compile(text);
    EXPECT_TRUE(expression);
    return expression->references().at(0).optional;
  };
  EXPECT_FALSE(optional("needs.a.output"));
  EXPECT_FALSE(optional("needs.a.output.x | json"));
  EXPECT_TRUE(optional("needs.a.output | default('')"));
  EXPECT_TRUE(optional("needs.a.output.x | trim | default('')"));
  EXPECT_TRUE(optional("needs.a.output == 1"));
  EXPECT_FALSE(optional("needs.a.output[needs.b.output]"));
}

std::string rendered(std::string_view text, const TestScope& scope) {
  const auto compiled = Template::compile(text);
  if (!compiled) return "wrong";
  const auto out = compiled->render(scope);
  return out ? *out : "error: " + out.error().message;
}

TEST(Template, PutsValuesIntoTexts) {
  const TestScope s = scope();
  EXPECT_EQ(rendered("a ${{ inputs.name }}-${{inputs.n}} b", s), "a x-3 b");
  EXPECT_EQ(rendered("{x} {{ y }} $ { ${ {", s), "{x} {{ y }} $ { ${ {");
  EXPECT_EQ(rendered("${{ '${{' }} ${{ '}}' }}", s), "${{ }}");
  EXPECT_EQ(rendered("${{ needs.merge.output }}", s), R"({"critical":2,"a b":[5,6]})");
  EXPECT_TRUE(rendered("${{ needs.gone.output }}", s).contains("has no value here"));
  EXPECT_EQ(rendered("${{ needs.gone.output == null }}", s), "true");
  EXPECT_EQ(rendered("${{ 1", s), "wrong");
}

TEST(Template, NeverLooksAtWhatItPutIn) {
  TestScope s;
  s.inputs = {{"evil", Value("${{ inputs.secret }} ${{ run.id }} {{x}} ${HOME}")},
              {"secret", Value("hush")}};
  s.add({"model", Outcome::success, Value("${{ inputs.secret }}"), 1, 0, {}});
  EXPECT_EQ(rendered("<${{ inputs.evil }}>", s),
            "<${{ inputs.secret }} ${{ run.id }} {{x}} ${HOME}>");
  EXPECT_EQ(rendered("${{ needs.model.output }}${{ needs.model.output | json }}", s),
            R"(${{ inputs.secret }}"${{ inputs.secret }}")");
  // Nor across the edge of what it put in and what stands beside it.
  s.add({"half", Outcome::success, Value("${"), 1, 0, {}});
  EXPECT_EQ(rendered("${{ needs.half.output }}{ inputs.secret }}", s), "${{ inputs.secret }}");
}

TEST(Template, SharesLargeOutputsInPieces) {
  TestScope s;
  const auto large = std::make_shared<const std::string>(20'000'000, 'x');
  s.add({"big", Outcome::success, Value(large), 1, 0, {}});
  const auto text = Template::compile("see ${{ needs.big.output }}");
  ASSERT_TRUE(text);
  const auto pieces = text->pieces(s);
  ASSERT_TRUE(pieces);
  ASSERT_EQ(pieces->size(), 2U);
  EXPECT_EQ((*pieces)[1].text, large);  // the same bytes, not a copy
  EXPECT_EQ((*pieces)[1].origin, Piece::Origin::need);
  EXPECT_EQ((*pieces)[1].task, "big");
}

TEST(Value, ReadsWritesAndComparesJson) {
  const auto a =
      Value::parse(R"({"b": [1, 2.5, "é\n", true, null], "a": {}, "b2": 9007199254740993})");
  ASSERT_TRUE(a);
  EXPECT_EQ(a->json(), R"({"b":[1,2.5,"é\n",true,null],"a":{},"b2":9007199254740993})");
  EXPECT_EQ(*Value::parse(R"({"x": 1, "y": 2})"), *Value::parse(R"({"y": 2.0, "x": 1})"));
  EXPECT_FALSE(*Value::parse("[1]") == *Value::parse("[2]"));
  EXPECT_EQ(Value::parse(R"({"a": 1, "b": 2, "a": 3})")->json(), R"({"b":2,"a":3})");
  EXPECT_FALSE(Value::parse(R"(["\ud800"])"));
  EXPECT_FALSE(Value::parse("[1"));
  EXPECT_FALSE(Value::parse(std::string(100, '[')));
  EXPECT_EQ(a->find("b").at(-2), Value(true));
  EXPECT_TRUE(a->find("b").at(99).is_null());
}

}  // namespace
}  // namespace tidegate::workflow
