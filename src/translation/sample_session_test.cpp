#include "translation/sample_session.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <string_view>

namespace tidegate::translation {
namespace {

class Session {
 public:
  Session(Surface surface, unsigned seed) : surface_(surface), random_(seed) {
    const bool may_lead = surface != Surface::messages;
    if (may_lead && chance(2)) add('s', message(chance(2) ? "system" : "developer", text()));
    const int turns = static_cast<int>(below(8)) + 1;
    for (turn_ = 1; turn_ <= turns; ++turn_) {
      add('u', message("user", parts(surface == Surface::responses ? "input_text" : "text")));
      if (may_lead && chance(12)) add('s', message("system", text()));
      const bool sealed = chance(3);
      // An agent's loop, which the client wants to go on; a turn that is over ends in an answer.
      const bool loop = turn_ == turns && chance(2);
      const auto steps = loop ? 5 + below(40) : below(5);
      for (unsigned step = 0; step < steps; ++step) assistant_step(sealed);
      if (loop ? chance(8) : chance(2)) add('a', message("assistant", text())).step = ++step_;
    }
  }

  std::vector<SampleMessage> messages;

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
  SampleMessage& add(char speaker, std::string_view json) {
    SampleMessage& message = messages.emplace_back();
    // No two alike, so that it is known which ones are left.
    message.json = fmt::format(R"({{"at":{},{})", messages.size(), json.substr(1));
    message.speaker = speaker;
    message.turn = turn_;
    return message;
  }

  void assistant_step(bool sealed) {
    const std::size_t begin = messages.size();
    ++step_;
    std::vector<std::string> ids;
    for (unsigned n = below(4); n > 0; --n) {
      // Some providers count calls anew in each answer.
      ids.push_back(chance(3) ? fmt::format("call_{}", n) : fmt::format("c{}", ++ids_));
    }
    if (surface_ == Surface::chat) chat_step(ids, sealed);
    if (surface_ == Surface::messages) messages_step(ids, sealed);
    if (surface_ == Surface::responses) responses_step(ids, sealed);
    for (std::size_t i = begin; i < messages.size(); ++i) messages[i].step = step_;
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
    SampleMessage& said = add('a', message("assistant", text(), calls));
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
    SampleMessage& assistant = add('a', message("assistant", "[" + said + "]"));
    assistant.made = ids;
    assistant.sealed = sealed;
    if (ids.empty()) return;
    if (chance(3)) results += R"(,{"type":"text","text":"<system-reminder>"})";
    add('r', message("user", "[" + results + "]")).answered = ids;
  }

  void responses_step(const std::vector<std::string>& ids, bool sealed) {
    if (sealed) {
      SampleMessage& thought =
          add('a', R"({"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"x"})");
      thought.sealed = thought.thought = true;
    }
    if (ids.empty() || chance(2))
      add('a', R"({"type":"message",)" + message("assistant", text()).substr(1));
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
  int turn_ = 0, step_ = 0;
  int ids_ = 0;
};

}  // namespace

std::vector<SampleMessage> sample_session(Surface surface, unsigned seed) {
  return std::move(Session(surface, seed).messages);
}

std::string sample_body(Surface surface, const std::vector<std::string>& messages) {
  const char* names[] = {"messages", "input", "messages"};
  const char* prompt[] = {"", R"("instructions":"Be brief.",)",
                          R"("system":[{"type":"text","text":"Be brief."}],)"};
  std::string out =
      fmt::format(R"({{"model":"m", {} "tools":[{{"name":"f"}}],"{}" : [ )",
                  prompt[static_cast<int>(surface)], names[static_cast<int>(surface)]);
  for (std::size_t i = 0; i < messages.size(); ++i) out += (i == 0 ? "" : " ,\n ") + messages[i];
  return out + " ], \"stream\":true}";
}

namespace {

TEST(SampleSession, HasWhatAgentsSend) {
  for (const Surface surface : {Surface::chat, Surface::responses, Surface::messages}) {
    std::size_t longest = 0, sealed = 0, parallel = 0;
    for (unsigned seed = 1; seed <= 100; ++seed) {
      const auto messages = sample_session(surface, seed);
      longest = std::max(longest, messages.size());
      for (const SampleMessage& message : messages) {
        sealed += message.sealed ? 1 : 0;
        parallel += message.made.size() > 1 ? 1 : 0;
      }
    }
    EXPECT_GT(longest, 80u);
    EXPECT_GT(sealed, 100u);
    EXPECT_EQ(parallel > 100, surface != Surface::responses);  // there calls are items
  }
}

}  // namespace
}  // namespace tidegate::translation
