#include "translation/chat_repair.h"

#include <gtest/gtest.h>

namespace tidegate::translation {
namespace {

class ChatRepairTest : public testing::Test {
 protected:
  ChatRepairTest() : memory_({}, clock_) {
    aim_.dialect = &protocol::kDeepSeek;
    aim_.must_return = protocol::MustReturn::every_turn;
    aim_.can_think = aim_.thinks_by_default = true;
    aim_.memory = &memory_;
    aim_.owner = "alice";
  }

  bool needed(std::string_view body) {
    const auto conversation = protocol::read_conversation(body);
    EXPECT_TRUE(conversation.has_value()) << conversation.error().message;
    return needs_repair(*conversation, aim_);
  }

  std::string repaired(std::string_view body) {
    const auto conversation = protocol::read_conversation(body);
    EXPECT_TRUE(conversation.has_value());
    EXPECT_TRUE(needs_repair(*conversation, aim_));
    auto cuts = repair_chat(*conversation, aim_, notes_);
    EXPECT_TRUE(cuts.has_value());
    const std::string out = apply(body, std::move(*cuts));
    const auto again = protocol::read_conversation(out);
    EXPECT_TRUE(again.has_value()) << out;
    EXPECT_FALSE(needs_repair(*again, aim_)) << "not idempotent: " << out;
    return out;
  }

  [[nodiscard]] std::string notes() const {
    std::string all;
    for (const std::string& note : notes_.all()) all += (all.empty() ? "" : ", ") + note;
    return all;
  }

  FakeClock clock_;
  ReasoningMemory memory_;
  Aim aim_;
  Notes notes_;
};

TEST_F(ChatRepairTest, leaves_alone_what_is_right) {
  EXPECT_FALSE(needed(R"({"model":"m","messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_FALSE(needed(
      R"({"model":"m","tools":[{"type":"function","function":{"name":"f"}}],"messages":[
      {"role":"user","content":"hi"},{"role":"assistant","content":"ho","reasoning_content":"x"}]})"));
}

TEST_F(ChatRepairTest, developer_becomes_system_and_unknown_fields_stay) {
  EXPECT_EQ(
      repaired(
          R"({"model":"m","x":[1, 2],"messages":[{"name":"n", "role" : "developer","content":"c"}]})"),
      R"({"model":"m","x":[1, 2],"messages":[{"name":"n", "role" : "system","content":"c"}]})");
  EXPECT_EQ(notes(), "developer->system");
}

TEST_F(ChatRepairTest, restores_reasoning_by_tool_call_and_by_text) {
  ReasoningMemory::Turn call{{"call_1"}, {}}, text;
  text.text.add("Done.");
  memory_.remember("alice", call, {{Seal::none, "", "", "", "I \\\"look\\\""}});
  memory_.remember("alice", text, {{Seal::none, "", "", "", "all good"}});
  EXPECT_EQ(
      repaired(
          R"({"model":"m","tools":[{"type":"function","function":{"name":"f"}}],"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_1","content":"r"},{"role":"assistant","content":[{"type":"text","text":"Done."}]},{"role":"user","content":"b"}]})"),
      R"({"model":"m","tools":[{"type":"function","function":{"name":"f"}}],"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}],"reasoning_content":"I \"look\""},{"role":"tool","tool_call_id":"call_1","content":"r"},{"role":"assistant","content":[{"type":"text","text":"Done."}],"reasoning_content":"all good"},{"role":"user","content":"b"}]})");
  EXPECT_EQ(notes(), "reasoning of 2 turns restored");
}

TEST_F(ChatRepairTest, stands_in_for_what_nobody_remembers_with_a_text_of_its_own_for_each_turn) {
  const std::string out = repaired(
      R"({"model":"m","tools":[{"type":"function","function":{"name":"f"}}],"messages":[{"role":"assistant","content":"a"},{"role":"user","content":"q"},{"role":"assistant","content":"b"},{"role":"user","content":"q"}]})");
  EXPECT_EQ(notes(), "reasoning of 2 turns missing");
  const std::size_t first = out.find("\"reasoning_content\":\"(The reasoning of step 1 ");
  const std::size_t second = out.find("\"reasoning_content\":\"(The reasoning of step 2 ");
  EXPECT_NE(first, std::string::npos) << out;
  EXPECT_NE(second, std::string::npos) << out;
}

TEST_F(ChatRepairTest, a_blank_member_is_left_alone_where_nothing_is_remembered) {
  constexpr std::string_view kBody =
      R"({"model":"m","tools":[{"type":"function"}],"messages":[{"role":"assistant","reasoning_content":"","content":"a"}]})";
  const auto conversation = protocol::read_conversation(kBody);
  const auto cuts = repair_chat(*conversation, aim_, notes_);
  EXPECT_TRUE(cuts.has_value() && cuts->empty());
  ReasoningMemory::Turn turn;
  turn.text.add("a");
  memory_.remember("alice", turn, {{Seal::none, "", "", "", "so"}});
  EXPECT_EQ(
      repaired(kBody),
      R"({"model":"m","tools":[{"type":"function"}],"messages":[{"role":"assistant","reasoning_content":"so","content":"a"}]})");
}

TEST_F(ChatRepairTest, reasoning_alone_in_the_content_leaves_it_empty) {
  EXPECT_EQ(
      repaired(
          R"({"model":"m","messages":[{"role":"assistant","content":[{"type":"reasoning","text":"a"},{"type":"reasoning","text":"b"}]},{"role":"user","content":"q"}]})"),
      R"({"model":"m","messages":[{"role":"assistant","content":"","reasoning_content":"a\n\nb"},{"role":"user","content":"q"}]})");
}

TEST_F(ChatRepairTest, needs_no_reasoning_without_tools_or_without_thinking) {
  EXPECT_FALSE(needed(
      R"({"model":"m","messages":[{"role":"assistant","content":"a"},{"role":"user","content":"q"}]})"));
  EXPECT_FALSE(needed(
      R"({"model":"m","thinking":{"type":"disabled"},"tools":[{"type":"function"}],"messages":[{"role":"assistant","content":"a"},{"role":"user","content":"q"}]})"));
}

TEST_F(ChatRepairTest, a_history_with_calls_needs_it_even_without_tools) {
  EXPECT_TRUE(needed(
      R"({"model":"m","messages":[{"role":"assistant","content":"","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":""}}]},{"role":"tool","tool_call_id":"c","content":"r"}]})"));
}

TEST_F(ChatRepairTest, gives_vllm_its_own_name_for_reasoning) {
  aim_.dialect = &protocol::kVllm;
  aim_.must_return = protocol::MustReturn::nothing;
  EXPECT_EQ(
      repaired(
          R"({"model":"m","messages":[{"role":"assistant","reasoning_content":"r","content":"a"},{"role":"user","content":"q"}]})"),
      R"({"model":"m","messages":[{"role":"assistant","reasoning":"r","content":"a"},{"role":"user","content":"q"}]})");
  EXPECT_EQ(notes(), "reasoning sent as reasoning");
}

TEST_F(ChatRepairTest, a_forced_tool_switches_thinking_off_unless_it_was_asked_for) {
  EXPECT_EQ(
      repaired(
          R"({"model":"m","tool_choice":"required","messages":[{"role":"user","content":"q"}]})"),
      R"({"thinking":{"type":"disabled"},"model":"m","tool_choice":"required","messages":[{"role":"user","content":"q"}]})");
  EXPECT_EQ(notes(), "thinking off: tool_choice");
  notes_ = {};
  EXPECT_EQ(
      repaired(
          R"({"model":"m","reasoning_effort":"high","tool_choice":{"type":"function","function":{"name":"f"}},"messages":[{"role":"user","content":"q"}]})"),
      R"({"model":"m","reasoning_effort":"high","tool_choice":"auto","messages":[{"role":"user","content":"q"}]})");
  EXPECT_EQ(notes(), "tool_choice -> auto");
}

TEST_F(ChatRepairTest, drops_tools_that_are_no_functions_with_the_choice_that_would_dangle) {
  EXPECT_EQ(
      repaired(
          R"({"model":"m","tools":[{"type":"web_search"}, {"type":"function","function":{"name":"f"}}],"messages":[{"role":"user","content":"q"}]})"),
      R"({"model":"m","tools":[{"type":"function","function":{"name":"f"}}],"messages":[{"role":"user","content":"q"}]})");
  EXPECT_EQ(
      repaired(
          R"({"model":"m","tools":[{"type":"web_search"}],"tool_choice":"auto","messages":[{"role":"user","content":"q"}]})"),
      R"({"model":"m","tools":null,"tool_choice":null,"messages":[{"role":"user","content":"q"}]})");
}

TEST_F(ChatRepairTest, puts_a_schema_into_the_prompt_where_only_json_object_is_known) {
  EXPECT_EQ(
      repaired(
          R"({"model":"m","response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}},"messages":[{"role":"user","content":"q"}]})"),
      R"({"model":"m","response_format":{"type":"json_object"},"messages":[{"role":"system","content":"Answer with one json object and nothing else, no text or code fence around it. It must be valid under this JSON schema: {\"type\":\"object\"}"},{"role":"user","content":"q"}]})");
}

constexpr std::string_view kPrefixed =
    R"({"model":"m","messages":[{"role":"user","content":"q"},)"
    R"({"role":"assistant", "prefix" : true , "content":"It is"}]})";

TEST_F(ChatRepairTest, a_prefix_stays_as_it_is_where_it_is_known) {
  EXPECT_FALSE(needed(kPrefixed));
  aim_.dialect = &protocol::kKimi;
  EXPECT_FALSE(needed(
      R"({"model":"m","messages":[{"role":"assistant","partial":true,"reasoning_content":"r"}]})"));
}

TEST_F(ChatRepairTest, a_prefix_gets_the_name_that_the_provider_knows) {
  aim_.dialect = &protocol::kKimi;
  EXPECT_EQ(
      repaired(kPrefixed),
      R"({"thinking":{"type":"disabled"},"model":"m","messages":[{"role":"user","content":"q"},)"
      R"({"role":"assistant", "partial" : true , "content":"It is"}]})");
  EXPECT_EQ(notes(), "thinking off: prefix of the answer");
}

TEST_F(ChatRepairTest, a_prefix_becomes_what_the_engine_wants) {
  aim_.can_think = false;
  aim_.dialect = &protocol::kVllm;
  EXPECT_EQ(
      repaired(kPrefixed),
      R"({"continue_final_message":true,"add_generation_prompt":false,"model":"m","messages":[)"
      R"({"role":"user","content":"q"},{"role":"assistant",  "content":"It is"}]})");
  aim_.dialect = &protocol::kLlamaCpp;
  EXPECT_EQ(
      repaired(R"({"model":"m","messages":[{"role":"assistant","content":"a" ,"prefix":true }]})"),
      R"({"model":"m","messages":[{"role":"assistant","content":"a"  }]})");
  EXPECT_EQ(notes(), "");
}

TEST_F(ChatRepairTest, a_prefix_goes_with_a_note_where_nobody_knows_it) {
  aim_.can_think = false;
  aim_.dialect = &protocol::kOpenAi;
  EXPECT_EQ(repaired(kPrefixed), R"({"model":"m","messages":[{"role":"user","content":"q"},)"
                                 R"({"role":"assistant",  "content":"It is"}]})");
  EXPECT_EQ(notes(), "prefix of the answer not marked");
}

TEST_F(ChatRepairTest, thinking_is_stopped_once) {
  aim_.dialect = &protocol::kKimi;
  const std::string out = repaired(
      R"({"model":"m","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required",)"
      R"("messages":[{"role":"assistant","content":"a","prefix":true}]})");
  EXPECT_TRUE(out.starts_with(R"({"thinking":{"type":"disabled"},"model":"m")")) << out;
  EXPECT_EQ(out.find("\"thinking\""), out.rfind("\"thinking\""));
  EXPECT_EQ(notes(), "thinking off: tool_choice, thinking off: prefix of the answer");
}

TEST_F(ChatRepairTest, no_reasoning_is_made_up_for_a_prefix) {
  EXPECT_EQ(
      repaired(R"({"model":"m","tools":[{"type":"function","function":{"name":"f"}}],"messages":[
{"role":"developer","content":"d"},{"role":"assistant","content":"a","prefix":true}]})"),
      R"({"model":"m","tools":[{"type":"function","function":{"name":"f"}}],"messages":[
{"role":"system","content":"d"},{"role":"assistant","content":"a","prefix":true}]})");
}

}  // namespace
}  // namespace tidegate::translation
