#include "ledger/spill_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace tidegate::ledger {
namespace {

constexpr std::string_view kMagic = "TGS1";
constexpr std::size_t kHead = 12;  // magic, payload size, CRC-32 of the payload; little endian
constexpr std::size_t kBytesPerStep = 1u << 20;
constexpr std::size_t kMaxPayload = 64u << 20;

constexpr auto kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0xEDB88320u : 0u);
    table[i] = value;
  }
  return table;
}();

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t value = ~0u;
  for (const char c : bytes) {
    value = kCrcTable[(value ^ static_cast<unsigned char>(c)) & 0xff] ^ value >> 8;
  }
  return ~value;
}

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <class T>
bool get(std::string_view& in, T& value) {
  if (in.size() < sizeof(value)) return false;
  std::memcpy(&value, in.data(), sizeof(value));
  in.remove_prefix(sizeof(value));
  return true;
}

void append_frame(std::string& out, const Segment& segment) {
  std::string payload;
  put(payload, segment.id);
  put(payload, segment.first_us);
  put(payload, segment.last_us);
  put(payload, segment.count);
  put(payload, static_cast<std::uint32_t>(segment.labels.size()));
  payload += segment.labels;
  payload += segment.records;
  out += kMagic;
  put(out, static_cast<std::uint32_t>(payload.size()));
  put(out, crc32(payload));
  out += payload;
}

std::optional<Segment> read_payload(std::string_view in) {
  Segment segment;
  std::uint32_t labels = 0;
  if (!get(in, segment.id) || !get(in, segment.first_us) || !get(in, segment.last_us) ||
      !get(in, segment.count) || !get(in, labels) || in.size() < labels) {
    return std::nullopt;
  }
  segment.labels = in.substr(0, labels);
  segment.records = in.substr(labels);
  return segment;
}

// What stands at the beginning of `bytes`: a frame (its size), a frame that goes on behind the end
// of `bytes` (needs its size), or none.
struct Found {
  enum { frame, unfinished, none } kind = none;
  std::size_t size = 0;
  Segment segment;
};

Found find_frame(std::string_view bytes) {
  if (bytes.size() < kHead) return {.kind = Found::unfinished, .size = kHead, .segment = {}};
  if (!bytes.starts_with(kMagic)) return {};
  std::string_view head = bytes.substr(kMagic.size());
  std::uint32_t size = 0;
  std::uint32_t crc = 0;
  get(head, size);
  get(head, crc);
  if (size > kMaxPayload) return {};
  if (head.size() < size) return {.kind = Found::unfinished, .size = kHead + size, .segment = {}};
  const auto payload = head.substr(0, size);
  if (crc32(payload) != crc) return {};
  auto segment = read_payload(payload);
  if (!segment) return {};
  return {.kind = Found::frame, .size = kHead + size, .segment = std::move(*segment)};
}

std::unexpected<Error> system_error(std::string_view what, const std::string& path) {
  return fail(ErrorCode::io,
              fmt::format("{}: cannot {} the spill file: {}", path, what, std::strerror(errno)));
}

}  // namespace

SpillFile::~SpillFile() {
  if (file_ >= 0) close(file_);
}

Result<void> SpillFile::open() {
  struct stat found{};
  if (file_ >= 0 && fstat(file_, &found) == 0 && found.st_nlink > 0) return {};
  // Not open yet, or removed under us.
  if (file_ >= 0) close(file_);
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file_ < 0) return system_error("open", path_);
  if (size() < drained_) drained_ = 0;
  return {};
}

std::uint64_t SpillFile::size() const {
  struct stat found{};
  return fstat(file_, &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
}

Result<void> SpillFile::append(std::span<const Segment> segments) {
  if (auto opened = open(); !opened) return opened;
  std::string bytes;
  for (const Segment& segment : segments) append_frame(bytes, segment);
  const std::uint64_t before = size();
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t written = write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (rest.empty() && fdatasync(file_) == 0) return {};
  auto error = system_error("write", path_);
  // If even this fails, the reader skips the torn frame, and the id keeps a whole one single.
  static_cast<void>(ftruncate(file_, static_cast<off_t>(before)));
  // Anew at the next attempt: the file may have been removed, or its file system gone.
  close(std::exchange(file_, -1));
  looked_ = false;
  return error;
}

bool SpillFile::pending() {
  if (file_ < 0) {
    // Asked twice a commit: one look is enough, as only append() makes the file.
    if (std::exchange(looked_, true)) return false;
    if (access(path_.c_str(), F_OK) != 0 || !open()) return false;
  }
  return size() > drained_;
}

Result<std::string> SpillFile::read(std::uint64_t at, std::size_t most) const {
  std::string bytes(most, '\0');
  std::size_t got = 0;
  while (got < most) {
    const ssize_t n = pread(file_, bytes.data() + got, most - got, static_cast<off_t>(at + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("read", path_);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  bytes.resize(got);
  return bytes;
}

Result<void> SpillFile::drain(const std::function<Result<void>(std::span<const Segment>)>& accept) {
  if (auto opened = open(); !opened) return opened;
  const std::uint64_t end = size();
  auto bytes = read(drained_, std::min<std::uint64_t>(kBytesPerStep, end - drained_));
  if (!bytes) return std::unexpected(bytes.error());

  std::vector<Segment> segments;
  std::uint64_t torn = 0;
  std::size_t at = 0;
  while (at < bytes->size()) {
    Found found = find_frame(std::string_view(*bytes).substr(at));
    const bool whole_file_read = drained_ + bytes->size() >= end;
    if (found.kind == Found::unfinished && !whole_file_read) {
      if (at > 0) break;  // the next step begins with it
      bytes = read(drained_, found.size);
      if (!bytes) return std::unexpected(bytes.error());
      if (bytes->size() == found.size) continue;
    }
    if (found.kind == Found::frame) {
      segments.push_back(std::move(found.segment));
      at += found.size;
      continue;
    }
    ++torn;
    const std::size_t next = bytes->find(kMagic, at + 1);
    // A magic may begin in the last bytes of this step.
    const std::size_t none = whole_file_read ? bytes->size() : bytes->size() - kMagic.size() + 1;
    at = next != std::string::npos ? next : std::max(at + 1, none);
  }
  if (auto accepted = accept(segments); !accepted) return accepted;

  torn_ += torn;
  drained_ += at;
  if (drained_ < end) return {};
  if (ftruncate(file_, 0) != 0 || fdatasync(file_) != 0) return system_error("empty", path_);
  drained_ = 0;
  return {};
}

}  // namespace tidegate::ledger
