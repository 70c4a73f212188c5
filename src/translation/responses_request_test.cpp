#include "translation/responses_request.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "translation/codec.h"

namespace tidegate::translation {
namespace {

TEST(ResponsesRequest, a_call_without_output_goes_to_no_other_surface) {
  const auto request = kResponsesCodec.read_request(
      R"({"model":"m","input":[{"role":"user","content":"q"},{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"role":"user","content":"r"}]})");
  ASSERT_TRUE(request.has_value());
  const auto checked = check_self_contained(*request);
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().field, "input[1]");
  EXPECT_EQ(checked.error().message, "input[1]: the call c1 has no output, send one for it");
}

std::string with_input(std::string_view input) {
  return std::string(R"({"model":"m","input":)").append(input).append("}");
}

struct Refused {
  std::string body, message, field;
};

const Refused kRefused[] = {
    {R"([])", "the body must be a JSON object", ""},
    {R"({"input":"x"})", "model is missing", "model"},
    {R"({"model":"m"})", "input must hold at least one item", "input"},
    {R"({"model":"m","input":[]})", "input must hold at least one item", "input"},
    {R"({"model":"m","input":"x","mod\u0065l":"n"})", "model is given twice, send it once",
     "model"},
    {with_input("7"), "input must be a string or an array of items", "input"},
    {with_input("[7]"), "input[0] must be an object", "input[0]"},
    {with_input(R"([{"content":"x"}])"), "input[0].type is missing", "input[0].type"},
    {with_input(R"([{"role":"user"}])"), "input[0].content is missing", "input[0].content"},
    {with_input(R"([{"role":"wizard","content":"x"}])"),
     "input[0].role must be user, assistant, system or developer", "input[0].role"},
    {with_input(R"(["x",{}])"), "input[0] must be an object", "input[0]"},
    {with_input(R"([{"role":"user","content":[{"type":"input_text"}]}])"),
     "input[0].content[0].text is missing", "input[0].content[0].text"},
    {with_input(R"([{"role":"user","content":[{"text":"x"}]}])"),
     "input[0].content[0].type is missing", "input[0].content[0].type"},
    {with_input(
         R"([{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image"}]}])"),
     "input[0].content[1].image_url is missing", "input[0].content[1].image_url"},
    {with_input(R"([{"role":"user","content":[{"type":"input_text","text":{}}]}])"),
     "input[0].content[0].text must be a string", "input[0].content[0].text"},
    {with_input(R"([{"type":"function_call","name":"f","arguments":"{}"}])"),
     "input[0].call_id is missing", "input[0].call_id"},
    {with_input(R"([{"type":"function_call","call_id":"c","name":"f","arguments":{}}])"),
     "input[0].arguments must be a string", "input[0].arguments"},
    {with_input(R"([{"type":"function_call_output","call_id":"c","output":"x"}])"),
     "input[0].call_id \"c\" names no call that came before", "input[0].call_id"},
    {with_input(R"([{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},)"
                R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"}])"),
     "input[1].call_id \"c\" is the id of another call, too", "input[1].call_id"},
    {with_input(R"([{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},)"
                R"({"type":"function_call_output","call_id":"c","output":"1"},)"
                R"({"type":"function_call_output","call_id":"c","output":"2"}])"),
     "input[2].call_id \"c\" names a call that has its output already", "input[2].call_id"},
    {with_input(R"([{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},)"
                R"({"type":"function_call_output","call_id":"c","output":{}}])"),
     "input[1].output must be a string or an array", "input[1].output"},
    {with_input(R"([{"type":"reasoning","summary":"x"}])"), "input[0].summary must be an array",
     "input[0].summary"},
    {with_input(R"([{"type":"reasoning","summary":[],"content":[{"text":1}]}])"),
     "input[0].content[0].text must be a string", "input[0].content[0].text"},
    {R"({"model":"m","input":"x","tools":[{"type":"function"}]})", "tools[0].name is missing",
     "tools[0].name"},
    {R"({"model":"m","input":"x","tools":[{"name":"f"}]})", "tools[0].type is missing",
     "tools[0].type"},
    {R"({"model":"m","input":"x","tool_choice":"f"})",
     "tool_choice must be auto, none, required or name a tool", "tool_choice"},
    {R"({"model":"m","input":"x","tool_choice":{"type":"function"}})",
     "tool_choice.name is missing", "tool_choice.name"},
    {R"({"model":"m","input":"x","max_output_tokens":0})",
     "max_output_tokens must be a positive integer, written in digits", "max_output_tokens"},
    {R"({"model":"m","input":"x","reasoning":"high"})", "reasoning must be an object", "reasoning"},
    {R"({"model":"m","input":"x","text":{"format":{"type":"xml"}}})",
     "text.format.type must be text, json_object or json_schema", "text.format.type"},
    {R"({"model":"m","input":"x","text":{"format":{"type":"json_schema","name":"n"}}})",
     "text.format.schema is missing", "text.format.schema"},
    {R"({"model":"m","input":"x","b\u0061ckground":true})",
     "background: answers in the background are not offered; ask without it, and with stream for "
     "one that takes long",
     "background"},
    {R"({"model":"m","input":"x","stream":"yes"})", "stream must be true or false", "stream"},
    {R"({"model":"m","input":"x","include":"all"})", "include must be an array", "include"},
};

TEST(ResponsesRequest, says_what_is_wrong_and_where) {
  for (const Refused& one : kRefused) {
    const auto request = read_responses_request(one.body);
    ASSERT_FALSE(request) << one.body;
    EXPECT_EQ(request.error().message, one.message) << one.body;
    EXPECT_EQ(request.error().field, one.field) << one.body;
  }
}

TEST(ResponsesRequest, cut_anywhere_is_refused) {
  const std::string body =
      R"({"model":"m","instructions":"i","input":[{"role":"user","content":[{"type":"input_text",)"
      R"("text":"a\"b"}]},{"type":"reasoning","summary":[{"type":"summary_text","text":"s"}]},)"
      R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"}],"tools":[{"type":)"
      R"("function","name":"f"}],"text":{"format":{"type":"text"}},"temperature":1.5})";
  ASSERT_TRUE(read_responses_request(body));
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(read_responses_request(body.substr(0, size))) << size;
  }
}

TEST(ResponsesRequest, outputs_of_calls_that_the_provider_keeps_are_no_orphans) {
  EXPECT_TRUE(
      read_responses_request(R"({"model":"m","previous_response_id":"resp_1","input":[)"
                             R"({"type":"function_call_output","call_id":"c","output":"x"}]})"));
}

TEST(ResponsesRequest, instructions_come_first_wherever_they_stand) {
  const auto request =
      read_responses_request(R"({"model":"m","input":"Hi","instructions":"Be kind."})");
  ASSERT_TRUE(request);
  ASSERT_EQ(request->turns.size(), 2u);
  EXPECT_EQ(request->turns[0].role, Role::system);
  EXPECT_EQ(request->begin(request->turns[0])->text, "Be kind.");
  EXPECT_EQ(request->begin(request->turns[1])->text, "Hi");
}

TEST(ResponsesRequest, allowed_tools_keep_the_others_out) {
  const auto request = read_responses_request(
      R"({"model":"m","input":"x","tool_choice":{"type":"allowed_tools","mode":"required",)"
      R"("tools":[{"type":"function","name":"b"}]},"tools":[{"type":"function","name":"a"},)"
      R"({"type":"function","name":"b"}]})");
  ASSERT_TRUE(request);
  ASSERT_EQ(request->tools.size(), 1u);
  EXPECT_EQ(request->tools[0].name, "b");
  EXPECT_EQ(request->tool_choice.kind, ToolChoice::Kind::required);
}

TEST(ResponsesRequest, what_one_provider_keeps_goes_to_no_other) {
  const auto refused = [](std::string_view members) {
    const std::string body = std::string(R"({"model":"m",)").append(members).append("}");
    const auto request = read_responses_request(body);
    EXPECT_TRUE(request) << members;
    const auto checked = check_self_contained(*request);
    return checked ? std::string() : checked.error().field;
  };
  EXPECT_EQ(refused(R"("input":"x")"), "");
  EXPECT_EQ(refused(R"("input":"x","background":false,"conversation":null)"), "");
  EXPECT_EQ(refused(R"("input":[{"type":"item_reference","id":"rs_1"}])"), "input[0]");
  EXPECT_EQ(refused(R"("input":"x","convers\u0061tion":"conv_1")"), "conversation");
  EXPECT_EQ(refused(R"("prompt":{"id":"p"})"), "prompt");
}

TEST(ResponsesRequest, each_call_needs_an_output_of_its_own) {
  const auto unanswered = [](std::string_view items) {
    const std::string body = with_input(items);  // which the request looks into
    const auto request = read_responses_request(body);
    EXPECT_TRUE(request) << items;
    const auto checked = check_self_contained(*request);
    return checked ? std::string() : checked.error().field;
  };
  const std::string call = R"({"type":"function_call","call_id":"c","name":"f","arguments":""})";
  const std::string output = R"({"type":"function_call_output","call_id":"c","output":"x"})";
  const std::string user = R"({"role":"user","content":"Go on."})";
  EXPECT_EQ(unanswered(fmt::format("[{},{},{},{}]", call, output, call, output)), "");
  EXPECT_EQ(unanswered(fmt::format("[{}]", call)), "input[0]");
  // The output of an earlier call with the same id is not this one's.
  EXPECT_EQ(unanswered(fmt::format("[{},{},{},{}]", call, output, call, user)), "input[2]");
}

TEST(ResponsesRequest, what_we_kept_is_spliced_in_before_the_new) {
  const std::string body =
      R"({ "model" : "m", "previous_response_id" : "resp_1", "input" : "And?", "stream":true })";
  const auto request = read_responses_request(body);
  ASSERT_TRUE(request);
  EXPECT_EQ(input_items(*request), R"({"type":"message","role":"user","content":"And?"})");
  EXPECT_EQ(splice_previous(body, *request, R"({"role":"user","content":"Hi"})"),
            R"({"input":[{"role":"user","content":"Hi"},{"type":"message","role":"user",)"
            R"("content":"And?"}],"model":"m","stream":true})");
  const auto other = read_responses_request(R"({"model":"m","previous_response_id":"r"})");
  ASSERT_TRUE(other);
  EXPECT_EQ(splice_previous(other->body, *other, "1"), R"({"input":[1],"model":"m"})");
}

}  // namespace
}  // namespace tidegate::translation
