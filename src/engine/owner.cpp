#include "engine/owner.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "base/random.h"
#include "base/text.h"

namespace tidegate::engine {
namespace {

std::string this_host() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "?";
  return name.data();
}

// Differs between any two machines and boots, and between any two sets of processes that cannot see
// each other.
std::string this_machine() {
  std::string boot;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id") >> std::ws, boot);
  std::array<char, 64> space{};
  const ::ssize_t size = ::readlink("/proc/self/ns/pid", space.data(), space.size());
  const std::string_view link(space.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t bracket = link.find('[');
  const std::string_view inode =
      bracket == std::string_view::npos ? "?" : link.substr(bracket + 1, link.size() - bracket - 2);
  return fmt::format("{}:{}:{}", this_host(), boot, inode);
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
  return fmt::format("{}/{}/{}/{:016x}", this_machine(), pid, begin_of(pid), random_u64());
}

bool has_died(const std::string& owner) {
  std::array<std::string_view, 4> parts;
  std::string_view rest = owner;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t slash = rest.find('/');
    if ((slash == std::string_view::npos) != (i + 1 == parts.size())) return false;
    parts[i] = rest.substr(0, slash);
    if (slash != std::string_view::npos) rest.remove_prefix(slash + 1);
  }
  const auto pid = parse_u64(parts[1]);
  return pid && parts[0] == this_machine() && begin_of(*pid) != parts[2];
}

}  // namespace tidegate::engine
