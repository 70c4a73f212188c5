#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "cli/commands.h"
#include "cli/templates.h"

namespace tidegate::cli {

int init(const InitOptions& options) {
  const std::filesystem::path folder(options.folder);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    fmt::print(stderr, "cannot create {}: {}\n", folder.string(), error.message());
    return kCouldNotRun;
  }
  // Nothing is overwritten; a project that has its own .env needs the other files all the same.
  bool wrote = false;
  for (const Template& file : kTemplates) {
    const std::filesystem::path path = folder / file.name;
    if (std::filesystem::exists(path)) {
      fmt::print("{} exists; it was left as it is\n", path.string());
      continue;
    }
    std::ofstream out(path, std::ios::binary);
    out << file.text;
    if (!out.flush()) {
      fmt::print(stderr, "cannot write {}\n", path.string());
      return kCouldNotRun;
    }
    fmt::print("wrote {}\n", path.string());
    wrote = true;
  }
  if (!wrote) {
    fmt::print(stderr, "nothing was written; remove a file to have it made anew\n");
    return kNo;
  }
  fmt::print("Next: put keys into .env, then `tidegate check` and `tidegate serve`.\n");
  return kDone;
}

}  // namespace tidegate::cli
