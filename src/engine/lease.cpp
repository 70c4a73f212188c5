#include "engine/lease.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "base/text.h"

namespace tidegate::engine {
namespace {

using store::Value;

std::int64_t micros(WallTime at) {
  return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
}

std::string this_host() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "?";
  return name.data();
}

// Clock ticks since the machine booted: with it a process id is not mistaken for an older one.
std::string begin_of(std::uint64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text;
  std::getline(file, text);
  // The name of the program, in parentheses, may hold anything; field 22 counts from behind it.
  std::string_view rest = text;
  const std::size_t name_end = rest.rfind(')');
  if (name_end == std::string_view::npos) return {};
  rest.remove_prefix(name_end + 1);
  for (int field = 3; field <= 22; ++field) {
    const std::size_t begin = rest.find_first_not_of(' ');
    if (begin == std::string_view::npos) return {};
    rest.remove_prefix(begin);
    const std::size_t size = std::min(rest.find(' '), rest.size());
    if (field == 22) return std::string(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  return {};
}

}  // namespace

std::string this_owner() {
  const auto pid = static_cast<std::uint64_t>(::getpid());
  return fmt::format("{}/{}/{}", this_host(), pid, begin_of(pid));
}

bool has_died(const std::string& owner) {
  const std::string_view text = owner;
  const std::size_t last = text.rfind('/');
  if (last == std::string_view::npos || last == 0) return false;
  const std::size_t middle = text.rfind('/', last - 1);
  if (middle == std::string_view::npos || text.substr(0, middle) != this_host()) return false;
  const auto pid = parse_u64(text.substr(middle + 1, last - middle - 1));
  return pid && begin_of(*pid) != text.substr(last + 1);
}

Result<std::int64_t> take_lease(store::Store& store, RunId run, const std::string& owner,
                                WallTime now, Duration length) {
  if (auto begun = store.begin(); !begun) return std::unexpected(std::move(begun.error()));
  std::string holder;
  std::int64_t epoch = 0;
  std::int64_t expires = 0;
  const std::array<Value, 1> key{run.value};
  auto found = store.query("SELECT owner, epoch, expires_us FROM lease WHERE run = ?", key,
                           [&](const store::Row& row) {
                             holder = row.text(0);
                             epoch = row.integer(1);
                             expires = row.integer(2);
                           });
  if (!found) {
    store.rollback();
    return std::unexpected(std::move(found.error()));
  }
  if (epoch != 0 && holder != owner && expires > micros(now) && !has_died(holder)) {
    store.rollback();
    return fail(
        ErrorCode::unavailable,
        fmt::format("run {} is being worked on by another process ({}); it is free {} after "
                    "that process was last heard of",
                    run.text(), holder, format_duration(length)));
  }
  ++epoch;
  const std::array<Value, 4> row{run.value, std::string_view(owner), epoch, micros(now + length)};
  auto taken = store.run("INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?)", row);
  if (!taken) {
    store.rollback();
    return std::unexpected(std::move(taken.error()));
  }
  if (auto done = store.commit(); !done) {
    store.rollback();
    return std::unexpected(std::move(done.error()));
  }
  return epoch;
}

}  // namespace tidegate::engine
