#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

#include "base/text.h"
#include "config/config.h"

namespace tidegate::config {
namespace {

bool is_name(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && std::ranges::all_of(name, good) && (name[0] < '0' || name[0] > '9');
}

// 'as it is', "as it is", or bare up to " #". False if a quote is not closed.
bool unquote(std::string_view& value) {
  if (value.starts_with('"') || value.starts_with('\'')) {
    const std::size_t end = value.find(value.front(), 1);
    if (end == std::string_view::npos) return false;
    const std::string_view rest = trim(value.substr(end + 1));
    if (!rest.empty() && !rest.starts_with('#')) return false;
    value = value.substr(1, end - 1);
    return true;
  }
  value = trim(value.substr(0, value.find(" #")));
  return true;
}

}  // namespace

std::vector<Problem> load_dotenv(const std::string& path) {
  std::vector<Problem> problems;
  std::ifstream file(path);
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    std::string_view text = trim(line);
    if (text.empty() || text.starts_with('#')) continue;
    if (text.starts_with("export ")) text = trim(text.substr(7));
    const std::size_t equals = text.find('=');
    const std::string name(trim(text.substr(0, equals)));
    std::string_view value = equals == std::string_view::npos ? "" : trim(text.substr(equals + 1));
    if (equals == std::string_view::npos || !is_name(name) || !unquote(value) ||
        value.contains('\0')) {
      // The line itself is not shown: it may hold a key.
      problems.push_back({{path, number, 1}, "not understood; expected NAME=value", true});
      continue;
    }
    setenv(name.c_str(), std::string(value).c_str(), 0);
  }
  return problems;
}

}  // namespace tidegate::config
