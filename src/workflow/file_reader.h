// FileReader: takes values out of one file's Tree and says what is wrong with them, with their
// place and their path. Used by the tables of keys. One per file, one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "workflow/library.h"
#include "workflow/template.h"
#include "workflow/tree.h"
#include "workflow/value.h"

namespace tidegate::workflow {

class FileReader {
 public:
  using Index = Tree::Index;

  FileReader(const Tree& tree, std::string file, Library& library)
      : tree_(tree), file_(std::move(file)), library_(library) {}

  [[nodiscard]] const Tree& tree() const { return tree_; }
  [[nodiscard]] const TreeNode& node(Index at) const { return tree_[at]; }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] Library& library() const { return library_; }

  // The message is put behind the path of what is being read.
  void problem(Index at, std::string_view message);
  void problem_at_key(Index at, std::string_view message);
  void problem_at(std::size_t offset, std::string_view message);
  void warning(Index at, std::string_view message);
  // "\"x\" is not valid; expected ...", with the path.
  void invalid(Index at, std::string_view expected, std::string_view hint = {});

  // " Did you mean a or b?", or nothing where so much is wrong that nobody will be told.
  [[nodiscard]] std::string near(std::string_view word, std::span<const std::string> names) const;

  // A part of the path, as long as this lives: tasks, scan, retry.
  class Inside {
   public:
    Inside(FileReader& reader, std::string_view name, std::size_t item = 0) : reader_(reader) {
      reader.path_.push_back({name, item});
    }
    ~Inside() { reader_.path_.pop_back(); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    FileReader& reader_;
  };
  [[nodiscard]] std::string path() const;

  // Each is nullopt, with a problem, if there is something else.
  bool expect(Index at, NodeKind kind);
  std::optional<std::string_view> text(Index at, std::string_view expected = "a text");
  std::optional<std::int64_t> integer(Index at, std::int64_t min, std::int64_t max);
  std::optional<double> number(Index at, double min, double max);
  std::optional<bool> boolean(Index at);
  std::optional<Duration> duration(Index at, Duration min, Duration max);
  std::optional<NanoDollars> usd(Index at);
  // A text or a list of texts.
  std::optional<std::vector<std::pair<std::string_view, Index>>> texts(Index at);
  // A text with expressions, or with "file:PATH" the content of a file.
  std::optional<Template> text_template(Index at);
  // The same, or any other value as it is.
  std::optional<Template> value_template(Index at);
  // As JSON means it; unquoted words as YAML's core schema does.
  [[nodiscard]] Value value(Index at) const;

  // Where in the file what stands at `offset` of the node's text is.
  [[nodiscard]] std::size_t place_of(Index at, std::size_t offset) const;
  [[nodiscard]] config::Position position(std::size_t offset) const;
  // Problems of a template that was compiled from the node, or from a file that it names.
  void expression_problem(Index at, std::size_t offset, std::string_view message);

  // The content of a file that the node names.
  std::optional<std::shared_ptr<const std::string>> content(Index at, std::string_view name);

 private:
  const Tree& tree_;
  std::string file_;
  Library& library_;
  std::vector<std::pair<std::string_view, std::size_t>> path_;
};

// "25", "0.5", at most nine decimals; nullopt: it is no amount of USD.
[[nodiscard]] std::optional<NanoDollars> parse_usd(std::string_view text);

}  // namespace tidegate::workflow
