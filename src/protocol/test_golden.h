// For tests: files of golden cases, which are laid out for readers. Functions, any thread.
#pragma once

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace tidegate {

// Empty if there is none.
inline std::string read_golden(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// JSON without the white space between its tokens.
inline std::string compact(std::string_view json) {
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (in_string && json[i] == '\\') {
      out += json.substr(i++, 2);
      continue;
    }
    if (json[i] == '"') in_string = !in_string;
    if (in_string || !std::isspace(static_cast<unsigned char>(json[i]))) out.push_back(json[i]);
  }
  return out;
}

}  // namespace tidegate
