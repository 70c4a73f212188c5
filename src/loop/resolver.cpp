#include "loop/resolver.h"

#include <ares.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace tidegate {
namespace {

using Answer = Result<std::vector<Address>>;

// One coroutine that waits for an answer; resumed on its own loop.
struct Waiter {
  Loop* loop;
  std::coroutine_handle<> handle;
  Answer* answer;
};

// RFC 6761, 6.3: these names mean this machine, also where no hosts file says so.
bool is_localhost(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost");
}

}  // namespace

class Resolver::Worker {
 public:
  Worker(const Clock& clock, Options options) : clock_(clock), options_(std::move(options)) {
    ares_library_init(ARES_LIB_INIT_ALL);
  }

  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    if (thread_.joinable()) {
      wake();
      thread_.join();
      ares_destroy(channel_);
      ::close(wake_fd_);
    }
    ares_library_cleanup();
  }

  // True: `answer` holds the cached answer. False: `waiter` will be resumed.
  bool find_or_start(const std::string& host, Waiter waiter) {
    const std::lock_guard lock(mutex_);
    Entry& entry = cache_[host];
    if (!entry.waiters.empty()) {
      entry.waiters.push_back(waiter);
      return false;
    }
    if (entry.expires > clock_.now()) {
      *waiter.answer = entry.answer;
      return true;
    }
    entry.waiters.push_back(waiter);
    requests_.push_back(host);
    if (!thread_.joinable()) start();
    wake();
    return false;
  }

 private:
  struct Entry {
    Answer answer = fail(ErrorCode::unavailable, "not looked up");
    TimePoint expires{};
    std::vector<Waiter> waiters;
  };
  struct Lookup {
    Worker* self;
    std::string host;
  };

  // The thread starts with the first name to look up: many set-ups only have IP literals.
  void start() {
    ares_options ares{};
    ares.timeout = static_cast<int>(
        std::chrono::duration_cast<std::chrono::milliseconds>(options_.timeout).count() / 3);
    ares.tries = 2;
    ares_init_options(&channel_, &ares, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (!options_.servers.empty()) {
      ares_set_servers_ports_csv(channel_, options_.servers.c_str());
    }
    wake_fd_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    thread_ = std::thread([this] { run(); });
  }

  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(wake_fd_, &one, sizeof one);
  }

  void run() {
    for (;;) {
      std::vector<std::string> hosts;
      {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
        hosts.swap(requests_);
      }
      for (const std::string& host : hosts) {
        ares_addrinfo_hints hints{};
        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, &Worker::on_answer,
                         new Lookup{this, host});
      }
      wait_and_process();
    }
  }

  void wait_and_process() {
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    const int bits = ares_getsock(channel_, sockets, ARES_GETSOCK_MAXNUM);
    pollfd polled[ARES_GETSOCK_MAXNUM + 1] = {{.fd = wake_fd_, .events = POLLIN, .revents = 0}};
    nfds_t count = 1;
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
      const auto bit = static_cast<unsigned>(i);
      const bool readable = ARES_GETSOCK_READABLE(bits, bit) != 0;
      const bool writable = ARES_GETSOCK_WRITABLE(bits, bit) != 0;
      if (!readable && !writable) continue;
      polled[count++] = {
          .fd = sockets[i],
          .events = static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0)),
          .revents = 0};
    }
    timeval buffer{};
    const timeval* wait = ares_timeout(channel_, nullptr, &buffer);
    const int timeout =
        wait == nullptr ? -1 : static_cast<int>(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1);
    ::poll(polled, count, timeout);
    if ((polled[0].revents & POLLIN) != 0) {
      std::uint64_t ignored;
      [[maybe_unused]] const ssize_t n = ::read(wake_fd_, &ignored, sizeof ignored);
    }
    for (nfds_t i = 1; i < count; ++i) {
      const bool in = (polled[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0;
      const bool out = (polled[i].revents & POLLOUT) != 0;
      if (in || out) {
        ares_process_fd(channel_, in ? polled[i].fd : ARES_SOCKET_BAD,
                        out ? polled[i].fd : ARES_SOCKET_BAD);
      }
    }
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // time-outs
  }

  static void on_answer(void* arg, int status, int, ares_addrinfo* info) {
    const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(arg));
    lookup->self->settle(lookup->host, status, info);
    if (info != nullptr) ares_freeaddrinfo(info);
  }

  void settle(const std::string& host, int status, const ares_addrinfo* info) {
    std::vector<Address> addresses;
    Duration ttl = options_.max_ttl;
    for (const ares_addrinfo_node* node = info == nullptr ? nullptr : info->nodes; node != nullptr;
         node = node->ai_next) {
      addresses.emplace_back(node->ai_addr, static_cast<socklen_t>(node->ai_addrlen));
      // 0 from the hosts file and from a server that forbids caching: kept for min_ttl.
      ttl = std::min<Duration>(ttl, std::chrono::seconds(node->ai_ttl));
    }
    if (addresses.empty() && is_localhost(host)) {
      for (const std::string_view ip : {"127.0.0.1", "::1"}) {
        addresses.push_back(*Address::parse_ip(ip, 0));
      }
    }
    Answer answer =
        fail(ErrorCode::unavailable,
             fmt::format("the host name \"{}\" cannot be resolved: {}; check base_url and DNS",
                         host, ares_strerror(status)),
             host);
    if (!addresses.empty()) {
      answer = std::move(addresses);
      ttl = std::clamp(ttl, options_.min_ttl, options_.max_ttl);
    } else {
      ttl = options_.failure_ttl;
    }
    std::vector<Waiter> waiters;
    {
      const std::lock_guard lock(mutex_);
      Entry& entry = cache_[host];
      entry.answer = answer;
      entry.expires = clock_.now() + ttl;
      waiters.swap(entry.waiters);
    }
    for (const Waiter& waiter : waiters) {
      waiter.loop->post([waiter, answer]() mutable {
        *waiter.answer = std::move(answer);
        waiter.handle.resume();
      });
    }
  }

  const Clock& clock_;
  const Options options_;
  ares_channel channel_ = nullptr;
  int wake_fd_ = -1;
  std::thread thread_;
  // Guards what loops and the resolver's thread share; taken once per new connection.
  std::mutex mutex_;
  bool stopping_ = false;
  std::unordered_map<std::string, Entry> cache_;  // bounded by the hosts that configs name
  std::vector<std::string> requests_;

  friend class Resolver;
};

Resolver::Resolver(const Clock& clock, Options options)
    : worker_(std::make_unique<Worker>(clock, std::move(options))) {}

Resolver::~Resolver() = default;

Task<Result<std::vector<Address>>> Resolver::resolve(Loop& loop, std::string host,
                                                     std::uint16_t port) {
  if (auto literal = Address::parse_ip(host, port)) {
    co_return std::vector<Address>{*literal};
  }
  struct Awaiter {
    Worker& worker;
    Loop& loop;
    const std::string& host;
    Answer& answer;
    bool await_ready() const { return false; }
    bool await_suspend(std::coroutine_handle<> handle) {
      return !worker.find_or_start(host, {&loop, handle, &answer});
    }
    void await_resume() const {}
  };
  Answer answer = fail(ErrorCode::unavailable, "not looked up");
  Awaiter awaiter{*worker_, loop, host, answer};
  co_await awaiter;
  if (answer) {
    for (Address& address : *answer) address.set_port(port);
  }
  co_return answer;
}

}  // namespace tidegate
