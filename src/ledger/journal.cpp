#include "ledger/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/journal_frame.h"

namespace tidegate::ledger {
namespace {

constexpr std::size_t kBytesPerStep = 1u << 20;
// The file grows by zeros ahead of its frames: a sync of blocks that exist writes no metadata.
constexpr std::uint64_t kGrowth = 256u << 10;
constexpr std::uint64_t kMostKept = 16u << 20;  // of an empty journal; more is given back

std::unexpected<Error> system_error(std::string_view what, const std::string& path) {
  return fail(ErrorCode::io,
              fmt::format("{}: cannot {} the journal: {}", path, what, std::strerror(errno)));
}

bool write_at(int file, std::string_view bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    at += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Up to `most` bytes; fewer only at the end of the file. False: errno says why.
bool read_at(int file, std::uint64_t at, std::size_t most, std::string& bytes) {
  bool good = true;
  // libstdc++ 12 offers more room than it was asked for when a string less than doubles.
  bytes.resize_and_overwrite(most, [&](char* to, std::size_t) {
    std::size_t got = 0;
    while (got < most) {
      const ssize_t n = pread(file, to + got, most - got, static_cast<off_t>(at + got));
      if (n < 0 && errno == EINTR) continue;
      good = n >= 0;
      if (n <= 0) break;
      got += static_cast<std::size_t>(n);
    }
    return got;
  });
  return good;
}

std::uint64_t size_of(int file) {
  struct stat found{};
  return fstat(file, &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
}

// One step of reading: the segments from `at` on, and where the next step begins.
struct Step {
  std::vector<Segment> segments;
  std::uint64_t next = 0;
  std::uint64_t torn = 0;
  bool end = false;  // no frame follows
};

Result<Step> read_step(int file, std::uint64_t begin, std::uint64_t end, const std::string& path) {
  using Kind = FoundFrame::Kind;
  std::string bytes;
  if (!read_at(file, begin, std::min<std::uint64_t>(kBytesPerStep, end - begin), bytes)) {
    return system_error("read", path);
  }
  Step step;
  std::size_t at = 0;
  while (at < bytes.size()) {
    FoundFrame found = find_frame(std::string_view(bytes).substr(at));
    const bool all_read = begin + bytes.size() >= end;
    if (found.kind == Kind::end) {
      step.end = true;
      break;
    }
    if (found.kind == Kind::unfinished && !all_read) {
      if (at > 0) break;  // the next step begins with it
      if (!read_at(file, begin, found.size, bytes)) return system_error("read", path);
      if (bytes.size() == found.size) continue;
    }
    if (found.kind == Kind::frame) {
      step.segments.push_back(std::move(found.segment));
      at += found.size;
      continue;
    }
    ++step.torn;
    const std::size_t next = bytes.find(kAnyMagic, at + 1);
    // A magic may begin in the last bytes of this step.
    const std::size_t none = all_read ? bytes.size() : bytes.size() - kAnyMagic.size() + 1;
    at = next != std::string::npos ? next : std::max(at + 1, none);
  }
  step.next = begin + at;
  step.end = step.end || step.next >= end;
  return step;
}

}  // namespace

Journal::~Journal() {
  if (file_ >= 0) close(file_);
}

Result<void> Journal::open() {
  struct stat found{};
  if (file_ >= 0 && fstat(file_, &found) == 0 && found.st_nlink > 0) return {};
  // Not open yet, or removed under us.
  if (file_ >= 0) close(file_);
  drained_ = end_ = allocated_ = 0;
  ++opened_;
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) return system_error("open", path_);
  if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
    close(std::exchange(file_, -1));
    return fail(ErrorCode::unavailable,
                fmt::format("{}: another process writes to this journal", path_));
  }
  return find_end();
}

// Behind what an earlier process left, which is drained before its space is used again.
Result<void> Journal::find_end() {
  allocated_ = size_of(file_);
  bool more = allocated_ != 0;
  while (more) {
    const auto step = read_step(file_, end_, allocated_, path_);
    if (!step) {
      close(std::exchange(file_, -1));
      return std::unexpected(step.error());
    }
    end_ = step->next;
    more = !step->end;
  }
  return {};
}

Result<void> Journal::make_room(std::uint64_t end) {
  if (end <= allocated_) return {};
  static constexpr std::array<char, kGrowth> zeros{};
  const std::uint64_t size = (end / kGrowth + 1) * kGrowth;
  while (allocated_ < size) {
    const std::uint64_t step = std::min<std::uint64_t>(zeros.size(), size - allocated_);
    if (!write_at(file_, {zeros.data(), step}, allocated_)) return system_error("extend", path_);
    allocated_ += step;
  }
  return {};
}

Result<Journal::Place> Journal::append(std::span<const Segment> segments) {
  if (auto opened = open(); !opened) return std::unexpected(opened.error());
  frames_.clear();
  for (const Segment& segment : segments) append_frame(frames_, segment);
  const std::uint64_t size = frames_.size();
  frames_ += kEndMark;
  auto done = make_room(end_ + frames_.size());
  if (done && !(write_at(file_, frames_, end_) && fdatasync(file_) == 0)) {
    done = system_error("write", path_);
  }
  if (done) {
    const Place place{opened_, end_, end_ + size, end_ == drained_};
    end_ = place.end;
    return place;
  }
  // A frame of it may be whole on the disk: its id keeps it single. Anew at the next attempt: the
  // file may have been removed, or its file system gone.
  close(std::exchange(file_, -1));
  looked_ = false;
  return std::unexpected(done.error());
}

std::uint64_t Journal::pending() {
  if (file_ < 0) {
    // Asked at every turn: one look is enough, as only append() makes the file. One that cannot be
    // opened, since another process has it, may be free later.
    if (looked_) return 0;
    looked_ = access(path_.c_str(), F_OK) != 0 || open();
    if (file_ < 0) return 0;
  }
  return end_ - drained_;
}

Result<void> Journal::drain(const std::function<Result<void>(std::span<const Segment>)>& accept) {
  if (auto opened = open(); !opened) return opened;
  const std::uint64_t end = end_;
  const std::uint64_t opening = opened_;
  auto step = read_step(file_, drained_, end, path_);
  if (!step) return std::unexpected(step.error());
  if (!step->segments.empty()) {
    if (auto accepted = accept(step->segments); !accepted) return accepted;
  }
  torn_ += step->torn;
  if (opened_ != opening) return {};  // `accept` appended, to another file
  drained_ = step->next;
  if (file_ < 0 || end_ != end) return {};  // `accept` appended
  return step->end ? start_anew() : Result<void>{};
}

Result<void> Journal::pass_over(const Place& place) {
  if (file_ < 0 || place.file != opened_ || place.begin != drained_) return {};
  drained_ = place.end;
  return drained_ == end_ ? start_anew() : Result<void>{};
}

Result<void> Journal::start_anew() {
  drained_ = end_ = 0;
  if (allocated_ > kMostKept) {
    if (ftruncate(file_, 0) != 0) return system_error("empty", path_);
    allocated_ = 0;
    return {};
  }
  // Needs no sync: frames that come back after a crash are in the store.
  if (allocated_ != 0 && !write_at(file_, kEndMark, 0)) return system_error("empty", path_);
  return {};
}

Result<WholeJournal> read_whole_journal(const std::string& path) {
  WholeJournal whole;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return system_error("open", path);
  const std::uint64_t end = size_of(file);
  Result<void> done;
  bool more = end > 0;
  for (std::uint64_t at = 0; more;) {
    auto step = read_step(file, at, end, path);
    if (!step) {
      done = std::unexpected(step.error());
      break;
    }
    std::ranges::move(step->segments, std::back_inserter(whole.segments));
    whole.torn += step->torn;
    at = step->next;
    more = !step->end;
  }
  close(file);
  if (!done) return std::unexpected(done.error());
  return whole;
}

Result<std::vector<Segment>> read_journal(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::vector<Segment>{};
  auto whole = read_whole_journal(path);
  if (!whole) return std::unexpected(whole.error());
  return std::move(whole->segments);
}

}  // namespace tidegate::ledger
