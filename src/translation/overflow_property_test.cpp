// Whatever the conversation: what is left of it is valid JSON, in order, whole, and fits.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "json/checked_text.h"
#include "json/reader.h"
#include "translation/overflow.h"

namespace tidegate::translation {
namespace {

using protocol::Surface;

struct Message {
  std::string json;
  char speaker = 'u';  // s, u, a, r
  std::vector<std::string> made, answered;
  int turn = 0;
  bool sealed = false;
};

Tokens estimate(const PromptSize& size) {
  const auto& text = size.text;
  return static_cast<Tokens>(text.letters + text.digits + 4 * text.punctuation + text.cjk) +
         5 * size.messages + 6 * size.tools + 300 * size.images;
}

class Conversation {
 public:
  Conversation(Surface surface, unsigned seed) : surface_(surface), random_(seed) {
    const bool may_lead = surface != Surface::messages;
    if (may_lead && chance(2)) add('s', message(chance(2) ? "system" : "developer", text()));
    const int turns = static_cast<int>(below(8)) + 1;
    for (turn_ = 1; turn_ <= turns; ++turn_) {
      add('u', message("user", parts(surface == Surface::responses ? "input_text" : "text")));
      if (may_lead && chance(12)) add('s', message("system", text()));
      const bool sealed = chance(3);
      const auto steps = below(5);
      for (unsigned step = 0; step < steps; ++step) assistant_step(sealed);
      if (chance(2)) add('a', message("assistant", text()));
    }
  }

  std::vector<Message> messages;

  [[nodiscard]] std::string body(const std::vector<std::string>& list) {
    const char* names[] = {"messages", "input", "messages"};
    const char* prompt[] = {"", R"("instructions":"Be brief.",)",
                            R"("system":[{"type":"text","text":"Be brief."}],)"};
    std::string out =
        fmt::format(R"({{"model":"m", {} "tools":[{{"name":"f"}}],"{}" : [ )",
                    prompt[static_cast<int>(surface_)], names[static_cast<int>(surface_)]);
    for (std::size_t i = 0; i < list.size(); ++i) out += (i == 0 ? "" : " ,\n ") + list[i];
    return out + " ], \"stream\":true}";
  }

 private:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  bool chance(unsigned of) { return below(of) == 0; }

  std::string text() {
    constexpr const char* kWords[] = {"ship ", "it, ", "\\\"now\\\" ", "\\u4e2d ", "\xe6\xb7\xb1",
                                      "[{",    "}]",   "\\\\",         "42 "};
    std::string out;
    for (unsigned n = below(below(4) == 0 ? 200 : 20); n > 0; --n) {
      out += kWords[below(std::size(kWords))];
    }
    return "\"" + out + "\"";
  }
  std::string parts(std::string_view type) {
    if (chance(2)) return text();
    std::string out = fmt::format(R"([{{"type":"{}","text":{}}})", type, text());
    if (chance(4)) {
      out += surface_ == Surface::messages
                 ? R"(,{"type":"image","source":{"type":"base64","data":"AAAA"}})"
                 : R"(,{"type":"image_url","image_url":{"url":"data:AAAA"}})";
    }
    return out + "]";
  }
  static std::string message(std::string_view role, std::string_view content,
                             std::string_view rest = "") {
    return fmt::format(R"({{"role":"{}","content":{}{}}})", role, content, rest);
  }
  Message& add(char speaker, std::string_view json) {
    Message& message = messages.emplace_back();
    // No two alike, so that it is known which ones are left.
    message.json = fmt::format(R"({{"at":{},{})", messages.size(), json.substr(1));
    message.speaker = speaker;
    message.turn = turn_;
    return message;
  }

  void assistant_step(bool sealed) {
    std::vector<std::string> ids;
    for (unsigned n = below(4); n > 0; --n) {
      // Some providers count calls anew in each answer.
      ids.push_back(chance(3) ? fmt::format("call_{}", n) : fmt::format("c{}", ++ids_));
    }
    if (surface_ == Surface::chat) chat_step(ids, sealed);
    if (surface_ == Surface::messages) messages_step(ids, sealed);
    if (surface_ == Surface::responses) responses_step(ids, sealed);
  }

  void chat_step(const std::vector<std::string>& ids, bool sealed) {
    std::string calls;
    for (const std::string& id : ids) {
      calls += fmt::format(
          R"({}{{"id":"{}","type":"function","function":{{"name":"f","arguments":{}}}}})",
          calls.empty() ? "" : ",", id, text());
    }
    if (!calls.empty()) calls = R"(,"tool_calls":[)" + calls + "]";
    if (sealed) calls += R"(,"reasoning_details":[{"type":"reasoning.text","signature":"x"}])";
    Message& said = add('a', message("assistant", text(), calls));
    said.made = ids;
    said.sealed = sealed;
    for (const std::string& id : ids) {
      add('r', message("tool", text(), fmt::format(R"(,"tool_call_id":"{}")", id))).answered = {id};
    }
  }

  void messages_step(const std::vector<std::string>& ids, bool sealed) {
    std::string said = fmt::format(R"({{"type":"thinking","thinking":{},"signature":"{}"}})",
                                   text(), sealed ? "Eq" : "");
    std::string results;
    for (const std::string& id : ids) {
      said += fmt::format(R"(,{{"type":"tool_use","id":"{}","name":"f","input":{{"content":{}}}}})",
                          id, text());
      results += fmt::format(R"({}{{"type":"tool_result","tool_use_id":"{}","content":{}}})",
                             results.empty() ? "" : ",", id, text());
    }
    Message& assistant = add('a', message("assistant", "[" + said + "]"));
    assistant.made = ids;
    assistant.sealed = sealed;
    if (ids.empty()) return;
    if (chance(3)) results += R"(,{"type":"text","text":"<system-reminder>"})";
    add('r', message("user", "[" + results + "]")).answered = ids;
  }

  void responses_step(const std::vector<std::string>& ids, bool sealed) {
    if (sealed) {
      add('a', R"({"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"x"})").sealed =
          true;
    }
    if (chance(2)) add('a', R"({"type":"message",)" + message("assistant", text()).substr(1));
    for (const std::string& id : ids) {
      add('a', fmt::format(R"({{"type":"function_call","call_id":"{}","name":"f","arguments":{}}})",
                           id, text()))
          .made = {id};
    }
    for (const std::string& id : ids) {
      add('r', fmt::format(R"({{"type":"function_call_output","call_id":"{}","output":{}}})", id,
                           text()))
          .answered = {id};
    }
  }

  Surface surface_;
  std::minstd_rand random_;
  int turn_ = 0;
  int ids_ = 0;
};

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

class Check {
 public:
  Check(const Conversation& conversation, const std::vector<std::string>& left)
      : all_(conversation.messages), kept_(all_.size(), false) {
    std::size_t at = 0;
    for (const std::string& json : left) {
      if (json.contains("left out]")) {
        ++markers_;
        order_ += 'u';
        continue;
      }
      while (at < all_.size() && all_[at].json != json) ++at;
      if (at == all_.size()) return;  // not in order, or changed
      order_ += all_[at].speaker;
      kept_[at++] = true;
    }
    whole_ = true;
  }

  void holds(Drop drop, std::uint32_t left_out) const {
    ASSERT_TRUE(whole_);
    EXPECT_EQ(markers_, left_out == 0 ? 0 : 1);
    EXPECT_EQ(std::ranges::count(kept_, false), left_out);
    const std::size_t first = order_.find_first_not_of('s');
    EXPECT_EQ(order_[first], 'u') << order_;
    const auto is_user = [](const Message& message) { return message.speaker == 'u'; };
    const auto last_user = std::find_if(all_.rbegin(), all_.rend(), is_user).base() - 1;
    if (drop == Drop::middle) {
      EXPECT_TRUE(kept(*std::ranges::find_if(all_, is_user)));
    }
    std::set<int> cut_turns, sealed_turns, used_turns;
    for (const Message& message : all_) {
      if (message.speaker == 's' || &message >= &*last_user) {
        EXPECT_TRUE(kept(message));
      }
      if (message.sealed) sealed_turns.insert(message.turn);
      if (message.speaker != 'a' && message.speaker != 'r') continue;
      (kept(message) ? used_turns : cut_turns).insert(message.turn);
    }
    for (const int turn : sealed_turns) {
      EXPECT_FALSE(cut_turns.contains(turn) && used_turns.contains(turn)) << "turn " << turn;
    }
    pairs_are_whole();
  }

 private:
  [[nodiscard]] bool kept(const Message& message) const {
    return kept_[static_cast<std::size_t>(&message - all_.data())];
  }
  void pairs_are_whole() const {
    for (auto result = all_.begin(); result != all_.end(); ++result) {
      for (const std::string& id : result->answered) {
        const auto maker = std::find_if(
            std::make_reverse_iterator(result), all_.rend(),
            [&](const Message& message) { return std::ranges::count(message.made, id) != 0; });
        ASSERT_NE(maker, all_.rend());
        EXPECT_EQ(kept(*maker), kept(*result)) << id;
      }
    }
  }

  const std::vector<Message>& all_;
  std::vector<bool> kept_;
  std::string order_;
  int markers_ = 0;
  bool whole_ = false;
};

TEST(Outline, CountsWhatTheWorkloadCounts) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    Conversation conversation(Surface::chat, seed);
    std::vector<std::string> all;
    for (const Message& message : conversation.messages) all.push_back(message.json);
    const std::string body = conversation.body(all);
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
  unsigned truncated = 0, refused = 0;
  for (unsigned seed = 1; seed <= 1500; ++seed) {
    SCOPED_TRACE(seed);
    Conversation conversation(surface, seed);
    std::vector<std::string> all;
    for (const Message& message : conversation.messages) all.push_back(message.json);
    const std::string body = conversation.body(all);
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
      Check(conversation, elements(out)).holds(drop, truncation->messages);
      const auto again = read_outline(surface, out);
      ASSERT_TRUE(again.has_value());
      EXPECT_LE(estimate(again->whole()), limit);
      EXPECT_LE(estimate(again->whole()), truncation->after);
      truncated += truncation->messages != 0 ? 1 : 0;
      if (testing::Test::HasFailure())
        FAIL() << body.substr(0, 4000) << "\n\n" << out.substr(0, 4000);
    }
  }
  EXPECT_GT(truncated, 300u);  // the test has something to say
  EXPECT_GT(refused, 100u);
}

INSTANTIATE_TEST_SUITE_P(Surfaces, OverflowProperty,
                         testing::Values(Surface::chat, Surface::responses, Surface::messages),
                         [](const auto& test) { return std::string(protocol::name(test.param)); });

}  // namespace
}  // namespace tidegate::translation
