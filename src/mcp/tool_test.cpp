#include "mcp/tool.h"

#include <gtest/gtest.h>

#include "mcp/tool_result.h"

namespace tidegate::mcp {
namespace {

Tool only_tool(std::string_view page) {
  auto read = read_tool_page(page);
  EXPECT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->tools.size(), 1u);
  return std::move(read->tools.at(0));
}

TEST(ToolPage, ReadsToolsWithTheirHints) {
  const auto page = read_tool_page(
      R"({"resultType":"complete","nextCursor":"p2","tools":[
          {"name":"repo.grep","title":"Grep","description":"Finds \"x\"","icons":[],
           "inputSchema":{"type":"object","required":["q"]},
           "annotations":{"readOnlyHint":true,"idempotentHint":false,"openWorldHint":true}}]})");
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->tools.size(), 1u);
  const Tool& tool = page->tools[0];
  EXPECT_EQ(tool.name, "repo.grep");
  EXPECT_EQ(tool.description, "Finds \"x\"");
  EXPECT_EQ(tool.input_schema, R"({"type":"object","required":["q"]})");
  EXPECT_TRUE(tool.hints.read_only);
  EXPECT_FALSE(tool.hints.idempotent);
  EXPECT_EQ(page->next_cursor, "p2");
  EXPECT_FALSE(tool.input->validate("{}")->empty());
}

TEST(ToolPage, LeavesOutWhatCannotBeUsedAndSaysWhy) {
  const auto page = read_tool_page(R"({"tools":[
      {"name":"a b","inputSchema":{}}, {"name":"none"}, {"name":"s","inputSchema":{"type":7}},
      {"name":"n","inputSchema":{"properties":{"x":{"type":"number","x-mcp-header":"X"}}}},
      {"name":"good","inputSchema":{}}, 7]})");
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->tools.size(), 1u);
  EXPECT_EQ(page->tools[0].name, "good");
  EXPECT_EQ(page->refused.size(), 4u);
  EXPECT_EQ(page->refused[3], "tool \"n\": x-mcp-header X is not on a string, integer or boolean");
}

TEST(ToolPage, IsAnErrorWhereThereIsNoList) {
  for (const std::string_view text : {"", "7", "{}", R"({"tools":{}})", R"({"tools":[)"}) {
    const auto page = read_tool_page(text);
    ASSERT_FALSE(page) << text;
    EXPECT_EQ(page.error().code, ErrorCode::bad_answer);
  }
}

TEST(ParamHeaders, RepeatArgumentsWhereverOnlyPropertiesLead) {
  const auto headers = param_headers(
      R"({"properties":{"region":{"type":"string","x-mcp-header":"Region"},
          "deep":{"type":"object","properties":{"n":{"type":"integer","x-mcp-header":"N"}}},
          "x-mcp-header":{"type":"string"},
          "d":{"type":"string","default":{"x-mcp-header":"no"}}}})");
  ASSERT_TRUE(headers) << headers.error().message;
  ASSERT_EQ(headers->size(), 2u);
  EXPECT_EQ(header_lines(*headers, R"({"region":"us-west1","deep":{"n":-7}})"),
            "Mcp-Param-Region: us-west1\r\nMcp-Param-N: -7\r\n");
  EXPECT_EQ(header_lines(*headers, R"({"region":null})"), "");
  EXPECT_EQ(header_lines(*headers, R"({"region":"a\r\nEvil: 1"})"),
            "Mcp-Param-Region: =?base64?YQ0KRXZpbDogMQ==?=\r\n");
}

TEST(ParamHeaders, AreRefusedElsewhere) {
  for (
      const std::string_view schema :
      {R"({"items":{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}})",
       R"({"anyOf":[{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}]})",
       R"({"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}})",
       R"({"properties":{"a":{"type":"string","x-mcp-header":""}}})",
       R"({"properties":{"a":{"type":"string","x-mcp-header":"A B"}}})",
       R"({"properties":{"a":{"type":"string","x-mcp-header":7}}})",
       R"({"type":"string","x-mcp-header":"Root"})"}) {
    EXPECT_FALSE(param_headers(schema)) << schema;
  }
}

TEST(ParamHeaders, EncodeWhatAHeaderCannotCarry) {
  EXPECT_EQ(header_value("us-west1"), "us-west1");
  EXPECT_EQ(header_value("Hello, \u4e16\u754c"), "=?base64?SGVsbG8sIOS4lueVjA==?=");
  EXPECT_EQ(header_value(" padded "), "=?base64?IHBhZGRlZCA=?=");
  EXPECT_EQ(header_value("line1\nline2"), "=?base64?bGluZTEKbGluZTI=?=");
  EXPECT_EQ(header_value("=?base64?literal?="), "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=");
}

TEST(ToolResult, IsReadAndShownAsText) {
  const Tool tool = only_tool(R"({"tools":[{"name":"t","inputSchema":{}}]})");
  const auto result = read_tool_result(
      R"({"content":[{"type":"text","text":"a\nb"},{"type":"image","data":"aGk=","mimeType":"image/png"},
          {"type":"resource_link","uri":"file:///x","name":"x"},
          {"type":"resource","resource":{"uri":"file:///y","text":"inside"}}],"isError":true})",
      tool);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->is_error);
  EXPECT_EQ(as_text(*result),
            "a\nb\n[image, image/png, 4 bytes of base64: not shown]\n"
            "[resource x (unknown type): file:///x]\n[resource file:///y]\ninside");
}

TEST(ToolResult, IsHeldAgainstItsSchema) {
  const Tool tool =
      only_tool(R"({"tools":[{"name":"t","inputSchema":{},"outputSchema":{"required":["sum"]}}]})");
  const auto good = read_tool_result(R"({"structuredContent":{"sum":1}})", tool);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->violation, "");
  EXPECT_EQ(as_text(*good), R"({"sum":1})");
  const auto bad = read_tool_result(R"({"content":[],"structuredContent":{}})", tool);
  ASSERT_TRUE(bad);
  EXPECT_NE(bad->violation, "");
}

TEST(ToolResult, KnowsWhatIsNone) {
  const Tool tool = only_tool(R"({"tools":[{"name":"t","inputSchema":{}}]})");
  EXPECT_TRUE(read_tool_result(R"({"resultType":"input_required"})", tool)->needs_input);
  for (const std::string_view text :
       {"", "[]", "{}", R"({"resultType":"task","content":[]})", R"({"content":[})"}) {
    EXPECT_FALSE(read_tool_result(text, tool)) << text;
  }
}

}  // namespace
}  // namespace tidegate::mcp
