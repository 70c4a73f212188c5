#include "config/document.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

#include "base/text.h"

namespace tidegate::config {
namespace {

constexpr std::size_t kMaxDepth = 32;

// `{ api_key: ${NAME} }` is no YAML, because braces mean maps there. So that people can write it
// all the same, the braces of variables go through the parser as two control characters, which a
// text may not hold otherwise. Positions stay.
constexpr char kOpen = '\x01';
constexpr char kClose = '\x02';

void hide_variables(std::string& text) {
  for (std::size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at + 1)) {
    const std::size_t end = text.find_first_of("{}\r\n", at + 2);
    if (end == std::string::npos || text[end] != '}') continue;
    text[at + 1] = kOpen;
    text[end] = kClose;
  }
}

void show_variables(std::string& text) {
  std::ranges::replace(text, kOpen, '{');
  std::ranges::replace(text, kClose, '}');
}

bool is_text(std::string_view text) {
  const auto control = [](char c) {
    return c == 0x7f || (c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r');
  };
  return is_valid_utf8(text) && std::ranges::none_of(text, control);
}

// Builds the tree from the parser's events. Faster than yaml-cpp's own tree, which also hides
// duplicate keys.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& file, std::vector<Problem>& problems)
      : file_(file), problems_(problems) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    add(make(mark, Node::Kind::null));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (anchor != 0) refuse_anchor(mark);
    Node node = make(mark, Node::Kind::scalar);
    node.text = value;
    node.quoted = tag == "!";  // YAML's tag of quoted and block scalars
    show_variables(node.text);
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, Node::Kind::list);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, Node::Kind::map);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    Key key;
    bool has_key = false;
  };

  static Node make(const YAML::Mark& mark, Node::Kind kind) {
    Node node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  [[noreturn]] static void refuse_anchor(const YAML::Mark& mark) {
    throw YAML::ParserException(mark, "anchors and aliases are not supported; repeat the value");
  }

  bool wants_key() const {
    return !stack_.empty() && stack_.back().node.kind == Node::Kind::map && !stack_.back().has_key;
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, Node::Kind kind) {
    if (anchor != 0) refuse_anchor(mark);
    if (wants_key()) throw YAML::ParserException(mark, "a key must be a word");
    if (stack_.size() >= kMaxDepth) throw YAML::ParserException(mark, "nested too deeply");
    stack_.push_back({make(mark, kind), {}, false});
  }

  void close() {
    Node done = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(done));
  }

  void add(Node&& node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (wants_key()) {
      frame.key = {std::move(node.text), node.line, node.column};
      frame.has_key = true;
      return;
    }
    frame.has_key = false;
    if (frame.node.kind == Node::Kind::map) {
      const auto first = std::find_if(frame.node.keys.begin(), frame.node.keys.end(),
                                      [&](const Key& key) { return key.name == frame.key.name; });
      if (first != frame.node.keys.end()) {
        problems_.push_back({{file_, frame.key.line, frame.key.column},
                             fmt::format("{}: given twice, first in line {}; keep one",
                                         frame.key.name, first->line),
                             false});
        return;
      }
      frame.node.keys.push_back(std::move(frame.key));
    }
    frame.node.items.push_back(std::move(node));
  }

  const std::string& file_;
  std::vector<Problem>& problems_;
  std::vector<Frame> stack_;
  Node root_;
};

}  // namespace

const Node* Node::find(std::string_view name) const {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].name == name) return &items[i];
  }
  return nullptr;
}

Document parse_document(std::string_view text, const std::string& file) {
  Document document;
  if (!is_text(text)) {
    document.problems.push_back({{file, 1, 1}, "not a text file; expected UTF-8", false});
    return document;
  }
  try {
    std::string prepared(text);
    hide_variables(prepared);
    std::istringstream stream(std::move(prepared));
    YAML::Parser parser(stream);
    TreeBuilder builder(file, document.problems);
    parser.HandleNextDocument(builder);
    document.root = builder.take();
    TreeBuilder second(file, document.problems);
    if (parser.HandleNextDocument(second)) {
      document.problems.push_back(
          {{file, 1, 1}, "more than one YAML document; expected one (remove the `---`)", false});
    }
  } catch (const YAML::Exception& error) {
    const bool known = !error.mark.is_null();
    document.problems.push_back(
        {{file, known ? error.mark.line + 1 : 1, known ? error.mark.column + 1 : 1},
         "not valid YAML: " + error.msg,
         false});
    document.root = {};
  }
  return document;
}

}  // namespace tidegate::config
