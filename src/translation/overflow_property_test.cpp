// Whatever the conversation: what is left of it is valid JSON, in order, whole, in the order that
// providers demand, and fits.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "json/checked_text.h"
#include "json/reader.h"
#include "translation/overflow.h"
#include "translation/sample_session.h"

namespace tidegate::translation {
namespace {

Tokens estimate(const PromptSize& size) {
  const auto& text = size.text;
  return static_cast<Tokens>(text.letters + text.digits + 4 * text.punctuation + text.cjk) +
         5 * size.messages + 6 * size.tools + 300 * size.images;
}

// The elements of the body's list; empty where the body is not one valid JSON text.
std::vector<std::string> elements(const std::string& body) {
  std::vector<std::string> out;
  const auto checked = json::check_text(body);
  EXPECT_TRUE(checked.has_value());
  json::Reader reader(*checked);
  const bool good = reader.object([&](std::string_view key) {
    if (key != "messages" && key != "input") return reader.skip();
    return reader.array([&] {
      const std::uint32_t begin = reader.offset();
      if (!reader.skip()) return false;
      out.push_back(body.substr(begin, reader.last_end() - begin));
      return true;
    });
  }) && reader.finish();
  EXPECT_TRUE(good) << body;
  return out;
}

// What must hold of the messages that are left, whatever the session was.
class Check {
 public:
  Check(Surface surface, const std::vector<SampleMessage>& session,
        const std::vector<std::string>& left)
      : surface_(surface), all_(session), kept_(all_.size(), false) {
    std::size_t at = 0;
    for (const std::string& json : left) {
      if (json.contains("left out]")) {
        ++markers_;
        left_.push_back(&marker_);
        continue;
      }
      while (at < all_.size() && all_[at].json != json) ++at;
      if (at == all_.size()) return;  // not in order, or changed
      left_.push_back(&all_[at]);
      kept_[at++] = true;
    }
    whole_ = true;
  }

  void holds(Drop drop, const Truncation& truncation) const {
    ASSERT_TRUE(whole_);
    EXPECT_EQ(markers_, truncation.messages == 0 ? 0 : 1);
    EXPECT_EQ(std::ranges::count(kept_, false), truncation.messages);
    std::size_t calls = 0;
    for (const SampleMessage& message : all_) calls += kept(message) ? 0 : message.made.size();
    EXPECT_EQ(calls, truncation.calls);
    keeps_the_task_and_the_last_step(drop);
    closed_sealed_turns_are_whole();
    pairs_are_whole();
    steps_are_whole();
    providers_take_it();
  }

  [[nodiscard]] bool cuts_into_the_last_turn() const {
    return std::any_of(last_user(), all_.end(),
                       [this](const SampleMessage& message) { return !kept(message); });
  }

 private:
  [[nodiscard]] bool kept(const SampleMessage& message) const {
    return kept_[static_cast<std::size_t>(&message - all_.data())];
  }
  [[nodiscard]] std::vector<SampleMessage>::const_iterator last_user() const {
    return std::find_if(all_.rbegin(), all_.rend(), is_user).base() - 1;
  }
  static bool is_user(const SampleMessage& message) { return message.speaker == 'u'; }

  void keeps_the_task_and_the_last_step(Drop drop) const {
    if (drop == Drop::middle) {
      EXPECT_TRUE(kept(*std::ranges::find_if(all_, is_user)));
    }
    EXPECT_TRUE(kept(*last_user()));
    for (const SampleMessage& message : all_) {
      const bool last_step = &message > &*last_user() && message.step == all_.back().step;
      if (message.speaker == 's' || last_step) {
        EXPECT_TRUE(kept(message));
      }
    }
  }

  void closed_sealed_turns_are_whole() const {
    std::set<int> cut_turns, sealed_turns, used_turns;
    for (auto message = all_.begin(); message != last_user(); ++message) {
      if (message->sealed) sealed_turns.insert(message->turn);
      if (message->step != 0) (kept(*message) ? used_turns : cut_turns).insert(message->turn);
    }
    for (const int turn : sealed_turns) {
      EXPECT_FALSE(cut_turns.contains(turn) && used_turns.contains(turn)) << "turn " << turn;
    }
  }

  void pairs_are_whole() const {
    for (auto result = all_.begin(); result != all_.end(); ++result) {
      for (const std::string& id : result->answered) {
        const auto maker = std::find_if(std::make_reverse_iterator(result), all_.rend(),
                                        [&](const SampleMessage& message) {
                                          return std::ranges::count(message.made, id) != 0;
                                        });
        ASSERT_NE(maker, all_.rend());
        EXPECT_EQ(kept(*maker), kept(*result)) << id;
      }
    }
  }

  // Reasoning, calls and results of a step belong together: signatures, reasoning_content and
  // reasoning items are looked for beside the calls that they led to.
  void steps_are_whole() const {
    std::map<int, bool> steps;
    for (const SampleMessage& message : all_) {
      if (message.step == 0) continue;
      const auto [step, first] = steps.emplace(message.step, kept(message));
      EXPECT_EQ(step->second, kept(message)) << "step " << message.step;
    }
  }

  // The rules by which strict providers judge the order of messages.
  void providers_take_it() const {
    const auto begins = std::ranges::find_if(
        left_, [](const SampleMessage* message) { return message->speaker != 's'; });
    ASSERT_NE(begins, left_.end());
    EXPECT_EQ((*begins)->speaker, 'u');
    for (std::size_t i = 0; i < left_.size(); ++i) {
      const SampleMessage& message = *left_[i];
      const SampleMessage* next = i + 1 < left_.size() ? left_[i + 1] : nullptr;
      if (message.thought) {
        ASSERT_NE(next, nullptr);
        EXPECT_EQ(next->speaker, 'a');
      }
      // On the Responses surface calls of a step follow one another before their outputs.
      if (message.made.empty() || surface_ == Surface::responses) continue;
      ASSERT_NE(next, nullptr);
      EXPECT_EQ(next->speaker, 'r') << "a call without its results at once";
    }
  }

  const Surface surface_;
  const std::vector<SampleMessage>& all_;
  const SampleMessage marker_;
  std::vector<bool> kept_;
  std::vector<const SampleMessage*> left_;
  int markers_ = 0;
  bool whole_ = false;
};

TEST(Outline, CountsWhatTheWorkloadCounts) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    const auto session = sample_session(Surface::chat, seed);
    std::vector<std::string> all;
    for (const SampleMessage& message : session) all.push_back(message.json);
    const std::string body = sample_body(Surface::chat, all);
    const auto read = protocol::read_conversation(body);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    const PromptSize size = read_outline(Surface::chat, body)->whole();
    ASSERT_EQ(size.text, read->text) << body;
    ASSERT_EQ(size.messages, read->messages);
    ASSERT_EQ(size.tools, read->tools);
    ASSERT_EQ(size.images, read->images);
  }
}

class OverflowProperty : public testing::TestWithParam<Surface> {};

TEST_P(OverflowProperty, WhatIsLeftIsWholeAndFits) {
  const Surface surface = GetParam();
  unsigned truncated = 0, refused = 0, inside_loops = 0;
  for (unsigned seed = 1; seed <= 1500; ++seed) {
    SCOPED_TRACE(seed);
    const auto session = sample_session(surface, seed);
    std::vector<std::string> all;
    for (const SampleMessage& message : session) all.push_back(message.json);
    const std::string body = sample_body(surface, all);
    const auto outline = read_outline(surface, body);
    ASSERT_TRUE(outline.has_value()) << outline.error().message;
    ASSERT_EQ(outline->items.size(), all.size());
    const Tokens before = estimate(outline->whole());
    for (const Drop drop : {Drop::oldest, Drop::middle}) {
      const Tokens limit = before * (seed % 10 + 1) / 10;
      auto truncation = truncate(surface, body, drop, limit, estimate);
      if (!truncation) {
        EXPECT_EQ(truncation.error().code, ErrorCode::too_large);
        ++refused;
        continue;
      }
      EXPECT_EQ(truncation->before, before);
      const std::string out = translation::apply(body, truncation->cuts);
      const Check check(surface, session, elements(out));
      check.holds(drop, *truncation);
      const auto again = read_outline(surface, out);
      ASSERT_TRUE(again.has_value());
      EXPECT_LE(estimate(again->whole()), limit);
      EXPECT_LE(estimate(again->whole()), truncation->after);
      truncated += truncation->messages != 0 ? 1 : 0;
      inside_loops += check.cuts_into_the_last_turn() ? 1 : 0;
      if (testing::Test::HasFailure())
        FAIL() << body.substr(0, 4000) << "\n\n" << out.substr(0, 4000);
    }
  }
  EXPECT_GT(truncated, 300u);  // the test has something to say
  EXPECT_GT(refused, 100u);
  EXPECT_GT(inside_loops, 300u);
}

INSTANTIATE_TEST_SUITE_P(Surfaces, OverflowProperty,
                         testing::Values(Surface::chat, Surface::responses, Surface::messages),
                         [](const auto& test) { return std::string(protocol::name(test.param)); });

}  // namespace
}  // namespace tidegate::translation
