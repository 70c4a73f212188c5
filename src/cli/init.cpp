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
  // Nothing is overwritten: all names are looked at before the first is written.
  for (const Template& file : kTemplates) {
    if (std::filesystem::exists(folder / file.name)) {
      fmt::print(stderr, "{} exists; it was left as it is, and nothing was written\n",
                 (folder / file.name).string());
      return kNo;
    }
  }
  for (const Template& file : kTemplates) {
    const std::filesystem::path path = folder / file.name;
    std::ofstream out(path, std::ios::binary);
    out << file.text;
    if (!out.flush()) {
      fmt::print(stderr, "cannot write {}\n", path.string());
      return kCouldNotRun;
    }
    fmt::print("wrote {}\n", path.string());
  }
  fmt::print("Next: put keys into .env, then `tidegate check` and `tidegate serve`.\n");
  return kDone;
}

}  // namespace tidegate::cli
