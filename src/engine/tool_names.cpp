#include "engine/tool_names.h"

#include <algorithm>

#include "tls/digest.h"

namespace tidegate::engine {
namespace {

constexpr std::size_t kMaxName = 64;
constexpr std::size_t kHashDigits = 8;

std::string plain(std::string_view tool) {
  std::string out;
  const std::size_t dot = tool.find('.');
  for (std::size_t i = 0; i < tool.size(); ++i) {
    const char c = tool[i];
    const bool is_allowed = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                            (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
    if (i == dot) {
      out += "__";
    } else {
      out.push_back(is_allowed ? c : '_');
    }
  }
  return out;
}

// Stable over versions: a name is part of prompts that providers cache and of journals.
std::string hashed(std::string_view tool, std::string name) {
  name.resize(std::min(name.size(), kMaxName - kHashDigits - 1));
  return name + "_" + tls::sha256_hex(tool).substr(0, kHashDigits);
}

}  // namespace

std::vector<std::string> model_names(const std::vector<std::string>& tools) {
  std::vector<std::string> plain_names;
  for (const std::string& tool : tools) plain_names.push_back(plain(tool));
  std::vector<std::string> out;
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const bool is_alone = std::ranges::count(plain_names, plain_names[i]) == 1;
    out.push_back(is_alone && plain_names[i].size() <= kMaxName ? plain_names[i]
                                                                : hashed(tools[i], plain_names[i]));
  }
  return out;
}

}  // namespace tidegate::engine
