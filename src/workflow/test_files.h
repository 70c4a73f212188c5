// Files of a test, in memory. For tests of this folder and of those that run workflows.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "workflow/load.h"

namespace tidegate::workflow {

class TestFiles final : public FileSource {
 public:
  TestFiles(std::initializer_list<std::pair<const std::string, std::string>> files)
      : files_(files) {}

  Result<std::string> read(const std::string& path) const override {
    const auto found = files_.find(path);
    if (found == files_.end()) {
      return fail(ErrorCode::not_found, path + ": there is no such file", path);
    }
    return found->second;
  }

 private:
  std::map<std::string, std::string> files_;
};

// All problems of a load, a line each.
inline std::string lines(const Loaded& loaded) {
  std::string out;
  for (const auto& problem : loaded.problems) out += config::format(problem) + "\n";
  return out;
}

inline Loaded load_text(const std::string& text, const Surroundings& surroundings = {}) {
  return load("w.yaml", TestFiles{{"w.yaml", text}}, surroundings);
}

}  // namespace tidegate::workflow
