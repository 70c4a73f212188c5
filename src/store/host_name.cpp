#include "store/host_name.h"

#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace tidegate::store {
namespace {

constexpr Duration kSlice = 40ms;  // of the wait, between two calls of while_waiting

// Shared by the one who waits and the thread that looks, which may outlive it.
struct Asked {
  std::mutex mutex;
  std::condition_variable answered;
  std::optional<Result<Addresses>> answer;
};

}  // namespace

Result<Addresses> look_up(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &found); error != 0) {
    return fail(ErrorCode::unavailable,
                fmt::format("no address of \"{}\" is found: {}", name, ::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  Addresses addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text.data());
    }
  }
  return addresses;
}

Result<Addresses> addresses_of(const std::string& name, TimePoint deadline,
                               const std::function<void()>& while_waiting, LookUp look_up_name) {
  const auto asked = std::make_shared<Asked>();
  std::thread([asked, name, look_up_name = std::move(look_up_name)] {
    Result<Addresses> answer = look_up_name(name);
    const std::lock_guard lock(asked->mutex);
    asked->answer = std::move(answer);
    asked->answered.notify_one();
  }).detach();
  std::unique_lock lock(asked->mutex);
  for (;;) {
    const TimePoint now = std::chrono::steady_clock::now();
    const TimePoint until = std::min<TimePoint>(deadline, now + kSlice);
    if (asked->answered.wait_until(lock, until, [&] { return asked->answer.has_value(); })) {
      return std::move(*asked->answer);
    }
    if (now >= deadline) {
      return fail(
          ErrorCode::unavailable,
          fmt::format("the name server does not say in time what address \"{}\" has", name));
    }
    lock.unlock();
    if (while_waiting) while_waiting();
    lock.lock();
  }
}

}  // namespace tidegate::store
