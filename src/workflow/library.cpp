#include "workflow/library.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <tuple>

namespace tidegate::workflow {

void Library::problem(config::Position at, std::string message) {
  ++errors_;
  if (problems_.size() >= kMaxProblems) {
    ++dropped_;
    return;
  }
  problems_.push_back({std::move(at), std::move(message), false});
}

void Library::warning(config::Position at, std::string message) {
  if (problems_.size() < kMaxProblems)
    problems_.push_back({std::move(at), std::move(message), true});
}

std::vector<config::Problem> Library::take_problems() {
  std::ranges::stable_sort(problems_, [](const config::Problem& a, const config::Problem& b) {
    return std::tie(a.at.file, a.at.line, a.at.column) <
           std::tie(b.at.file, b.at.line, b.at.column);
  });
  if (dropped_ > 0) problems_.push_back({{}, fmt::format("and {} more", dropped_), false});
  return std::move(problems_);
}

Result<std::shared_ptr<const std::string>> Library::read(const std::string& path) {
  if (const auto known = by_path_.find(path); known != by_path_.end()) {
    return files_[known->second].text;
  }
  auto text = source_.read(path);
  if (!text) return std::unexpected(text.error());
  by_path_.emplace(path, files_.size());
  files_.push_back({path, std::make_shared<const std::string>(std::move(*text))});
  return files_.back().text;
}

std::string Library::beside(const std::string& file, std::string_view name) {
  const std::filesystem::path path(name);
  if (path.is_absolute()) return path.lexically_normal().string();
  return (std::filesystem::path(file).parent_path() / path).lexically_normal().string();
}

}  // namespace tidegate::workflow
