#include "limits/key_secret.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/random.h"

namespace tidegate::limits {
namespace {

constexpr std::size_t kBytes = 32;

std::unexpected<Error> failed(const std::string& path, const char* what) {
  return fail(ErrorCode::io, fmt::format("{}: cannot {}: {}", path, what, std::strerror(errno)));
}

class File {
 public:
  File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

Result<std::optional<std::string>> read_key_secret(const std::string& path) {
  const File file(path, O_RDONLY);
  if (!file.open() && errno == ENOENT) return std::nullopt;
  if (!file.open()) return failed(path, "open the secret of the keys");
  struct stat found{};
  if (::fstat(file.fd(), &found) != 0) return failed(path, "look at the secret of the keys");
  if ((found.st_mode & 077) != 0) {
    return fail(
        ErrorCode::invalid,
        fmt::format("{}: others may read the secret of the keys; run chmod 600 {}", path, path));
  }
  std::array<char, 2 * kBytes + 2> buffer;
  const ssize_t got = ::read(file.fd(), buffer.data(), buffer.size());
  if (got < 0) return failed(path, "read the secret of the keys");
  std::string secret(buffer.data(), static_cast<std::size_t>(got));
  if (secret.ends_with('\n')) secret.pop_back();
  if (secret.size() != 2 * kBytes || !std::ranges::all_of(secret, is_hex)) {
    return fail(
        ErrorCode::invalid,
        fmt::format("{}: this is not the secret of the keys; expected {} hexadecimal digits", path,
                    2 * kBytes));
  }
  return secret;
}

// Written beside and renamed, so that a crash leaves all of it or nothing.
Result<std::string> make_key_secret(const std::string& path) {
  std::array<std::uint8_t, kBytes> random;
  if (auto filled = fill_with_secret_bytes(random); !filled) return std::unexpected(filled.error());
  std::string secret;
  for (const std::uint8_t byte : random) secret += fmt::format("{:02x}", byte);
  const std::string line = secret + '\n';
  const std::string beside = path + ".new";
  ::unlink(beside.c_str());
  {
    const File file(beside, O_WRONLY | O_CREAT | O_EXCL);
    if (!file.open()) return failed(beside, "make the secret of the keys");
    if (::write(file.fd(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
        ::fsync(file.fd()) != 0) {
      return failed(beside, "write the secret of the keys");
    }
  }
  if (std::rename(beside.c_str(), path.c_str()) != 0) {
    return failed(path, "make the secret of the keys");
  }
  const std::string parent = std::filesystem::path(path).parent_path();
  const File folder(parent.empty() ? "." : parent, O_RDONLY | O_DIRECTORY);
  if (!folder.open() || ::fsync(folder.fd()) != 0) return failed(path, "keep the secret's file");
  return secret;
}

}  // namespace tidegate::limits
