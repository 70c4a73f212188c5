#include "translation/reasoning_memory.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace tidegate::translation {
namespace {

ReasoningMemory::Turn turn(std::vector<std::string> calls, std::string_view text = {}) {
  ReasoningMemory::Turn turn{std::move(calls), {}};
  turn.text.add(text);
  return turn;
}

std::vector<Cargo> thought(std::string text) {
  return {{Seal::none, "deepseek/deepseek-v4-pro", "", "", std::move(text)}};
}

class ReasoningMemoryTest : public testing::Test {
 protected:
  FakeClock clock_;
};

TEST_F(ReasoningMemoryTest, finds_by_any_tool_call_and_by_text) {
  ReasoningMemory memory({}, clock_);
  memory.remember("alice", turn({"call_1", "call_2"}, "I look."), thought("hm"));
  memory.remember("alice", turn({}, "It is done."), thought("well"));
  EXPECT_EQ(memory.recall("alice", turn({"call_2"})), thought("hm"));
  EXPECT_EQ(memory.recall("alice", turn({"unknown", "call_1"}, "other")), thought("hm"));
  EXPECT_EQ(memory.recall("alice", turn({}, "It is done.")), thought("well"));
  EXPECT_TRUE(memory.recall("alice", turn({}, "It is not done.")).empty());
}

TEST_F(ReasoningMemoryTest, text_is_the_same_however_it_is_escaped_cut_and_trimmed) {
  ReasoningMemory memory({}, clock_);
  ReasoningMemory::Turn streamed;
  for (const char* piece : {" caf\\u00e9", " \\\"au", " lait\\\"\\n"}) streamed.text.add(piece);
  memory.remember("alice", streamed, thought("hm"));
  EXPECT_EQ(memory.recall("alice", turn({}, "caf\xC3\xA9 \\\"au lait\\\"")), thought("hm"));
  EXPECT_TRUE(memory.recall("alice", turn({}, "caf\xC3\xA9 \\\"aulait\\\"")).empty());
}

TEST_F(ReasoningMemoryTest, belongs_to_its_owner) {
  ReasoningMemory memory({}, clock_);
  memory.remember("alice", turn({"call_1"}, "same"), thought("secret"));
  EXPECT_TRUE(memory.recall("bob", turn({"call_1"}, "same")).empty());
  EXPECT_TRUE(memory.recall("bob", turn({}, "same")).empty());
  EXPECT_TRUE(memory.recall("", turn({"call_1"})).empty());
}

TEST_F(ReasoningMemoryTest, tells_and_asks_by_the_same_key) {
  ReasoningMemory one({}, clock_), two({}, clock_);
  std::vector<std::string> told;
  one.listen([&](const std::string& key, const std::string& cargo, WallTime until) {
    told.push_back(key);
    two.adopt(key, cargo, until);
  });
  const Cargo sealed{Seal::anthropic_signature, "anthropic/claude-sonnet-4.5", "", "EqQB", "hm"};
  one.remember("alice", turn({"call_1", "call_2"}, "I look."), thought("hm"));
  one.remember("alice", turn({}, "It is done."), thought("well"));
  one.remember_seals("alice", {sealed});
  EXPECT_EQ(told.size(), 3u);

  ReasoningMemory three({}, clock_);
  ReasoningMemory::Unknown unknown;
  EXPECT_TRUE(three.recall("alice", turn({"call_1", "call_2"}, "I look."), &unknown).empty());
  EXPECT_TRUE(three.recall("alice", turn({}, "It is done."), &unknown).empty());
  EXPECT_EQ(three.maker_of("alice", "EqQB", &unknown), "");
  EXPECT_EQ(unknown, told);

  unknown.clear();
  EXPECT_EQ(two.recall("alice", turn({"call_1", "call_2"}), &unknown), thought("hm"));
  EXPECT_EQ(two.recall("alice", turn({}, "It is done."), &unknown), thought("well"));
  EXPECT_EQ(two.maker_of("alice", "EqQB", &unknown), "anthropic/claude-sonnet-4.5");
  EXPECT_TRUE(unknown.empty());
  EXPECT_TRUE(two.recall("bob", turn({"call_1"}), &unknown).empty());
}

TEST_F(ReasoningMemoryTest, does_not_ask_again_at_once_for_what_nobody_knows) {
  ReasoningMemory memory({}, clock_);
  ReasoningMemory::Unknown unknown;
  EXPECT_TRUE(memory.recall("alice", turn({"call_1"}), &unknown).empty());
  ASSERT_EQ(unknown.size(), 1u);
  memory.adopt(std::exchange(unknown, {}).front(), std::nullopt, WallTime::max());
  EXPECT_TRUE(memory.recall("alice", turn({"call_1"}), &unknown).empty());
  EXPECT_TRUE(unknown.empty());
  clock_.advance(6s);
  EXPECT_TRUE(memory.recall("alice", turn({"call_1"}), &unknown).empty());
  EXPECT_EQ(unknown.size(), 1u);

  // What is known here is not forgotten for it.
  memory.remember("alice", turn({"call_1"}), thought("hm"));
  memory.adopt(unknown.front(), std::nullopt, WallTime::max());
  EXPECT_EQ(memory.recall("alice", turn({"call_1"})), thought("hm"));
}

TEST_F(ReasoningMemoryTest, what_was_adopted_is_forgotten_in_time) {
  ReasoningMemory memory({}, clock_);
  std::string key, cargo;
  ReasoningMemory source({}, clock_);
  source.listen([&](const std::string& k, const std::string& c, WallTime) { key = k, cargo = c; });
  source.remember("alice", turn({"call_1"}), thought("hm"));
  memory.adopt(key, cargo, clock_.wall() + 1h);
  clock_.advance(59min);
  EXPECT_EQ(memory.recall("alice", turn({"call_1"})), thought("hm"));
  clock_.advance(2min);
  EXPECT_TRUE(memory.recall("alice", turn({"call_1"})).empty());
  memory.adopt(key, "no envelope", clock_.wall() + 1h);
  EXPECT_TRUE(memory.recall("alice", turn({"call_1"})).empty());
}

TEST_F(ReasoningMemoryTest, knows_who_made_a_seal_that_is_this_owners) {
  ReasoningMemory memory({}, clock_);
  const Cargo sealed{Seal::anthropic_signature, "anthropic/claude-sonnet-4.5", "", "EqQB", "hm"};
  memory.remember_seals("alice", {sealed, thought("plain").front()});
  EXPECT_EQ(memory.maker_of("alice", "EqQB"), "anthropic/claude-sonnet-4.5");
  EXPECT_EQ(memory.maker_of("alice", "EqQC"), "");
  EXPECT_EQ(memory.maker_of("alice", ""), "");
  EXPECT_EQ(memory.maker_of("bob", "EqQB"), "");
}

TEST_F(ReasoningMemoryTest, nothing_never_replaces_something) {
  ReasoningMemory memory({}, clock_);
  memory.remember("alice", turn({"call_1"}), thought("hm"));
  memory.remember("alice", turn({"call_1"}), {});
  EXPECT_EQ(memory.recall("alice", turn({"call_1"})), thought("hm"));
}

TEST_F(ReasoningMemoryTest, forgets_after_its_time_and_beyond_its_size) {
  ReasoningMemory memory({.path = {}, .max_bytes = 4096, .keep = 1h}, clock_);
  memory.remember("alice", turn({"old"}), thought("hm"));
  EXPECT_FALSE(memory.recall("alice", turn({"old"})).empty());
  clock_.advance(61min);
  EXPECT_TRUE(memory.recall("alice", turn({"old"})).empty());
  for (int i = 0; i < 20; ++i) {
    memory.remember("alice", turn({std::to_string(i)}), thought(std::string(500, 'x')));
  }
  EXPECT_LE(memory.bytes(), 4096U);
  EXPECT_TRUE(memory.recall("alice", turn({"0"})).empty());
  EXPECT_FALSE(memory.recall("alice", turn({"19"})).empty());
}

TEST_F(ReasoningMemoryTest, survives_a_restart) {
  const std::string path = testing::TempDir() + "reasoning_memory_test.db";
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  const MemoryOptions options{.path = path, .max_bytes = 1 << 20, .keep = 1h};
  {
    ReasoningMemory memory(options, clock_);
    memory.remember("alice", turn({"call_1"}, "text"), thought("hm"));
  }
  clock_.advance(30min);
  {
    ReasoningMemory memory(options, clock_);
    memory.remember("alice", turn({"call_2"}), thought("newer"));
    memory.flush();
    EXPECT_EQ(memory.recall("alice", turn({"call_1"})), thought("hm"));
    EXPECT_EQ(memory.problem(), "");
  }
  clock_.advance(31min);
  ReasoningMemory memory(options, clock_);
  memory.remember("alice", turn({"call_3"}), thought("newest"));
  memory.flush();
  EXPECT_TRUE(memory.recall("alice", turn({"call_1"})).empty());
  EXPECT_EQ(memory.recall("alice", turn({"call_2"})), thought("newer"));
}

TEST_F(ReasoningMemoryTest, a_file_that_cannot_be_opened_is_said_and_does_no_harm) {
  ReasoningMemory memory({.path = "/nonexistent/reasoning.db"}, clock_);
  memory.remember("alice", turn({"call_1"}), thought("hm"));
  memory.flush();
  EXPECT_NE(memory.problem(), "");
  EXPECT_EQ(memory.recall("alice", turn({"call_1"})), thought("hm"));
}

}  // namespace
}  // namespace tidegate::translation
