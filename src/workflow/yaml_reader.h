// Builds a Tree from a file's text, one walk from front to back. Used by Tree::parse(). One per
// text. The whole of YAML is not read, see tree.h; what is read means what YAML says.
#pragma once

#include <string>
#include <string_view>

#include "workflow/tree.h"

namespace tidegate::workflow {

class YamlReader {
 public:
  YamlReader(std::string_view text, Tree& tree) : text_(text), tree_(tree) {}

  // False: error() says what is wrong.
  bool read();
  [[nodiscard]] const SyntaxError& error() const { return error_; }

 private:
  using Index = Tree::Index;

  // A scalar's text, and whether it is a view of the file.
  struct Scalar {
    std::string_view text;
    std::size_t offset = 0;
    bool quoted = false;
    bool verbatim = false;
  };

  [[nodiscard]] bool ended() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\n';
  }
  [[nodiscard]] int column() const { return static_cast<int>(at_ - line_start_); }
  bool wrong(std::size_t offset, std::string message);

  // Passes white space and comments up to the next token, over lines. False at the end of the text.
  bool to_token(bool flow = false);
  void skip_spaces();
  // Whether only white space and a comment are left in the line.
  [[nodiscard]] bool at_line_end() const;
  bool expect_line_end();

  [[nodiscard]] bool is_dash() const;
  [[nodiscard]] bool is_block_key() const;
  [[nodiscard]] std::size_t quoted_end(std::size_t at) const;  // behind the closing quote; npos
  [[nodiscard]] std::size_t expression_end(
      std::size_t at) const;  // behind }} of ${{ at `at`, or at

  bool block_node(int parent);
  bool block_list();
  bool block_map();
  bool map_value(int indent, std::size_t key_at);
  bool key(Scalar& out);
  bool flow_node();
  bool flow_list();
  bool flow_map();

  bool quoted(Scalar& out);
  bool double_quoted(std::size_t end, std::string& out);
  bool escape(std::size_t& at, std::string& out);
  bool plain(int parent, bool flow, Scalar& out);
  [[nodiscard]] std::size_t plain_line_end(bool flow) const;
  bool block_scalar(int parent, Scalar& out);
  // Passes line breaks within a quoted or plain text and appends what they stand for.
  void fold(std::string& out);
  bool check_start(bool flow);

  Index open(NodeKind kind, std::size_t offset);
  void close(Index at);
  bool add(const Scalar& scalar);
  bool add_null(std::size_t offset);
  bool push(TreeNode node);
  std::string_view keep(std::string text);
  void find_repeated(Index map);

  std::string_view text_;
  Tree& tree_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  int depth_ = 0;
  Scalar key_;  // of the node that is added next
  bool failed_ = false;
  SyntaxError error_;
};

}  // namespace tidegate::workflow
