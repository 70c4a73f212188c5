#include "translation/custom_calls.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tidegate::translation {
namespace {

struct Log : EventSink {
  void take(const Event& event) override {
    switch (event.kind) {
      case Event::Kind::tool_call:
        text +=
            fmt::format("{} {} {};", event.custom ? "custom" : "function", event.index, event.name);
        break;
      case Event::Kind::tool_arguments:
        text += fmt::format("{}: {};", event.index, event.text);
        break;
      case Event::Kind::text:
        text += fmt::format("'{}';", event.text);
        break;
      default:
        text += "done;";
    }
  }
  std::string text;
};

Event call(std::uint32_t index, std::string_view name) {
  Event event;
  event.kind = Event::Kind::tool_call;
  event.index = index;
  event.name = name;
  return event;
}

Event arguments(std::uint32_t index, std::string_view raw) {
  Event event;
  event.kind = Event::Kind::tool_arguments;
  event.index = index;
  event.text = raw;
  return event;
}

Event done() {
  Event event;
  event.kind = Event::Kind::done;
  return event;
}

std::string run(const std::vector<Event>& events) {
  Log log;
  CustomCalls calls(log, {"patch"});
  for (const Event& event : events) calls.take(event);
  return log.text;
}

TEST(CustomCalls, TheInputOfAFunctionIsTheTextOfACustomCall) {
  EXPECT_EQ(run({call(0, "patch"), arguments(0, R"({\"inp)"),
                 arguments(0, R"(ut\":\"a \\\"b\\\"\\n\"})"), done()}),
            R"(custom 0 patch;0: a \"b\"\n;done;)");
}

TEST(CustomCalls, OtherToolsPassAsTheyCome) {
  EXPECT_EQ(run({call(0, "f"), arguments(0, "{"), arguments(0, "}"), done()}),
            "function 0 f;0: {;0: };done;");
}

TEST(CustomCalls, CallsSideBySideKeepTheirTexts) {
  EXPECT_EQ(
      run({call(0, "patch"), call(1, "f"), call(2, "patch"), arguments(2, R"({\"input\":\"two\"})"),
           arguments(1, "{}"), arguments(0, R"({\"input\":\"none\"})"), done()}),
      "custom 0 patch;function 1 f;custom 2 patch;1: {};0: none;2: two;done;");
}

TEST(CustomCalls, ArgumentsThatAreNoInputReachTheClientAsTheyAre) {
  EXPECT_EQ(run({call(0, "patch"), arguments(0, R"({\"text\":\"a\"})"), done()}),
            R"(custom 0 patch;0: {\"text\":\"a\"};done;)");
  EXPECT_EQ(run({call(0, "patch"), arguments(0, "*** Begin"), done()}),
            "custom 0 patch;0: *** Begin;done;");
  EXPECT_EQ(run({call(0, "patch"), done()}), "custom 0 patch;done;");
}

TEST(CustomCalls, WordsEndACall) {
  Event words;
  words.kind = Event::Kind::text;
  words.text = "So.";
  EXPECT_EQ(run({call(0, "patch"), arguments(0, R"({\"input\":\"a\"})"), words, done()}),
            "custom 0 patch;0: a;'So.';done;");
}

}  // namespace
}  // namespace tidegate::translation
