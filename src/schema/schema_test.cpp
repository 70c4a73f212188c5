#include "schema/schema.h"

#include <gtest/gtest.h>

#include <numeric>

namespace tidegate::schema {
namespace {

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

// All violations in one line; "fits" when there are none.
std::string judge(std::string_view schema, std::string_view text) {
  const auto compiled = Schema::compile(schema);
  if (!compiled) return "schema: " + compiled.error().message;
  const auto violations = compiled->validate(text);
  if (!violations) return "undecided: " + violations.error().message;
  std::string out;
  for (const Violation& violation : *violations) {
    if (!out.empty()) out += "; ";
    out += describe(violation);
  }
  return out.empty() ? "fits" : out;
}

TEST(Schema, NamesThePathTheDemandAndWhatWasThere) {
  const char* schema = R"({"type":"object","properties":{"items":{"type":"array","items":{
      "type":"object","properties":{"price":{"type":"number","minimum":0}},"required":["price"]}}}})";
  EXPECT_EQ(judge(schema, R"({"items":[{"price":1},{"price":"1"},{"price":-2},{}]})"),
            "at /items/1/price: expected a number, found a string; "
            "at /items/2/price: expected a number of at least 0, found a smaller one; "
            "at /items/3: expected a member \"price\", found none");
  EXPECT_EQ(judge(schema, R"({"items":[{"price":0.5}]})"), "fits");
  EXPECT_EQ(judge(schema, "7"), "expected an object, found an integer");
  EXPECT_EQ(judge(schema, "Here you are: {}"),
            "expected JSON, found malformed JSON at line 1, column 1 (byte 0): "
            "expected a value");
  EXPECT_EQ(judge(R"({"properties":{"a/b":{"properties":{"c~d":false}}}})", R"({"a/b":{"c~d":1}})"),
            "at /a~1b/c~0d: expected nothing here, found an integer");
}

TEST(Schema, SaysNothingOfTheTextItself) {
  EXPECT_EQ(judge(R"({"enum":["red","green"]})", R"("secret")"),
            R"(expected one of "red", "green", found another value, a string)");
  EXPECT_EQ(judge(R"({"type":"string","maxLength":3,"pattern":"^a"})", R"("secret")"),
            "expected at most 3 characters, found 6; "
            "expected a string of the pattern that the schema demands, found another string");
}

TEST(Schema, TellsOfTheAlternativeThatWasMeant) {
  const char* schema = R"({"properties":{"shape":{"anyOf":[
      {"type":"object","properties":{"radius":{"type":"number"}}},{"type":"null"}]}}})";
  EXPECT_EQ(judge(schema, R"({"shape":{"radius":"1"}})"),
            "at /shape/radius: expected a number, found a string");
  EXPECT_EQ(judge(schema, R"({"shape":3})"),
            "at /shape: expected an object, or null, found an integer");
  EXPECT_EQ(judge(schema, R"({"shape":null})"), "fits");
  EXPECT_EQ(judge(R"({"oneOf":[{"type":"integer"},{"minimum":2}]})", "3"),
            "expected a value that fits one of 2 schemas, found 2 that it fits");
}

TEST(Schema, KnowsWhatIsNewIn2020) {
  EXPECT_EQ(judge(R"({"prefixItems":[{"type":"string"}],"items":false})", R"(["a",1])"),
            "at /1: expected nothing here, found an integer");
  const char* siblings = R"({"$defs":{"n":{"type":"number"}},"$ref":"#/$defs/n","maximum":3})";
  EXPECT_EQ(judge(siblings, "4"), "expected a number of at most 3, found a larger one");
  EXPECT_EQ(judge(siblings, R"("4")"), "expected a number, found a string");
  EXPECT_EQ(judge(R"({"contains":{"const":1},"minContains":2,"maxContains":3})", "[1,2]"),
            "expected from 2 to 3 items of the kind in `contains`, found 1");
  EXPECT_EQ(judge(R"({"dependentRequired":{"a":["b"]}})", R"({"a":1})"),
            "expected a member \"b\", found none");
  EXPECT_EQ(judge(R"({"dependentSchemas":{"a":{"maxProperties":1}}})", R"({"a":1,"b":2})"),
            "expected at most 1 member, found 2");
  EXPECT_EQ(judge(R"({"$defs":{"n":{"$anchor":"here","type":"null"}},"$ref":"#here"})", "1"),
            "expected null, found an integer");
}

TEST(Schema, ComparesNumbersByValue) {
  EXPECT_EQ(judge(R"({"const":1})", "1.0"), "fits");
  EXPECT_EQ(judge(R"({"type":"integer"})", "1e2"), "fits");
  EXPECT_EQ(judge(R"({"type":"integer"})", "12345678901234567890123"), "fits");
  EXPECT_EQ(judge(R"({"enum":[9007199254740993]})", "9007199254740992"),
            "expected 9007199254740993, found another value, an integer");
  EXPECT_EQ(judge(R"({"multipleOf":0.01})", "12345678.91"), "fits");
  EXPECT_EQ(judge(R"({"multipleOf":0.01})", "0.015"),
            "expected a multiple of 0.01, found another number");
  EXPECT_EQ(judge(R"({"uniqueItems":true})", R"([{"a":1,"b":2},{"b":2.0,"a":1}])"),
            "expected items that all differ, found two equal ones");
}

TEST(Schema, RefusesWhatIsNoSchemaWithItsPlace) {
  const auto refusal = [](std::string_view schema) {
    const auto compiled = Schema::compile(schema);
    return compiled ? "none" : compiled.error().field + ": " + compiled.error().message;
  };
  EXPECT_EQ(refusal(R"({"properties":{"a":{"type":"strnig"}}})"),
            "/properties/a/type: the schema at /properties/a/type must be one of the types null, "
            "boolean, object, array, number, integer and string, or a list of them");
  EXPECT_EQ(refusal(R"({"required":"a"})"),
            "/required: the schema at /required must be an array of strings");
  EXPECT_EQ(refusal(R"({"items":3})"),
            "/items: the schema at /items must be a JSON Schema: an object, true or false");
  EXPECT_EQ(refusal(R"({"$ref":"https://example.com/x.json"})"),
            "/$ref: the schema at /$ref must refer to a place in the schema itself (#/$defs/name); "
            "nothing is fetched");
  EXPECT_EQ(refusal(R"({"$ref":"#/$defs/none"})"),
            "/$ref: the schema at /$ref refers to a place that is not there");
  EXPECT_EQ(refusal(R"({"multipleOf":0})"),
            "/multipleOf: the schema at /multipleOf must be a number above 0");
  EXPECT_EQ(refusal(R"({"minLength":-1})"),
            "/minLength: the schema at /minLength must be a whole number, 0 or more");
  EXPECT_EQ(refusal("{"),
            ": malformed JSON at line 1, column 2 (byte 1): expected a key in quotes");
}

TEST(Schema, NamesWhatItDoesNotCheck) {
  const auto schema = Schema::compile(R"({"unevaluatedProperties":false,"properties":{
      "mail":{"pattern":"^(?!\\.).+@"},"ref":{"pattern":"(a)\\1"},"plain":{"pattern":"^\\u0041"}}})");
  ASSERT_TRUE(schema);
  EXPECT_EQ(schema->unchecked(),
            (std::vector<std::string>{"/unevaluatedProperties", "/properties/mail/pattern",
                                      "/properties/ref/pattern"}));
  EXPECT_TRUE(schema->validate(R"({"mail":"anything","plain":"A"})")->empty());
  EXPECT_FALSE(schema->validate(R"({"plain":"B"})")->empty());
  // Which members are others depends on a pattern that nobody can hold them against.
  EXPECT_EQ(
      judge(R"x({"patternProperties":{"^(?!x)":{}},"additionalProperties":false})x", R"({"a":1})"),
      "fits");
}

TEST(Schema, FormatsThatProvidersHoldTo) {
  const auto holds = [](std::string_view format, std::string_view text) {
    return judge(R"({"format":")" + std::string(format) + "\"}", '"' + std::string(text) + '"') ==
           "fits";
  };
  EXPECT_TRUE(holds("date", "2024-02-29"));
  EXPECT_FALSE(holds("date", "2026-02-29"));
  EXPECT_TRUE(holds("date-time", "2026-09-30T09:30:00.5+02:00"));
  EXPECT_FALSE(holds("date-time", "2026-09-30T09:30:00"));
  EXPECT_TRUE(holds("duration", "P1DT2H"));
  EXPECT_FALSE(holds("duration", "P"));
  EXPECT_TRUE(holds("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380"));
  EXPECT_FALSE(holds("uuid", "2eb8aa08aa9811eab4aa73b441d16380"));
  EXPECT_TRUE(holds("ipv6", "::1"));
  EXPECT_FALSE(holds("ipv4", "256.1.1.1"));
  EXPECT_TRUE(holds("color", "anything"));
}

// Schemas come from clients, texts from models: neither may cost more than a bounded time.
TEST(Schema, StaysBoundedWhateverItIsGiven) {
  EXPECT_TRUE(judge(R"({"$ref":"#"})", "1").starts_with("schema: the schema leads back to itself"));
  EXPECT_TRUE(
      judge(R"({"anyOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"allOf":[{"$ref":"#"}]}}})", "1")
          .contains("leads back to itself"));
  std::string chain = R"({"$ref":"#/$defs/0","$defs":{)";
  for (int i = 0; i < 1000; ++i) {
    chain += '"' + std::to_string(i) + R"(":{"$ref":"#/$defs/)" + std::to_string(i + 1) + "\"},";
  }
  EXPECT_TRUE(judge(chain + R"("1000":{}}})", "1").contains("more than 32 references in a row"));

  // Twice as many evaluations at each level.
  std::string doubling = R"({"$ref":"#/$defs/0","$defs":{)";
  for (int i = 0; i < 30; ++i) {
    const std::string next = R"({"$ref":"#/$defs/)" + std::to_string(i + 1) + "\"}";
    doubling += '"' + std::to_string(i) + R"(":{"properties":{"a":{"anyOf":[)" + next + ',' + next +
                "]}}},";
  }
  const std::string deep = repeat(R"({"a":)", 31) + "1" + repeat("}", 31);
  EXPECT_TRUE(judge(doubling + R"("30":{"not":{}}}})", deep).starts_with("undecided: "));

  EXPECT_TRUE(judge("{}", repeat("[", 10'000)).contains("nested deeper than 64 levels"));
  EXPECT_TRUE(judge(repeat(R"({"items":)", 10'000), "[]").contains("nested deeper"));
  EXPECT_TRUE(judge("{}", "[" + repeat("1,", 300'000) + "1]").starts_with("undecided: more than"));
  EXPECT_EQ(judge(R"({"pattern":"^(a+)+$"})", '"' + repeat("a", 50'000) + "!\""),
            "expected a string of the pattern that the schema demands, found another string");
  EXPECT_EQ(judge(R"({"pattern":"(x{1000}){1000}"})", R"("x")"), "fits");  // not checked

  std::string list = R"({"items":{"enum":[0)";
  for (int i = 1; i < 100'000; ++i) list += ',' + std::to_string(i);
  EXPECT_EQ(judge(list + "]}}", "[" + repeat("99999,", 100'000) + "1]"), "fits");
  EXPECT_EQ(judge(R"({"uniqueItems":true})", "[" + repeat("[],", 1000) + "[1]]"),
            "expected items that all differ, found two equal ones");
}

TEST(Schema, ReportsNoMoreThanAHintNeeds) {
  const auto schema = Schema::compile(R"({"items":{"type":"string"}})");
  ASSERT_TRUE(schema);
  EXPECT_EQ(schema->validate("[" + repeat("1,", 1000) + "1]")->size(), Schema::kMaxViolations);
}

}  // namespace
}  // namespace tidegate::schema
