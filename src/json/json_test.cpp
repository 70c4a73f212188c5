#include <gtest/gtest.h>
#include <simdjson.h>

#include <limits>
#include <memory>
#include <random>

#include "json/ascii.h"
#include "json/checked_text.h"
#include "json/escape.h"
#include "json/reader.h"
#include "json/string_end.h"
#include "json/writer.h"

namespace tidegate::json {
namespace {

// A copy of exact size, so that the address sanitizer sees a read past the end.
struct Exact {
  explicit Exact(std::string_view text) : bytes(new char[text.size()]), size(text.size()) {
    text.copy(bytes.get(), size);
  }
  [[nodiscard]] std::string_view view() const { return {bytes.get(), size}; }
  std::unique_ptr<char[]> bytes;
  std::size_t size;
};

std::string check(std::string_view text) {
  const Exact exact(text);
  const auto checked = check_text(exact.view());
  if (!checked) return checked.error().message;
  Reader reader(*checked);
  return reader.skip() && reader.finish() ? "" : reader.error().message;
}

TEST(Ascii, APrefixEndsBeforeTheFirstOtherByteAndNeverFarBefore) {
  for (std::size_t size : {0U, 1U, 31U, 32U, 127U, 128U, 129U, 300U}) {
    const Exact plain(std::string(size, 'a'));
    for (const auto find : {ascii_prefix, ascii_prefix_portably}) {
      EXPECT_LE(find(plain.view()), size);
      EXPECT_GT(find(plain.view()) + 128, size);
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, '~');
        text[at] = '\x80';
        const std::size_t found = find(Exact(text).view());
        EXPECT_LE(found, at);
        EXPECT_GT(found + 128, at);
      }
    }
  }
}

TEST(CheckedText, FindsInvalidBytesWhereverTheyStand) {
  for (std::size_t at = 0; at < 400; ++at) {
    std::string text(400, ' ');
    text[0] = '1';
    text[at] = '\xC3';
    EXPECT_FALSE(check_text(text)) << at;
    if (at + 1 == text.size()) break;
    text[at + 1] = '\xA9';
    EXPECT_TRUE(check_text(text)) << at;
  }
}

TEST(Reader, AcceptsEveryKindOfValue) {
  for (const char* text :
       {"{}", "[]", " {\"a\" : [1, -0.5e+3, true, false, null, \"x\\\"y\", {}, [[]]] } \n", "0",
        "\"\""}) {
    EXPECT_EQ(check(text), "") << text;
  }
}

TEST(Reader, SaysWhatIsMalformedAndWhere) {
  EXPECT_EQ(check("{\"a\":1,\n \"b\" 2}"),
            "malformed JSON at line 2, column 6 (byte 13): expected ':' after a key");
  EXPECT_EQ(
      check("{\"a\":\"x}"),
      "malformed JSON at line 1, column 6 (byte 5): the string that begins here is not closed");
  EXPECT_EQ(check("[\"a\tb\"]"),
            "malformed JSON at line 1, column 4 (byte 3): a control character in a string must be "
            "escaped");
  EXPECT_EQ(check("[\"ab\xC3(\"]"), "malformed JSON at line 1, column 5 (byte 4): invalid UTF-8");
  EXPECT_EQ(check("[1 2]"),
            "malformed JSON at line 1, column 4 (byte 3): expected ',' or ']' after an element");
  EXPECT_EQ(check(""), "the body is empty, expected a JSON object");
}

TEST(Reader, RefusesWhatIsNotJson) {
  for (const char* text : {"{",       "}",          "[1,]",      "{\"a\":1,}", "{a:1}",
                           "{\"a\"}", "[1}",        "{\"a\":1]", "01",         "1.",
                           ".5",      "-",          "1e",        "tru",        "truex",
                           "nul",     "\"a\"\"b\"", "\"a\"x",    "1\"a\"",     "{} {}",
                           "{}x",     "[,1]",       " ",         "{\"a\":}",   "{\"a\":1 \"b\":2}",
                           "+1",      "NaN",        "[1:2]",     "'a'",        "{,}"}) {
    EXPECT_NE(check(text), "") << text;
  }
}

TEST(Reader, LimitsDepth) {
  EXPECT_EQ(check(std::string(64, '[') + std::string(64, ']')), "");
  EXPECT_NE(check(std::string(65, '[') + std::string(65, ']')).find("deeper than 64"),
            std::string::npos);
  EXPECT_NE(check(std::string(10'000, '[')).find("deeper than 64"), std::string::npos);
  std::string objects;
  for (int i = 0; i < 10'000; ++i) objects += "{\"a\":";
  EXPECT_NE(check(objects).find("deeper than 64"), std::string::npos);
}

// simdjson's DOM checks all of JSON; we leave escapes and the range of numbers to who needs them.
TEST(Reader, AgreesWithDomOnMutatedTexts) {
  const std::string seed =
      R"({"model":"m","n":[1,2.5e3,-7,true,false,null],"o":{"k":"v\n\u00e9","e":{},"a":[]}, "s":"é中", "long": "a \"text\" of more than sixty-four bytes, with \\ and a line's end,\n so that it fills blocks"})";
  const std::string_view alphabet = "{}[]:,\"\\ 01-.eE+truefalsn\n\xC3\xA9x";
  std::mt19937 random(7);
  simdjson::dom::parser dom;
  int accepted = 0;
  for (int i = 0; i < 40'000; ++i) {
    std::string text = seed;
    for (auto n = 1 + random() % 3; n > 0; --n) {
      const auto at = random() % text.size();
      const char c = alphabet[random() % alphabet.size()];
      if (random() % 3 == 0)
        text.erase(at, 1 + random() % 4);
      else if (random() % 2 == 0)
        text.insert(at, 1, c);
      else
        text[at] = c;
    }
    const auto expected = dom.parse(text).error();
    const bool ours = check(text).empty();
    if (expected == simdjson::SUCCESS) {
      EXPECT_TRUE(ours) << text;
      ++accepted;
    } else if (ours) {
      EXPECT_TRUE(expected == simdjson::STRING_ERROR || expected == simdjson::NUMBER_ERROR)
          << text << " " << expected;
    }
  }
  EXPECT_GT(accepted, 1000);
}

TEST(Reader, GivesRawValuesAndPlaces) {
  const std::string text = R"({ "a\"b" : "x\n" , "n": 12  })";
  const auto checked = check_text(text);
  ASSERT_TRUE(checked);
  Reader reader(*checked);
  std::string seen;
  EXPECT_TRUE(reader.object([&](std::string_view key) {
    std::string_view raw;
    const auto begin = reader.offset();
    const bool good = reader.kind() == Kind::string ? reader.string(raw) : reader.scalar(raw);
    seen += std::string(key) + "=" + std::string(raw) + "|" +
            text.substr(begin, reader.last_end() - begin) + ";";
    return good;
  }));
  EXPECT_EQ(seen, R"(a\"b=x\n|"x\n";n=12|12;)");
  EXPECT_TRUE(reader.finish());
}

// Strings of many lengths and escapes, with and without an end, by the plain definition.
TEST(StringEnd, IsTheFirstUnescapedQuoteOrControlCharacter) {
  std::mt19937 random(11);
  for (std::size_t i = 0; i < 20'000; ++i) {
    const std::string_view alphabet = i % 2 == 0 ? "\\\\\\a" : "\\abcdefghijklmnop\xC3\xA9\x7F";
    std::string text(random() % 200, ' ');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    for (auto n = random() % 3; n > 0 && !text.empty(); --n) {
      text[random() % text.size()] = "\"\"\"\n\x1F"[random() % 5];
    }
    std::size_t expected = 0;
    for (bool escaped = false; expected < text.size(); ++expected) {
      const char c = text[expected];
      if ((c == '"' && !escaped) || static_cast<unsigned char>(c) < 0x20) break;
      escaped = c == '\\' && !escaped;
    }
    const Exact exact(text);
    const char* begin = exact.view().data();
    EXPECT_EQ(string_end(begin, begin + text.size()), begin + expected) << text;
    EXPECT_EQ(find_string_end(begin, begin + text.size()), begin + expected) << text;
    EXPECT_EQ(find_string_end_portably(begin, begin + text.size()), begin + expected) << text;
  }
}

TEST(Escape, UndoesWhatItDid) {
  std::string all;
  for (int c = 0; c < 128; ++c) all.push_back(static_cast<char>(c));
  all += "é中🙂";
  EXPECT_EQ(unescape(escape(all)), all);
  EXPECT_EQ(escape("a\"\\\n\x01"), R"(a\"\\\n\u0001)");
}

TEST(Escape, ReplacesInvalidUtf8) {
  EXPECT_EQ(escape("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(escape("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
  EXPECT_EQ(escape("\xE4\xB8"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // cut short
  EXPECT_EQ(escape("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // overlong
}

TEST(Escape, UnescapesOrRefuses) {
  EXPECT_EQ(unescape(R"(mod\u0065l\/\ud83d\ude42)"), "model/🙂");
  for (const char* bad : {R"(\x)", R"(\u12)", R"(\ud83d)", R"(\ud83dx)", R"(\ude42)", "\\"}) {
    EXPECT_FALSE(unescape(bad)) << bad;
  }
}

TEST(Writer, WritesNestedJson) {
  std::string out;
  Writer json(out);
  json.begin_object().member("s", "a\"b").member("i", -3).member("u", std::uint64_t{1} << 63);
  json.key("a").begin_array().value(true).null().value(0.1).begin_object().end_object().end_array();
  json.member("nan", std::numeric_limits<double>::quiet_NaN()).key("raw").raw("[1]").end_object();
  EXPECT_EQ(
      out,
      R"({"s":"a\"b","i":-3,"u":9223372036854775808,"a":[true,null,0.1,{}],"nan":null,"raw":[1]})");
}

}  // namespace
}  // namespace tidegate::json
