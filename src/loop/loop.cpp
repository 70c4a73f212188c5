#include "loop/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "loop/outbox.h"

namespace tidegate {

namespace {

// With fewer events in a turn the processor is not short, and an answer should not wait for what
// its coroutine does after it.
constexpr int kGatherFrom = 4;

}  // namespace

Loop::Loop(const Clock& clock, bool io_uring)
    : clock_(clock),
      epoll_fd_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      now_(clock.now()),
      wall_(clock.wall()),
      timers_(now_),
      scratch_(new char[kScratchSize]),
      events_(new epoll_event[kEvents]),
      outbox_(std::make_unique<Outbox>(io_uring)) {
  if (epoll_fd_ < 0 || wake_fd_ < 0) {
    throw std::system_error(errno, std::generic_category(), "cannot create an event loop");
  }
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event);
}

Loop::~Loop() {
  ::close(wake_fd_);
  ::close(epoll_fd_);
}

void Loop::add(Socket& socket) {
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &socket}};
  if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, socket.fd(), &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot watch a socket");
  }
}

void Loop::remove(Socket& socket) {
  outbox_->forget(socket);
  // close() takes the descriptor out of the epoll set; events of this batch must not reach it.
  for (int i = event_index_; i < event_count_; ++i) {
    if (events_[static_cast<std::size_t>(i)].data.ptr == &socket) {
      events_[static_cast<std::size_t>(i)].events = 0;
    }
  }
}

void Loop::post(std::move_only_function<void()> work) {
  bool was_empty;
  {
    const std::lock_guard lock(posted_mutex_);
    was_empty = posted_.empty();
    posted_.push_back(std::move(work));
  }
  if (!was_empty) return;
  const std::uint64_t one = 1;
  // The counter cannot overflow: it is written once per emptying of the mailbox.
  [[maybe_unused]] const ssize_t n = ::write(wake_fd_, &one, sizeof one);
}

void Loop::stop() {
  post([this] { stopped_ = true; });
}

char* Loop::tls_record() {
  if (tls_record_ == nullptr) tls_record_.reset(new char[16 * 1024]);
  return tls_record_.get();
}

void Loop::refresh_time() {
  now_ = clock_.now();
  wall_ = clock_.wall();
}

int Loop::epoll_timeout() {
  const TimePoint next = timers_.next_check();
  if (next == kNever) return -1;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - now_).count();
  return static_cast<int>(std::clamp<std::int64_t>(wait, 0, 60'000));
}

void Loop::dispatch(int count) {
  event_count_ = count;
  for (event_index_ = 0; event_index_ < event_count_;) {
    const epoll_event event = events_[static_cast<std::size_t>(event_index_++)];
    if (event.data.ptr == nullptr) {
      std::uint64_t ignored;
      [[maybe_unused]] const ssize_t n = ::read(wake_fd_, &ignored, sizeof ignored);
      run_posted();
    } else if (event.events != 0) {
      static_cast<Socket*>(event.data.ptr)->on_events(event.events);
    }
  }
  event_count_ = event_index_ = 0;
}

void Loop::run_posted() {
  std::vector<std::move_only_function<void()>> work;
  {
    const std::lock_guard lock(posted_mutex_);
    work.swap(posted_);
  }
  for (auto& item : work) item();
}

void Loop::run() {
  refresh_time();
  while (!stopped_) {
    const int count = ::epoll_wait(epoll_fd_, events_.get(), kEvents, epoll_timeout());
    refresh_time();
    gathers_ = count >= kGatherFrom;
    if (count > 0) dispatch(count);
    gathers_ = false;
    while (!outbox_->empty()) outbox_->flush();
    timers_.advance(now_);
    if (turn_end_) turn_end_(now_);
  }
  stopped_ = false;
}

void Loop::Sleep::fire(void* self) { static_cast<Sleep*>(self)->waiter_.resume(); }

}  // namespace tidegate
