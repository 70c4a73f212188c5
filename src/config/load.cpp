#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "config/check.h"
#include "config/config.h"
#include "config/defaults.h"
#include "config/options.h"

namespace tidegate::config {
namespace {

constexpr std::size_t kMaxFileBytes = 4u << 20;

}  // namespace

void sort_by_position(std::vector<Problem>& problems) {
  std::ranges::sort(problems, [](const Problem& a, const Problem& b) {
    return std::tie(a.at.line, a.at.column, a.message) <
           std::tie(b.at.line, b.at.column, b.message);
  });
}

std::string format(const Problem& problem) {
  std::string where = problem.at.file;
  if (problem.at.line > 0) where += fmt::format(":{}:{}", problem.at.line, problem.at.column);
  if (!where.empty()) where += ": ";
  return fmt::format("{}{}{}", where, problem.warning ? "warning: " : "", problem.message);
}

bool Loaded::ok() const { return std::ranges::all_of(problems, &Problem::warning); }

Loaded load_text(std::string_view yaml, const std::string& file_name) {
  Loaded loaded;
  Document document = parse_document(yaml, file_name);
  loaded.problems = std::move(document.problems);
  loaded.config.file = file_name;
  Reader reader(file_name, loaded.problems);
  const bool empty = document.root.kind == Node::Kind::null;
  if (empty && !loaded.problems.empty()) return loaded;  // bad syntax: nothing else is known
  if (!empty) read_section(config_options(), document.root, "", loaded.config, reader);
  fill_defaults(loaded.config, reader);
  check(loaded.config, reader);
  sort_by_position(loaded.problems);
  return loaded;
}

Loaded load_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (file) {
    // Not resize(): zeroing 4 MiB takes longer than all the rest of reading a usual config.
    text.resize_and_overwrite(kMaxFileBytes + 1, [&](char* to, std::size_t size) {
      file.read(to, static_cast<std::streamsize>(size));
      return static_cast<std::size_t>(file.gcount());
    });
  }
  Loaded loaded;
  if (!file.is_open() || file.bad()) {
    const std::string reason = errno != 0 ? std::strerror(errno) : "read error";
    loaded.problems.push_back({{path, 0, 0}, "cannot be read: " + reason, false});
  } else if (text.size() > kMaxFileBytes) {
    loaded.problems.push_back({{path, 0, 0}, "too large; expected at most 4MiB", false});
  } else {
    return load_text(text, path);
  }
  loaded.config.file = path;
  return loaded;
}

Loaded embedded_default() { return load_text("", ""); }

}  // namespace tidegate::config
