#include "translation/rules.h"

#include <gtest/gtest.h>

namespace tidegate::translation {
namespace {

class RulesTest : public testing::Test {
 protected:
  RulesTest() : memory_({}, clock_) {
    aim_.memory = &memory_;
    aim_.owner = "alice";
    aim_.can_think = true;
    to_deepseek();
  }

  void to_deepseek() {
    aim_.dialect = &protocol::kDeepSeek;
    aim_.must_return = protocol::MustReturn::every_turn;
    aim_.surface = Surface::chat;
    aim_.maker = "deepseek/deepseek-v4-pro";
    aim_.thinks_by_default = true;
  }
  void to_claude() {
    aim_.dialect = &protocol::kAnthropic;
    aim_.must_return = protocol::MustReturn::nothing;
    aim_.surface = Surface::messages;
    aim_.maker = "anthropic/claude-opus-4.7";
    aim_.thinks_by_default = false;
  }

  void turn(Role role, std::vector<Part> parts) {
    Turn turn;
    turn.role = role;
    turn.first = static_cast<std::uint32_t>(request_.parts.size());
    turn.parts = static_cast<std::uint32_t>(parts.size());
    request_.parts.insert(request_.parts.end(), parts.begin(), parts.end());
    request_.turns.push_back(turn);
  }
  static Part text(std::string_view words) {
    Part part;
    part.text = words;
    return part;
  }
  static Part call(std::string_view id) {
    Part part;
    part.kind = Part::Kind::tool_call;
    part.id = id;
    return part;
  }
  static Part result(std::string_view id) {
    Part part;
    part.kind = Part::Kind::tool_result;
    part.id = id;
    return part;
  }
  static Part thought(std::string_view words, Seal seal = Seal::none, std::string_view maker = {}) {
    Part part;
    part.kind = Part::Kind::reasoning;
    part.text = words;
    part.seal = seal;
    if (seal != Seal::none) part.proof = "proof";
    part.maker = maker;
    return part;
  }
  // One tool loop: a question, a call with `reasoning` before it, its result.
  void open_loop(std::vector<Part> reasoning) {
    request_.tools.emplace_back();
    turn(Role::user, {text("q")});
    reasoning.push_back(call("call_1"));
    turn(Role::assistant, reasoning);
    turn(Role::tool, {result("call_1")});
  }
  std::string fitted() {
    fit(request_, aim_, notes_);
    std::string all;
    for (const std::string& note : notes_.all()) all += (all.empty() ? "" : ", ") + note;
    return all;
  }
  // The reasoning of the first assistant turn.
  std::vector<Part> reasoning() {
    std::vector<Part> found;
    for (const Part& part : request_.parts) {
      if (part.kind == Part::Kind::reasoning) found.push_back(part);
    }
    return found;
  }

  FakeClock clock_;
  ReasoningMemory memory_;
  Aim aim_;
  Notes notes_;
  Request request_;
};

TEST_F(RulesTest, plain_reasoning_crosses_as_it_is) {
  open_loop({thought("hm", Seal::none, "kimi/kimi-k2.6")});
  EXPECT_EQ(fitted(), "");
  ASSERT_EQ(reasoning().size(), 1U);
  EXPECT_EQ(reasoning()[0].text, "hm");
  EXPECT_EQ(request_.turns[1].parts, 2U);
  EXPECT_EQ(request_.begin(request_.turns[2])->kind, Part::Kind::tool_result);
}

TEST_F(RulesTest, the_text_of_sealed_reasoning_crosses_and_its_proof_does_not) {
  open_loop({thought("hm", Seal::anthropic_signature, "anthropic/claude-opus-4.7")});
  EXPECT_EQ(fitted(), "reasoning of anthropic/claude-opus-4.7 unsealed");
  ASSERT_EQ(reasoning().size(), 1U);
  EXPECT_EQ(reasoning()[0].seal, Seal::none);
  EXPECT_EQ(reasoning()[0].proof, "");
  EXPECT_EQ(reasoning()[0].text, "hm");
}

TEST_F(RulesTest, a_seal_stays_only_with_the_model_that_made_it) {
  to_claude();
  request_.thinking.toggle = Toggle::on;
  open_loop({thought("hm", Seal::anthropic_signature, "anthropic/claude-opus-4.7")});
  EXPECT_EQ(fitted(), "");
  ASSERT_EQ(reasoning().size(), 1U);
  EXPECT_EQ(reasoning()[0].proof, "proof");
  EXPECT_EQ(request_.thinking.toggle, Toggle::on);
}

TEST_F(RulesTest, another_models_seal_goes_and_an_open_tool_loop_then_stops_thinking) {
  to_claude();
  request_.thinking.toggle = Toggle::on;
  open_loop({thought("hm", Seal::anthropic_signature, "anthropic/claude-sonnet-4.5")});
  EXPECT_EQ(fitted(),
            "reasoning of anthropic/claude-sonnet-4.5 unsealed, reasoning left out, thinking off: "
            "the open tool loop has no reasoning of this model");
  EXPECT_TRUE(reasoning().empty());
  EXPECT_EQ(request_.thinking.toggle, Toggle::off);
}

TEST_F(RulesTest, thinking_goes_on_where_the_tool_loop_is_closed) {
  to_claude();
  request_.thinking.toggle = Toggle::on;
  open_loop({thought("hm")});
  turn(Role::assistant, {text("done")});
  turn(Role::user, {text("next")});
  EXPECT_EQ(fitted(), "reasoning left out");
  EXPECT_EQ(request_.thinking.toggle, Toggle::on);
}

TEST_F(RulesTest, what_the_client_dropped_is_restored_with_its_seal) {
  memory_.remember("alice", {{"call_1"}, {}},
                   {{Seal::anthropic_signature, "anthropic/claude-opus-4.7", "", "sig", "hm"}});
  to_claude();
  request_.thinking.toggle = Toggle::on;
  open_loop({});
  EXPECT_EQ(fitted(), "reasoning of 1 turn restored");
  ASSERT_EQ(reasoning().size(), 1U);
  EXPECT_EQ(reasoning()[0].proof, "sig");
  EXPECT_EQ(request_.thinking.toggle, Toggle::on);
}

TEST_F(RulesTest, deepseek_gets_a_stand_in_as_the_last_resort) {
  open_loop({});
  EXPECT_EQ(fitted(), "reasoning of 1 turn missing");
  ASSERT_EQ(reasoning().size(), 1U);
  EXPECT_NE(reasoning()[0].text.find("step 1"), std::string_view::npos);
}

TEST_F(RulesTest, nothing_is_made_up_where_nothing_is_demanded) {
  request_.thinking.toggle = Toggle::off;
  open_loop({});
  EXPECT_EQ(fitted(), "");
  EXPECT_TRUE(reasoning().empty());
}

TEST_F(RulesTest, kimi_demands_it_of_tool_turns_alone) {
  aim_.dialect = &protocol::kKimi;
  aim_.must_return = protocol::MustReturn::tool_turns;
  open_loop({});
  turn(Role::assistant, {text("done")});
  turn(Role::user, {text("next")});
  EXPECT_EQ(fitted(), "reasoning of 1 turn missing");
  EXPECT_EQ(reasoning().size(), 1U);
}

TEST_F(RulesTest, a_forced_tool_ends_thinking_unless_the_client_asked_for_both) {
  request_.tool_choice.kind = ToolChoice::Kind::required;
  turn(Role::user, {text("q")});
  EXPECT_EQ(fitted(), "thinking off: tool_choice");
  EXPECT_EQ(request_.thinking.toggle, Toggle::off);

  request_.thinking = {};
  request_.thinking.effort = Effort::high;
  notes_ = {};
  EXPECT_EQ(fitted(), "tool_choice -> auto");
  EXPECT_EQ(request_.tool_choice.kind, ToolChoice::Kind::automatic);
  EXPECT_EQ(request_.thinking.effort, Effort::high);
}

TEST_F(RulesTest, the_route_decides_on_thinking_where_the_client_does_not) {
  aim_.thinking = config::Thinking::off;
  turn(Role::user, {text("q")});
  fitted();
  EXPECT_EQ(request_.thinking.toggle, Toggle::off);

  request_.thinking = {};
  request_.thinking.effort = Effort::max;
  fitted();
  EXPECT_EQ(request_.thinking.toggle, Toggle::unset);
  EXPECT_EQ(request_.thinking.effort, Effort::max);
}

TEST_F(RulesTest, what_thinks_on_the_responses_surface_takes_no_sampling) {
  request_.temperature = "1";
  request_.top_p = "0.9";
  aim_.surface = Surface::responses;
  EXPECT_EQ(fitted(), "temperature dropped, top_p dropped");
  EXPECT_EQ(request_.temperature, "");
}

TEST_F(RulesTest, max_tokens_are_those_of_the_client_the_route_and_the_provider_at_most) {
  request_.max_tokens = 1'000'000;
  EXPECT_EQ(fitted(), "max_tokens -> 393216");
  aim_.max_tokens = 1000;
  fitted();
  EXPECT_EQ(request_.max_tokens, 1000);
  request_.max_tokens.reset();
  fitted();
  EXPECT_EQ(request_.max_tokens, 1000);
  aim_.max_tokens = 0;
  aim_.max_output = 64'000;
  request_.max_tokens = 100'000;
  notes_ = {};
  EXPECT_EQ(fitted(), "max_tokens -> 64000");
}

TEST_F(RulesTest, a_prefix_stops_the_thinking_where_the_answer_goes_on_from_it) {
  turn(Role::user, {text("q")});
  turn(Role::assistant, {text("It is")});
  request_.turns.back().prefix = true;
  request_.thinking.toggle = Toggle::on;
  const Request before = request_;
  fit(request_, aim_, notes_);
  EXPECT_EQ(request_.thinking.toggle, Toggle::off);
  EXPECT_EQ(notes_.all(), std::vector<std::string>{"thinking off: prefix of the answer"});

  const auto thinks = [&](std::string_view wire_model) {
    request_ = before;
    aim_.wire_model = wire_model;
    fit(request_, aim_, notes_);
    return request_.thinking.toggle == Toggle::on;
  };
  to_claude();
  EXPECT_FALSE(thinks("claude-sonnet-4-5"));
  EXPECT_TRUE(thinks("claude-opus-4-7")) << "it takes no prefill, so nothing is gained";
  aim_.dialect = &protocol::kOpenAi;
  aim_.surface = Surface::responses;
  EXPECT_TRUE(thinks("gpt-5.5"));
}

TEST_F(RulesTest, deepseek_goes_on_from_the_reasoning_of_a_prefix) {
  request_.tools.emplace_back();
  turn(Role::user, {text("q")});
  turn(Role::assistant, {thought("Begin so."), text("It is")});
  request_.turns.back().prefix = true;
  fit(request_, aim_, notes_);
  EXPECT_EQ(request_.thinking.toggle, Toggle::unset);
  EXPECT_TRUE(notes_.all().empty());
}

TEST_F(RulesTest, no_reasoning_is_made_up_for_a_prefix) {
  request_.tools.emplace_back();
  turn(Role::user, {text("q")});
  turn(Role::assistant, {text("It is")});
  request_.turns.back().prefix = true;
  fit(request_, aim_, notes_);
  EXPECT_EQ(request_.parts.size(), 2U);
}

TEST_F(RulesTest, deepseek_gets_all_tools_strict_or_none) {
  turn(Role::user, {text("q")});
  request_.tools.resize(2);
  request_.tools[0].strict = request_.tools[1].strict = true;
  fit(request_, aim_, notes_);
  EXPECT_TRUE(needs_beta(request_));
  EXPECT_TRUE(notes_.all().empty());
  request_.tools[1].strict = false;
  fit(request_, aim_, notes_);
  EXPECT_FALSE(needs_beta(request_));
  EXPECT_EQ(notes_.all(), std::vector<std::string>{"strict dropped: not every tool is strict"});
}

}  // namespace
}  // namespace tidegate::translation
