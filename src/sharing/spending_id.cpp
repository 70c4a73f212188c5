#include "sharing/spending_id.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/random.h"

namespace tidegate::sharing {
namespace {

constexpr std::size_t kDigits = 16;

bool is_id(const std::string& text) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == kDigits && std::ranges::all_of(text, is_digit);
}

}  // namespace

Result<std::string> spending_id(const std::string& path) {
  if (std::ifstream in(path); in) {
    std::string id;
    std::getline(in, id);
    if (is_id(id)) return id;
    return fail(
        ErrorCode::invalid,
        fmt::format(
            "{} does not hold the id of a gateway, {} hexadecimal digits: remove it, and a new one "
            "is made",
            path, kDigits));
  }
  std::string id = fmt::format("{:016x}", random_u64());
  std::ofstream out(path);
  out << id << '\n';
  if (out.flush()) return id;
  return fail(ErrorCode::unavailable,
              fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

}  // namespace tidegate::sharing
