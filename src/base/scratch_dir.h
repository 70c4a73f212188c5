// A folder of a test's own, gone when the test ends. In memory where there is /dev/shm: a process
// that is killed leaves the same bytes there, and tests need not wait for a disk.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

namespace tidegate {

class ScratchDir {
 public:
  ScratchDir() {
    const bool shm = access("/dev/shm", W_OK) == 0;
    std::string pattern =
        (shm ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path()) /
        "tidegate_XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~ScratchDir() { std::filesystem::remove_all(path_); }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;

  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace tidegate
