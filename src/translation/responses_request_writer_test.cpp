// Requests of clients of other surfaces, made by hand, as they go to a provider of this one.
#include <gtest/gtest.h>

#include "translation/codec.h"
#include "translation/responses_request.h"

namespace tidegate::translation {
namespace {

struct Made : Request {
  explicit Made(Surface from) { surface = from; }

  Part& part(Part::Kind kind, std::string_view text = {}) {
    Part& made = parts.emplace_back();
    made.kind = kind;
    made.text = text;
    made.place = {static_cast<std::uint32_t>(turns.size() - 1), 0};
    ++turns.back().parts;
    return made;
  }
  Made& turn(Role role) {
    Turn& made = turns.emplace_back();
    made.role = role;
    made.first = static_cast<std::uint32_t>(parts.size());
    return *this;
  }
  Made& says(Role role, std::string_view text) {
    turn(role).part(Part::Kind::text, text);
    return *this;
  }
};

struct Written {
  std::string body;
  std::vector<std::string> notes;
  Error error;
};

Written write(const Request& request, const protocol::DialectTable& dialect = protocol::kOpenAi) {
  Written written;
  Notes notes;
  auto done = write_responses_request(request, dialect, "gpt", written.body, notes);
  if (!done) written.error = done.error();
  written.notes = notes.all();
  return written;
}

TEST(ResponsesWriter, an_answer_without_a_word_alone_is_no_empty_input) {
  const auto chat =
      codec(Surface::chat).read_request(R"({"model":"m","messages":[{"role":"assistant"}]})");
  ASSERT_TRUE(chat.has_value());
  const Written written = write(*chat);
  EXPECT_NE(written.body.find(R"("input":[{"type":"message","role":"user","content":"Start."}])"),
            std::string::npos)
      << written.body;
  EXPECT_TRUE(codec(Surface::responses).read_request(written.body).has_value());
  EXPECT_EQ(written.notes, std::vector<std::string>{"first message added: the user must begin"});
}

TEST(ResponsesWriter, puts_leading_system_texts_into_instructions) {
  Made request(Surface::chat);
  request.says(Role::system, "One.").says(Role::developer, "Two.").says(Role::user, "Hi");
  request.says(Role::system, "Late.");
  EXPECT_EQ(write(request).body,
            R"({"model":"gpt","instructions":"One.\n\nTwo.","input":[{"type":"message","role":)"
            R"("user","content":"Hi"},{"type":"message","role":"system","content":"Late."}],)"
            R"("store":false})");
}

TEST(ResponsesWriter, a_conversation_of_system_texts_alone_keeps_one_item) {
  Made request(Surface::chat);
  request.says(Role::system, "Say hi.");
  EXPECT_EQ(write(request).body,
            R"({"model":"gpt","input":[{"type":"message","role":"system","content":"Say hi."}],)"
            R"("store":false})");
}

TEST(ResponsesWriter, arguments_become_a_string_and_failed_tools_say_so) {
  Made request(Surface::messages);
  request.says(Role::user, "Go").turn(Role::assistant);
  Part& call = request.part(Part::Kind::tool_call);
  call.id = "toolu_1";
  call.name = "ls";
  call.arguments = R"({"dir":"a\\b"})";
  request.part(Part::Kind::tool_call).id = "toolu_2";
  request.parts.back().name = "pwd";
  request.turn(Role::tool).part(Part::Kind::tool_result).id = "toolu_1";
  request.parts.back().is_error = true;
  request.part(Part::Kind::text, "no such folder").in_result = true;
  request.turn(Role::tool).part(Part::Kind::tool_result).id = "toolu_2";
  Part& image = request.part(Part::Kind::image);
  image.media_type = "image/png";
  image.data = "AAAA";
  image.cache_control = "{}";
  const Written written = write(request);
  EXPECT_EQ(written.body,
            R"({"model":"gpt","input":[{"type":"message","role":"user","content":"Go"},)"
            R"({"type":"function_call","call_id":"toolu_1","name":"ls","arguments":)"
            R"("{\"dir\":\"a\\\\b\"}"},{"type":"function_call","call_id":"toolu_2","name":"pwd",)"
            R"("arguments":"{}"},{"type":"function_call_output","call_id":"toolu_1","output":)"
            R"("Error: no such folder"},{"type":"function_call_output","call_id":"toolu_2",)"
            R"("output":[{"type":"input_image","image_url":"data:image/png;base64,AAAA",)"
            R"("detail":"auto"}]}],"store":false})");
  EXPECT_EQ(written.notes, std::vector<std::string>{"cache_control dropped"});
}

TEST(ResponsesWriter, reasoning_goes_back_only_sealed_and_never_last) {
  Made request(Surface::messages);
  request.says(Role::user, "Go").turn(Role::assistant);
  request.part(Part::Kind::reasoning, "plain");
  Part& sealed = request.part(Part::Kind::reasoning, "summary");
  sealed.seal = Seal::openai_encrypted;
  sealed.proof = "gAAA";
  sealed.id = "rs_1";
  request.part(Part::Kind::text, "Done.");
  Part& last = request.part(Part::Kind::reasoning);
  last.seal = Seal::openai_encrypted;
  last.proof = "gBBB";
  const Written written = write(request);
  EXPECT_EQ(written.body,
            R"({"model":"gpt","input":[{"type":"message","role":"user","content":"Go"},)"
            R"({"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":)"
            R"("summary"}],"encrypted_content":"gAAA"},{"type":"message","role":"assistant",)"
            R"("content":[{"type":"output_text","text":"Done."}]}],"store":false,"include":)"
            R"(["reasoning.encrypted_content"]})");
  EXPECT_EQ(written.notes, (std::vector<std::string>{"reasoning text dropped",
                                                     "reasoning at the end of a turn dropped"}));
}

TEST(ResponsesWriter, tools_are_flat_and_not_strict_unless_asked) {
  Made request(Surface::chat);
  request.says(Role::user, "Hi");
  request.tools.resize(2);
  request.tools[0].name = "f";
  request.tools[0].description = "d";
  request.tools[0].schema = "{}";
  request.tools[1].name = "ws";
  request.tools[1].type = "web_search_20250305";
  request.tools[1].hosted = true;
  request.tool_choice.kind = ToolChoice::Kind::named;
  request.tool_choice.name = "f";
  request.parallel_tool_calls = false;
  const Written written = write(request);
  EXPECT_NE(written.body.find(
                R"("tools":[{"type":"function","name":"f","description":"d","parameters":{},)"
                R"("strict":false}],"parallel_tool_calls":false,"tool_choice":{"type":"function",)"
                R"("name":"f"})"),
            std::string::npos)
      << written.body;
  EXPECT_EQ(written.notes, std::vector<std::string>{"tool web_search_20250305 dropped"});
  request.tool_choice.name = "ws";
  EXPECT_EQ(write(request).body.find("tool_choice"), std::string::npos);
}

TEST(ResponsesWriter, thinking_becomes_effort_and_asks_for_what_comes_back) {
  Made request(Surface::messages);
  request.says(Role::user, "Hi");
  request.thinking.toggle = Toggle::on;
  request.thinking.budget = 10'000;
  request.max_tokens = 1;
  request.stream = true;
  const Written written = write(request);
  EXPECT_NE(written.body.find(
                R"("reasoning":{"effort":"medium","summary":"auto"},"max_output_tokens":16,)"
                R"("stream":true,"store":false,"include":["reasoning.encrypted_content"]})"),
            std::string::npos)
      << written.body;
  request.thinking.toggle = Toggle::off;
  EXPECT_NE(write(request).body.find(R"("reasoning":{"effort":"none"})"), std::string::npos);
}

TEST(ResponsesWriter, drops_what_has_no_words_and_says_so) {
  Made request(Surface::chat);
  request.says(Role::user, "Hi");
  request.n = "1";
  request.stop = R"(["END"])";
  request.seed = "0";
  request.top_k = "5";
  request.frequency_penalty = "0";
  request.others = {{"repetition_penalty", "1.1"}};
  EXPECT_EQ(write(request).notes,
            (std::vector<std::string>{"repetition_penalty dropped", "top_k dropped", "stop dropped",
                                      "seed dropped"}));
}

TEST(ResponsesWriter, refuses_where_dropping_would_change_the_meaning) {
  Made request(Surface::chat);
  request.says(Role::user, "Hi");
  request.n = "2";
  EXPECT_EQ(write(request).error.field, "n");
  Made audio(Surface::chat);
  audio.turn(Role::user).part(Part::Kind::audio);
  EXPECT_EQ(write(audio).error.field, "messages[0].content[0]");
  Made file(Surface::messages);
  file.turn(Role::user).part(Part::Kind::document).file_id = "file_011";
  EXPECT_EQ(write(file).error.field, "messages[0].content[0]");
}

}  // namespace
}  // namespace tidegate::translation
