#include <gtest/gtest.h>

#include <initializer_list>

#include "protocol/dialect.h"
#include "translation/codec.h"

namespace tidegate::translation {
namespace {

Part text(std::string_view words) {
  Part part;
  part.text = words;
  return part;
}

Part call(std::string_view id, std::string_view arguments) {
  Part part;
  part.kind = Part::Kind::tool_call;
  part.id = id;
  part.name = "f";
  part.arguments = arguments;
  part.arguments_escaped = true;
  return part;
}

Part result(std::string_view id) {
  Part part;
  part.kind = Part::Kind::tool_result;
  part.id = id;
  return part;
}

Part inside(std::string_view words) {
  Part part = text(words);
  part.in_result = true;
  return part;
}

// A request as the chat surface's reader makes them.
struct Chat : Request {
  Chat& say(Role role, std::initializer_list<Part> said) {
    Turn turn;
    turn.role = role;
    turn.first = static_cast<std::uint32_t>(parts.size());
    turn.parts = static_cast<std::uint32_t>(said.size());
    turn.place.item = static_cast<std::uint32_t>(turns.size());
    turns.push_back(turn);
    for (Part part : said) {
      part.place.item = turn.place.item;
      parts.push_back(part);
    }
    return *this;
  }
};

struct Written {
  std::string body, error, field, notes;
};

Written write(const Request& request, std::string_view model = "claude-opus-4-7") {
  Written out;
  Notes notes;
  const auto good =
      kMessagesCodec.write_request(request, protocol::kAnthropic, model, out.body, notes);
  if (!good) out.error = good.error().message, out.field = good.error().field;
  for (const std::string& note : notes.all()) out.notes += note + "\n";
  return out;
}

// The value of a member that is the last one of the body.
std::string messages(const Written& written) {
  const std::size_t at = written.body.find(R"("messages":)");
  return at == std::string::npos ? written.error : written.body.substr(at + 11);
}

TEST(MessagesRequestWriter, groups_results_and_merges_speakers) {
  Chat chat;
  chat.say(Role::system, {text("S")}).say(Role::user, {text("a")}).say(Role::user, {text("b")});
  chat.say(Role::assistant, {call("1", R"({\"x\":\"\\u00e9\\n\"})"), call("2", "")});
  chat.say(Role::system, {text("mind")});
  chat.say(Role::tool, {result("2"), inside("two")}).say(Role::tool, {result("1")});
  chat.say(Role::user, {text("and")});
  const Written written = write(chat);
  EXPECT_EQ(messages(written),
            R"([{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},)"
            R"({"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f",)"
            R"("input":{"x":"\u00e9\n"}},{"type":"tool_use","id":"2","name":"f","input":{}}]},)"
            R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"2",)"
            R"("content":[{"type":"text","text":"two"}]},{"type":"tool_result",)"
            R"("tool_use_id":"1"},{"type":"text","text":"mind"},{"type":"text","text":"and"}]}]})");
  EXPECT_TRUE(written.body.contains(R"("system":[{"type":"text","text":"S"}])"));
  EXPECT_EQ(written.notes,
            "max_tokens -> 8192: the provider needs one\n"
            "system message within the conversation -> user\n");
}

TEST(MessagesRequestWriter, kimi_ids_go_encoded_and_come_back) {
  Chat chat;
  chat.say(Role::user, {text("a")}).say(Role::assistant, {call("functions.read:0", "{}")});
  chat.say(Role::tool, {result("functions.read:0"), inside("x")});
  const Written written = write(chat);
  EXPECT_TRUE(written.body.contains(R"("id":"tgid_functions_2eread_3a0")"));
  EXPECT_TRUE(written.body.contains(R"("tool_use_id":"tgid_functions_2eread_3a0")"));
  const auto read = kMessagesCodec.read_request(written.body);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->begin(read->turns[1])->id, "functions.read:0");
}

// Engines that number the calls of each answer anew say call_1 in every turn; Anthropic answers
// 400 "tool_use ids must be unique".
TEST(MessagesRequestWriter, an_id_that_comes_again_in_a_later_turn_is_another_one) {
  Chat chat;
  chat.say(Role::user, {text("a")});
  for (int i = 0; i < 2; ++i) {
    chat.say(Role::assistant, {call("call_1", "{}"), call("call_2", "{}")});
    chat.say(Role::tool, {result("call_2"), inside("x")}).say(Role::tool, {result("call_1")});
  }
  const Written written = write(chat);
  EXPECT_TRUE(kMessagesCodec.read_request(written.body)) << written.body;
  EXPECT_TRUE(written.body.contains(R"("id":"call_1")")) << "the first is as it was";
  EXPECT_TRUE(written.body.contains(R"("id":"tgid_call__1_232")"));
  EXPECT_TRUE(written.body.contains(R"("tool_use_id":"tgid_call__1_232")"));
}

TEST(MessagesRequestWriter, arguments_that_are_no_object_are_wrapped) {
  Chat chat;
  chat.say(Role::user, {text("a")}).say(Role::assistant, {call("1", R"({\"cut\":)")});
  chat.say(Role::tool, {result("1")});
  Written written = write(chat);
  EXPECT_TRUE(written.body.contains(R"("input":{"_raw":"{\"cut\":"})")) << written.body;
  EXPECT_TRUE(written.notes.contains("_raw"));
  chat.parts[1].arguments = R"(\q)";
  written = write(chat);
  EXPECT_EQ(written.field, "messages[1]");
}

TEST(MessagesRequestWriter, refuses_open_calls_orphan_results_and_what_it_cannot_say) {
  Chat open;
  open.say(Role::user, {text("a")}).say(Role::assistant, {call("1", "")});
  open.say(Role::user, {text("b")});
  EXPECT_EQ(write(open).field, "messages[1]");
  EXPECT_TRUE(write(open).error.contains("result is missing (1)"));

  Chat orphan;
  orphan.say(Role::user, {text("a")}).say(Role::tool, {result("9")});
  EXPECT_EQ(write(orphan).field, "messages[1]");

  Part audio;
  audio.kind = Part::Kind::audio;
  EXPECT_EQ(write(Chat().say(Role::user, {audio})).field, "messages[0]");
  Part file;
  file.kind = Part::Kind::document;
  file.file_id = "file-1";
  EXPECT_EQ(write(Chat().say(Role::user, {file})).field, "messages[0]");

  Chat many;
  many.say(Role::user, {text("a")});
  many.n = "2";
  EXPECT_EQ(write(many).field, "n");
}

// Anthropic: "tools.0.custom.input_schema.type: Field required"; OpenAI takes schemas without.
TEST(MessagesRequestWriter, a_tools_schema_is_said_to_be_an_object) {
  const auto written_as = [](std::string_view schema) {
    Chat chat;
    chat.say(Role::user, {text("a")});
    Tool& tool = chat.tools.emplace_back();
    tool.name = "f";
    tool.schema = schema;
    const std::string body = write(chat).body;
    const std::size_t at = body.find(R"("input_schema":)") + 15;
    return body.substr(at, body.find("}]", at) - at);
  };
  EXPECT_EQ(written_as(""), R"({"type":"object","properties":{}})");
  EXPECT_EQ(written_as("{ }"), R"({"type":"object" })");
  EXPECT_EQ(written_as(R"({"properties":{"type":{}}})"),
            R"({"type":"object","properties":{"type":{}}})");
  EXPECT_EQ(written_as(R"({"a":1, "type" : "object"})"), R"({"a":1, "type" : "object"})");
}

TEST(MessagesRequestWriter, begins_and_ends_with_the_user) {
  Chat chat;
  chat.say(Role::assistant, {text("Hello")});
  EXPECT_EQ(messages(write(chat)),
            R"([{"role":"user","content":[{"type":"text","text":"Start."}]},)"
            R"({"role":"assistant","content":[{"type":"text","text":"Hello"}]},)"
            R"({"role":"user","content":[{"type":"text",)"
            R"("text":"Go on from where your last message ended."}]}]})");
  EXPECT_FALSE(messages(write(chat, "claude-opus-4-5")).contains("Go on"));  // takes a prefill
  Chat blank;
  blank.say(Role::user, {text(" \\n")});
  EXPECT_EQ(messages(write(blank)),
            R"([{"role":"user","content":[{"type":"text","text":"Start."}]}]})");
}

TEST(MessagesRequestWriter, a_prefill_has_no_white_space_at_its_end_and_no_thinking) {
  Chat chat;
  chat.say(Role::user, {text("q")});
  chat.say(Role::assistant, {text("It is \\n\\t ")});
  EXPECT_TRUE(
      messages(write(chat, "claude-opus-4-5"))
          .ends_with(R"({"role":"assistant","content":[{"type":"text","text":"It is"}]}]})"));
  chat.thinking.toggle = Toggle::on;
  EXPECT_TRUE(messages(write(chat, "claude-opus-4-5")).contains("Go on"));
}

struct Setting {
  std::string_view model;
  void (*set)(Request&);
  std::string_view body, notes;  // what they contain; empty: not asked
};

TEST(MessagesRequestWriter, settings_are_those_of_the_model) {
  const auto high = [](Request& request) { request.thinking.effort = Effort::high; };
  const auto off = [](Request& request) { request.thinking.toggle = Toggle::off; };
  const auto forced = [](Request& request) {
    request.thinking.toggle = Toggle::on;
    request.tool_choice.kind = ToolChoice::Kind::required;
  };
  const auto budget = [](Request& request) {
    request.thinking.toggle = Toggle::on;
    request.thinking.budget = 4000;
  };
  const auto scant = [](Request& request) {
    request.thinking.toggle = Toggle::on;
    request.thinking.budget = 1000;
  };
  const auto hot = [](Request& request) { request.temperature = "1.5", request.top_p = "0.5"; };
  const auto schema = [](Request& request) {
    request.format.kind = ResponseFormat::Kind::json_schema;
    request.format.schema = R"({"type":"object"})";
  };
  const Setting cases[] = {
      {"claude-opus-4-7", high,
       R"("thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"high"})",
       ""},
      {"claude-sonnet-4-6", high, R"("thinking":{"type":"adaptive"},)", ""},
      {"claude-sonnet-4-5-20250929", high,
       R"("max_tokens":24576,"thinking":{"type":"enabled","budget_tokens":16384})", ""},
      {"claude-3-7-sonnet-20250219", budget, R"("budget_tokens":4000})", ""},
      {"claude-3-7-sonnet-20250219", scant, R"("budget_tokens":1024})", "budget_tokens -> 1024"},
      {"claude-3-5-haiku-20241022", high, R"("max_tokens":8192,"tools")", "the model has none"},
      {"claude-opus-4-7", budget, R"("effort":"medium")", "budget_tokens -> effort medium"},
      {"claude-opus-4-7", off, R"("thinking":{"type":"disabled"})", ""},
      {"claude-opus-5.5", off, "", "cannot turn it off"},
      {"claude-opus-4-7", forced, R"("tool_choice":{"type":"auto"})", "tool_choice -> auto"},
      {"claude-sonnet-4-5", hot, R"("temperature":1,)", "temperature -> 1\ntop_p dropped"},
      {"claude-opus-4-7", hot, "", "temperature dropped\ntop_p dropped"},
      {"claude-opus-4-7", schema,
       R"("output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}})", ""},
      {"claude-sonnet-4-20250514", schema, "Answer with one json object", "-> instruction"},
  };
  for (const Setting& each : cases) {
    Chat chat;
    chat.say(Role::user, {text("a")});
    Tool tool;
    tool.name = "f";
    chat.tools.push_back(tool);
    each.set(chat);
    const Written written = write(chat, each.model);
    EXPECT_TRUE(written.body.contains(each.body)) << written.body;
    EXPECT_TRUE(written.notes.contains(each.notes)) << each.model << "\n" << written.notes;
  }
}

TEST(MessagesRequestWriter, says_what_it_drops) {
  Chat chat;
  chat.say(Role::user, {text("a")});
  chat.max_tokens = 5;
  chat.seed = "7";
  chat.presence_penalty = "0.5";
  chat.frequency_penalty = "0";
  chat.logit_bias = R"({"1":2})";
  chat.service_tier = R"("flex")";
  chat.others.push_back({"web_search_options", "{}"});
  Tool hosted;
  hosted.hosted = true;
  hosted.type = "web_search";
  chat.tools.push_back(hosted);
  EXPECT_EQ(write(chat).notes,
            "service_tier dropped\nweb_search_options dropped\ntool of type web_search dropped\n"
            "seed dropped\npresence_penalty dropped\nlogit_bias dropped\n");
}

}  // namespace
}  // namespace tidegate::translation
