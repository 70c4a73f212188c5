#include "translation/dsml_filter.h"

#include <gtest/gtest.h>

namespace tidegate::translation {
namespace {

// What came out, pieces of the same thing joined.
class Collector : public EventSink {
 public:
  void take(const Event& event) override {
    const std::string what = describe(event);
    if (what != last_ || event.kind == Event::Kind::tool_call) out += "\n" + what;
    last_ = what;
    out += event.kind == Event::Kind::tool_call ? event.name : event.text;
  }
  std::string out;

 private:
  static std::string describe(const Event& event) {
    switch (event.kind) {
      case Event::Kind::text:
        return "text ";
      case Event::Kind::reasoning:
        return "reasoning ";
      case Event::Kind::tool_call:
        return "call " + std::to_string(event.index) + " ";
      case Event::Kind::tool_arguments:
        return "arguments " + std::to_string(event.index) + " ";
      case Event::Kind::finish:
        return "finish " + std::string(name(event.finish));
      default:
        return "other ";
    }
  }
  std::string last_;
};

std::string filtered(const std::vector<std::string_view>& pieces) {
  Collector collector;
  DsmlFilter filter(collector, {"f", "g"}, "seed");
  Event event;
  event.kind = Event::Kind::text;
  for (const std::string_view piece : pieces) {
    event.text = piece;
    if (!piece.empty()) filter.take(event);
  }
  event.kind = Event::Kind::finish;
  event.text = {};
  event.finish = protocol::FinishReason::stop;
  filter.take(event);
  return collector.out;
}

const std::string kRaw =
    "a < b \\n\\n<\xEF\xBD\x9C"
    "DSML\xEF\xBD\x9Ctool_calls>\\n<\xEF\xBD\x9C"
    "DSML\xEF\xBD\x9Cinvoke name=\\\"f\\\">\\n<\xEF\xBD\x9C"
    "DSML\xEF\xBD\x9Cparameter name=\\\"p\\\" string=\\\"true\\\">x\\\\<y\\\"\xC3\xA4</\xEF\xBD\x9C"
    "DSML\xEF\xBD\x9Cparameter>\\n<\xEF\xBD\x9C"
    "DSML\xEF\xBD\x9Cparameter name=\\\"n\\\" string=\\\"false\\\">[1,\\\"a\\\"]</\xEF\xBD\x9C"
    "DSML\xEF\xBD\x9Cparameter>\\n</\xEF\xBD\x9C"
    "DSML\xEF\xBD\x9Cinvoke>\\n</\xEF\xBD\x9C"
    "DSML\xEF\xBD\x9Ctool_calls>";
const std::string kExpected =
    "\ntext a < b \ncall 0 f\narguments 0 "
    "{\\\"p\\\":\\\"x\\\\\\\\<y\\\\\\\"\xC3\xA4\\\",\\\"n\\\":[1,\\\"a\\\"]}\nfinish tool_calls";

std::string escaped(std::string raw) {
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"\xEF\xBD\x9C", "\\uFF5c"},
                                 {"<", "\\u003C"},
                                 {">", "\\u003e"}}) {
    for (std::size_t at = 0; (at = raw.find(from, at)) != std::string::npos; at += to.size())
      raw.replace(at, from.size(), to);
  }
  return raw;
}

// Also within a character and within an escape, which whole events never do.
TEST(DsmlFilter, finds_calls_however_the_text_is_cut) {
  EXPECT_EQ(filtered({kRaw}), kExpected);
  for (std::size_t i = 1; i < kRaw.size(); ++i) {
    const std::string_view raw = kRaw;
    ASSERT_EQ(filtered({raw.substr(0, i), raw.substr(i)}), kExpected) << i;
  }
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < kRaw.size(); ++i)
    bytes.push_back(std::string_view(kRaw).substr(i, 1));
  EXPECT_EQ(filtered(bytes), kExpected);
}

TEST(DsmlFilter, finds_calls_whose_characters_are_escaped) {
  const std::string raw = escaped(kRaw);
  // Of what is no markup, the escapes stay.
  std::string expected = kExpected;
  expected.replace(expected.find('<'), 1, "\\u003C");
  expected.replace(expected.find("<y"), 1, "\\\\u003C");
  EXPECT_EQ(filtered({raw}), expected);
  for (std::size_t i = 1; i < raw.size(); ++i)
    ASSERT_EQ(filtered({std::string_view(raw).substr(0, i), std::string_view(raw).substr(i)}),
              expected)
        << i;
}

TEST(DsmlFilter, lets_other_text_pass_at_once) {
  Collector collector;
  DsmlFilter filter(collector, {"f"}, "seed");
  Event event;
  event.kind = Event::Kind::text;
  for (const std::string_view text : {"a", "<", "b", "x \\\\n", "<\xEF\xBD\x9C", "DSML", "!"}) {
    event.text = text;
    filter.take(event);
  }
  EXPECT_EQ(collector.out,
            "\ntext a<bx \\\\n<\xEF\xBD\x9C"
            "DSML!");
  EXPECT_EQ(filter.found(), 0u);
}

TEST(DsmlFilter, text_that_only_begins_like_a_tag_is_kept) {
  for (std::size_t size = 1; size < kRaw.find("invoke name"); ++size) {
    const std::string_view raw = std::string_view(kRaw).substr(0, size);
    EXPECT_EQ(filtered({raw}), "\ntext " + std::string(raw) + "\nfinish stop") << size;
  }
}

// Its closing quote is missing, so that the quote of a later tag ends its attribute.
TEST(DsmlFilter, a_tag_that_is_too_long_is_text_however_it_is_cut) {
  const std::string open =
      "<\xEF\xBD\x9C"
      "DSML\xEF\xBD\x9C";
  const std::string raw = open + "invoke name=\\\"f\\\">" + open +
                          "parameter name=\\\"p\\\" string=\\\"" + std::string(kMaxDsmlTag, 'x') +
                          "\\\">5";
  const std::string whole = filtered({raw});
  EXPECT_EQ(filtered({raw.substr(0, 1090), raw.substr(1090)}), whole);
  EXPECT_TRUE(whole.contains("xxx")) << "it is the user's to see";
}

TEST(DsmlFilter, calls_of_two_answers_never_share_an_id) {
  std::string ids[2];
  class Ids : public EventSink {
   public:
    explicit Ids(std::string& id) : id_(id) {}
    void take(const Event& event) override {
      if (event.kind == Event::Kind::tool_call) id_ = event.id;
    }

   private:
    std::string& id_;
  };
  for (std::size_t i = 0; i < 2; ++i) {
    Ids sink(ids[i]);
    DsmlFilter filter(sink, {"f"}, i == 0 ? "a" : "b");
    Event event;
    event.kind = Event::Kind::text;
    event.text = kRaw;
    filter.take(event);
  }
  EXPECT_FALSE(ids[0].empty());
  EXPECT_NE(ids[0], ids[1]);
}

}  // namespace
}  // namespace tidegate::translation
