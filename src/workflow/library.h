// Library: what the loading of one workflow shares over all of its files: where they come from,
// what was read, and all that is wrong. Used by load() and its parts. One per load, one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/config.h"
#include "workflow/load.h"
#include "workflow/tree.h"

namespace tidegate::workflow {

class Library {
 public:
  static constexpr std::size_t kMaxProblems = 200;

  Library(const FileSource& source, const Surroundings& surroundings)
      : source_(source), surroundings_(surroundings) {}

  void problem(config::Position at, std::string message);
  void warning(config::Position at, std::string message);
  [[nodiscard]] bool has_errors() const { return errors_ > 0; }
  [[nodiscard]] std::size_t errors() const { return errors_; }
  // Further problems are only counted.
  [[nodiscard]] bool is_full() const { return problems_.size() >= kMaxProblems; }
  // Sorted; the last one says how many more there are.
  std::vector<config::Problem> take_problems();

  // The text of a file, read once.
  Result<std::shared_ptr<const std::string>> read(const std::string& path);
  // `name` as it is meant in `file`.
  [[nodiscard]] static std::string beside(const std::string& file, std::string_view name);
  [[nodiscard]] const std::vector<SourceFile>& files() const { return files_; }

  [[nodiscard]] const Surroundings& surroundings() const { return surroundings_; }

  // Of files, by path, and of texts in a workflow, by text.
  std::unordered_map<std::string, std::shared_ptr<const OutputForm>> schemas;
  // Workflows that were read, and those that are being read, outermost first.
  std::unordered_map<std::string, std::shared_ptr<const Workflow>> workflows;
  std::vector<std::string> reading;

 private:
  const FileSource& source_;
  const Surroundings& surroundings_;
  std::vector<config::Problem> problems_;
  std::size_t errors_ = 0, dropped_ = 0;
  std::vector<SourceFile> files_;
  std::unordered_map<std::string, std::size_t> by_path_;
};

}  // namespace tidegate::workflow
