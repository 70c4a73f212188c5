// What a chat client cannot say itself, so that no golden case of this surface shows it: parts that
// come from clients of other surfaces.
#include "translation/chat_request_writer.h"

#include <gtest/gtest.h>

namespace tidegate::translation {
namespace {

class ChatRequestWriter : public testing::Test {
 protected:
  ChatRequestWriter() { request_.surface = Surface::messages; }

  Part& add(Role role, Part::Kind kind, std::string_view text) {
    Turn& turn = request_.turns.emplace_back();
    turn.role = role;
    turn.first = static_cast<std::uint32_t>(request_.parts.size());
    return more(kind, text);
  }
  Part& more(Part::Kind kind, std::string_view text) {
    ++request_.turns.back().parts;
    Part& part = request_.parts.emplace_back();
    part.kind = kind;
    part.text = text;
    part.place = {3, 1};
    return part;
  }

  // A turn that thinks, says and calls, and its result with text beside it.
  void add_tool_loop() {
    add(Role::assistant, Part::Kind::reasoning, "hm");
    more(Part::Kind::text, "look");
    Part& call = more(Part::Kind::tool_call, {});
    call.id = "toolu_1";
    call.name = "f";
    call.arguments = "{\"a\": \"\\\"q\"}";
    Part& result = add(Role::tool, Part::Kind::tool_result, {});
    result.id = "toolu_1";
    result.is_error = true;
    more(Part::Kind::text, "no such file").in_result = true;
    add(Role::user, Part::Kind::text, "go on");
    request_.turns.back().joined = true;
  }

  std::string write(const protocol::DialectTable& dialect) {
    std::string out;
    const auto written = write_chat_request(request_, dialect, "m", out, notes_);
    return written ? out : written.error().field + ": " + written.error().message;
  }

  Request request_;
  Notes notes_;
};

// Cases 7 and 8 of the fact sheet's 2.2, from whatever surface the parts came.
TEST_F(ChatRequestWriter, text_beside_results_does_not_begin_a_turn_at_deepseek) {
  add_tool_loop();
  EXPECT_EQ(
      write(protocol::kDeepSeek),
      R"({"model":"m","messages":[{"role":"assistant","content":"look","reasoning_content":"hm","tool_calls":[{"id":"toolu_1","type":"function","function":{"name":"f","arguments":"{\"a\": \"\\\"q\"}"}}]},{"role":"tool","tool_call_id":"toolu_1","content":"Error: no such file\n\ngo on"}]})");
  EXPECT_TRUE(notes_.all().empty());
}

TEST_F(ChatRequestWriter, text_beside_results_is_the_users_elsewhere) {
  add_tool_loop();
  const std::string out = write(protocol::kKimi);
  EXPECT_TRUE(
      out.ends_with(R"("content":"Error: no such file"},{"role":"user","content":"go on"}]})"))
      << out;
}

TEST_F(ChatRequestWriter, an_image_beside_results_stays_the_users) {
  add_tool_loop();
  Part& image = more(Part::Kind::image, {});
  image.media_type = "image/png";
  image.data = "iVBO";
  const std::string out = write(protocol::kDeepSeek);
  EXPECT_TRUE(out.ends_with(
      R"({"role":"user","content":[{"type":"text","text":"go on"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO"}}]}]})"))
      << out;
}

TEST_F(ChatRequestWriter, refuses_what_the_surface_has_no_words_for) {
  Part& document = add(Role::user, Part::Kind::document, {});
  document.url = "https://x/y.pdf";
  EXPECT_EQ(write(protocol::kDeepSeek),
            "messages[3].content[1]: messages[3].content[1] cannot be sent to a provider of the "
            "dialect deepseek");
}

TEST_F(ChatRequestWriter, what_only_another_surface_has_is_dropped_with_a_note) {
  add(Role::user, Part::Kind::text, "q").cache_control = "{}";
  request_.top_k = "5";
  request_.store = "true";
  request_.others.push_back({"container", "\"c\""});
  request_.thinking.budget = 2048;
  EXPECT_EQ(
      write(protocol::kDeepSeek),
      R"({"model":"m","messages":[{"role":"user","content":"q"}],"thinking":{"type":"enabled"},"reasoning_effort":"low"})");
  const std::vector<std::string> expected = {"cache_control dropped", "top_k dropped",
                                             "store dropped", "container dropped"};
  EXPECT_EQ(notes_.all(), expected);
}

TEST_F(ChatRequestWriter, openrouter_takes_the_marks_of_what_to_cache) {
  request_.surface = Surface::messages;
  add(Role::system, Part::Kind::text, "s").cache_control = R"({"type":"ephemeral"})";
  add(Role::user, Part::Kind::text, "q");
  add(Role::assistant, Part::Kind::text, "a").cache_control = R"({"type":"ephemeral"})";
  EXPECT_EQ(
      write(protocol::kOpenRouter),
      R"({"model":"m","messages":[{"role":"system","content":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}]},)"
      R"({"role":"user","content":"q"},{"role":"assistant","content":"a","cache_control":{"type":"ephemeral"}}]})");
  EXPECT_TRUE(notes_.all().empty());
}

TEST_F(ChatRequestWriter, a_last_word_of_the_assistant_is_a_prefix) {
  add(Role::user, Part::Kind::text, "q");
  add(Role::assistant, Part::Kind::text, "It is");
  request_.turns.back().prefix = true;
  EXPECT_TRUE(write(protocol::kDeepSeek).ends_with(R"("content":"It is","prefix":true}]})"));
  EXPECT_TRUE(write(protocol::kKimi).ends_with(R"("content":"It is","partial":true}]})"));
  EXPECT_TRUE(
      write(protocol::kVllm)
          .ends_with(
              R"("content":"It is"}],"continue_final_message":true,"add_generation_prompt":false})"));
  EXPECT_TRUE(write(protocol::kLlamaCpp).ends_with(R"("content":"It is"}]})"));
  EXPECT_TRUE(notes_.all().empty());
  EXPECT_TRUE(write(protocol::kOpenAi).ends_with(R"("content":"It is"}]})"));
  EXPECT_EQ(notes_.all().back(), "prefix of the answer not marked");
}

}  // namespace
}  // namespace tidegate::translation
