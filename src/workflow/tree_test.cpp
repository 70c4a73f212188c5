#include "workflow/tree.h"

#include <gtest/gtest.h>

#include "config/document.h"

namespace tidegate::workflow {
namespace {

std::expected<Tree, SyntaxError> parse(std::string text) {
  return Tree::parse(std::make_shared<const std::string>(std::move(text)));
}

// A tree as one line: {key: value, ...}, [a, b], texts in <>, quoted ones in "".
void show(const Tree& tree, Tree::Index at, std::string& out) {
  const TreeNode& node = tree[at];
  const char* between = "";
  switch (node.kind) {
    case NodeKind::null:
      out += "null";
      return;
    case NodeKind::scalar:
      out += node.quoted ? '"' : '<';
      out += node.text;
      out += node.quoted ? '"' : '>';
      return;
    case NodeKind::list:
    case NodeKind::map:
      out += node.kind == NodeKind::list ? '[' : '{';
      tree.each(at, [&](Tree::Index child) {
        out += std::exchange(between, ", ");
        if (node.kind == NodeKind::map) out += std::string(tree[child].key) + ": ";
        show(tree, child, out);
      });
      out += node.kind == NodeKind::list ? ']' : '}';
  }
}

void show(const config::Node& node, std::string& out) {
  using Kind = config::Node::Kind;
  const char* between = "";
  switch (node.kind) {
    case Kind::null:
      out += "null";
      return;
    case Kind::scalar:
      out += (node.quoted ? "\"" : "<") + node.text + (node.quoted ? "\"" : ">");
      return;
    case Kind::list:
    case Kind::map:
      out += node.kind == Kind::list ? '[' : '{';
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        out += std::exchange(between, ", ");
        if (node.kind == Kind::map) out += node.keys[i].name + ": ";
        show(node.items[i], out);
      }
      out += node.kind == Kind::list ? ']' : '}';
  }
}

std::string shown(const std::string& text) {
  const auto tree = parse(text);
  if (!tree) return "error: " + tree.error().message;
  std::string out;
  show(*tree, 0, out);
  return out;
}

// yaml-cpp, through config's reader, is the oracle.
TEST(Tree, MeansWhatYamlMeans) {
  const std::vector<std::string> texts{
      "a: 1",
      "a: 1\nb: two words\nc:\nd: ~\n",
      "---\na: b # comment\n# another\nc: \"#no\"\n",
      "- a\n- b\n-\n- - c\n  - d\n-   e: 1\n    f: 2\n",
      "list:\n- a\n- b\nnext: 1\n",
      "list:\n  - a\n  - b: 1\n    c: 2\n  -\n    d: 3\nnext: 1\n",
      "a: [1, two words, \"three, 3\", {b: c}, []]\n",
      "a: {b: 1, c: {}, d: [x, y],\n  e: 'it''s', f: }\n",
      "{\"a\": [1, 2.5, true, null, \"x\\ny\\u00e9\"], \"b\": {\"c\": \"\"}}",
      "a: |\n  one\n   two\n\n  three\nb: 1\n",
      "a: |-\n  one\n\n\nb: |+\n  two\n\n\nc: 1\n",
      "a: >\n  one\n  two\n\n  three\n   more\n  four\n\n\n  five\nb: 1\n",
      "a: >-\n  one\n  two\n",
      "a: |2\n    two more\n  none\n",
      "a: |\n\n  after an empty line\n",
      "a: |\nb: 1\n",
      "- |\n one\n- >\n two\n three\n",
      "a: one\n  two\n\n  three\nb: 1\n",
      "- one\n two\n- three\n",
      "a: \"one\n  two\n\n  three \\\n  four\"\n",
      "a: 'one\n  two\n\n\n  three'\n",
      "a: \"tab\\tquote\\\"back\\\\slash\\/ \\x41 \\u4e2d \\U0001F600\"\n",
      "\"a b\": 1\n'c: d': 2\ne f: 3\n",
      "url: http://example.com:80/a#b\ntime: 12:30\n",
      "a: -1\nb: - not\nc: ?x\nd: :x\n",
      "a:\n    b:\n        c: 1\n    d: 2\ne: 3\n",
      "a: 1\r\nb:\r\n  - x\r\n  - y\r\n",
      "\xef\xbb\xbf"
      "a: 1\n",
      "a:   \t 1\t \nb: 2 \n",
      "deep: [[[[{a: [{b: {c: d}}]}]]]]",
      "a: 1\n\n\n  # odd comment\nb: 2\n...\n",
      "a: \"\"\nb: ''\n",
      "one word",
      "\"quoted\"",
      "[a, b]",
      "",
      "# nothing\n",
      "text: é ü 中文 😀\n",
      "a: x y\n#c\n",
      "a:\n  # first\n  b: 1\n  # last\nc: 2\n",
      "k: [a,\n  b,\n  c]\nl: 1\n",
      "k: {a: b c\n d, e: f}\n",
      "a: b: c\n",
      "a: 1\n  b: 2\n",
      "a: [1, 2\n",
      "a: 1\n b: 2\n",
      "\ta: 1\n",
      "a: @x\n",
      "a: {b: 1} c\n",
  };
  for (const std::string& text : texts) {
    const config::Document oracle = config::parse_document(text, "x");
    if (!oracle.problems.empty()) {
      EXPECT_TRUE(shown(text).starts_with("error: ")) << text << shown(text);
      continue;
    }
    std::string expected;
    show(oracle.root, expected);
    EXPECT_EQ(shown(text), expected) << text;
  }
}

TEST(Tree, TakesExpressionsWithoutQuotes) {
  EXPECT_EQ(shown("a: ${{ needs.b.output == 'x: y' }}\n"),
            "{a: <${{ needs.b.output == 'x: y' }}>}");
  EXPECT_EQ(shown("{ a: ${{ x[0], {y} }}, b: 1 }"), "{a: <${{ x[0], {y} }}>, b: <1>}");
  EXPECT_EQ(shown("a: ${{ 'n #1' }} and ${{ b }}"), "{a: <${{ 'n #1' }} and ${{ b }}>}");
}

TEST(Tree, JoinsHalvesOfCharactersOutsideOfThePlane) {
  EXPECT_EQ(shown(R"({"a": "\ud83d\ude00"})"), "{a: \"\xf0\x9f\x98\x80\"}");
  EXPECT_EQ(shown(R"({"a": "\ud83d"})"), "error: an escape that stands for no character");
}

TEST(Tree, SaysWhatItRefusesAndWhere) {
  const struct {
    std::string text, message;
    int line, column;
  } cases[] = {
      {"a: &x 1", "anchors and aliases", 1, 4},
      {"a: 1\nb: *x", "anchors and aliases", 2, 4},
      {"a: !!int 1", "tags are not supported", 1, 4},
      {"? a\n: b", "a key must be a word", 1, 1},
      {"a: 1\n---\nb: 2", "more than one document", 2, 1},
      {"a:\n  <<: {b: 1}", "merge keys", 2, 3},
      {"%YAML 1.2\n---\na: 1", "directives", 1, 1},
      {"a:\n\tb: 1", "a tab in the indentation", 2, 2},
      {"é: [1, 2", "a [ without its ]", 1, 4},
      {"a: 1\nb", "expected a key and a colon", 2, 1},
      {"a:\n  b: 1\n   c: 2", "a second : in one line", 3, 5},
      {"a:\n  - 1\n b: 2", "indented", 3, 2},
      {"a: - b", "a list begins in the line below", 1, 4},
      {"a: |x\n  y", "not expected behind |", 1, 5},
      {std::string("a: \x01"), "control character", 1, 4},
      {std::string("a: \xff"), "UTF-8", 1, 1},
  };
  for (const auto& test : cases) {
    const auto tree = parse(test.text);
    ASSERT_FALSE(tree) << test.text;
    EXPECT_NE(tree.error().message.find(test.message), std::string::npos) << test.text << "\n"
                                                                          << tree.error().message;
    const Place place = place_in(test.text, tree.error().offset);
    EXPECT_EQ(place.line, test.line) << test.text << tree.error().message;
    EXPECT_EQ(place.column, test.column) << test.text << tree.error().message;
  }
}

TEST(Tree, FindsKeysGivenTwiceInMapsOfAnySize) {
  const auto few = parse("a: 1\nb: 2\na: 3\n");
  ASSERT_TRUE(few);
  ASSERT_EQ(few->repeated().size(), 1U);
  EXPECT_EQ(few->place(few->repeated()[0].offset).line, 3);
  EXPECT_EQ(few->place(few->repeated()[0].first).line, 1);

  std::string many;
  for (int i = 0; i < 1000; ++i) many += "k" + std::to_string(i % 999) + ": 1\n";
  const auto tree = parse(many);
  ASSERT_TRUE(tree);
  ASSERT_EQ(tree->repeated().size(), 1U);
  EXPECT_EQ(tree->place(tree->repeated()[0].offset).line, 1000);
}

TEST(Tree, EndsAtItsDepth) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "[";
  EXPECT_EQ(shown(deep), "error: nested deeper than 64 levels");
  deep.clear();
  for (int i = 0; i < 100'000; ++i) deep += "- ";
  EXPECT_EQ(shown(deep), "error: nested deeper than 64 levels");
}

TEST(Tree, KnowsWherePlainTextsStand) {
  const std::string text = "a: \"x y\"\nb: plain\nc: \"e\\n\"\n";
  const auto tree = parse(text);
  ASSERT_TRUE(tree);
  EXPECT_TRUE((*tree)[1].verbatim);
  EXPECT_EQ(text.substr((*tree)[1].offset, 3), "x y");
  EXPECT_TRUE((*tree)[2].verbatim);
  EXPECT_EQ(text.substr((*tree)[2].offset, 5), "plain");
  EXPECT_FALSE((*tree)[3].verbatim);
}

}  // namespace
}  // namespace tidegate::workflow
