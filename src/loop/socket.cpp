#include "loop/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "loop/loop.h"
#include "loop/outbox.h"

namespace tidegate {
namespace {

// The system calls themselves: the functions of glibc are cancellation points, which costs each of
// them two atomic read-modify-writes once a process has threads. Nobody here cancels threads.
ssize_t receive(int fd, void* buffer, std::size_t size) {
  return ::syscall(SYS_recvfrom, fd, buffer, size, 0, nullptr, nullptr);
}

std::int64_t send_now(int fd, std::span<const iovec> pieces) {
  if (pieces.size() == 1) {
    return tidegate::send_now(fd, static_cast<const char*>(pieces[0].iov_base), pieces[0].iov_len);
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  for (;;) {
    const ssize_t n = ::syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL);
    if (n >= 0) return n;
    if (errno != EINTR) return -errno;
  }
}

}  // namespace

Socket::Socket(Loop& loop, int fd) : loop_(loop), fd_(fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // no effect on other families
  loop.add(*this);
}

Socket::~Socket() {
  if (watched_ != nullptr) watched_->watched_by_ = nullptr;
  if (watched_by_ != nullptr) watched_by_->watched_ = nullptr;
  loop_.remove(*this);
  if (fd_ >= 0) ::close(fd_);
}

Io Socket::read(void* buffer, std::size_t size) {
  if (!readable_) return {.again = true};
  for (;;) {
    const ssize_t n = receive(fd_, buffer, size);
    if (n > 0) {
      // A short read has drained the socket: the next byte or the end raises a new edge (epoll(7)).
      if (static_cast<std::size_t>(n) < size) not_readable();
      return {.bytes = static_cast<std::size_t>(n)};
    }
    if (n == 0) return {.eof = true};
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      readable_ = false;
      return {.again = true};
    }
    return {.error = errno};
  }
}

Io Socket::write(std::span<const iovec> pieces) {
  if (!writable_) return {.again = true};
  if (!loop_.gathers()) return send(pieces);
  std::size_t size = 0;
  for (const iovec& piece : pieces) size += piece.iov_len;
  if (size > Outbox::kMostBytes) return drain() ? send(pieces) : Io{.again = true};
  return loop_.outbox().add(*this, pieces, size) ? Io{.bytes = size} : Io{.again = true};
}

Io Socket::send(std::span<const iovec> pieces) {
  const std::int64_t n = send_now(fd_, pieces);
  if (n >= 0) return {.bytes = static_cast<std::size_t>(n)};
  if (n != -EAGAIN) return {.error = static_cast<int>(-n)};
  writable_ = false;
  return {.again = true};
}

bool Socket::keep_rest(const SendRing::Send& sent) {
  if (sent.result < 0 && sent.result != -EAGAIN) return false;
  const auto gone = static_cast<std::size_t>(std::max<std::int64_t>(sent.result, 0));
  rest_.assign(sent.bytes + gone, sent.size - gone);
  writable_ = false;
  return true;
}

void Socket::send_rest() {
  const std::int64_t sent = tidegate::send_now(fd_, rest_.data(), rest_.size());
  if (sent < 0 && sent != -EAGAIN) return rest_.clear();  // whoever writes next sees the error
  rest_.erase(0, static_cast<std::size_t>(std::max<std::int64_t>(sent, 0)));
  writable_ = rest_.empty();
  if (writable_) rest_.shrink_to_fit();
}

bool Socket::drain() {
  loop_.outbox().send(*this);
  return rest_.empty();
}

void Socket::end_writing() {
  drain();
  ::shutdown(fd_, SHUT_WR);
}

Socket::Awaiter Socket::until_readable(TimePoint deadline, Socket* watch) {
  return {*this, WaitFor::read, deadline, watch};
}

Socket::Awaiter Socket::until_writable(TimePoint deadline, Socket* watch) {
  return {*this, WaitFor::write, deadline, watch};
}

Socket::Awaiter Socket::until_readable_or_writable(TimePoint deadline, Socket* watch) {
  return {*this, WaitFor::read_or_write, deadline, watch};
}

Socket::Awaiter Socket::until_gone(TimePoint deadline) {
  return {*this, WaitFor::gone, deadline, this};
}

bool Socket::Awaiter::await_ready() {
  if (watch_ != nullptr && watch_->peer_gone_) {
    socket_.wake_ = Wake::gone;
    return true;
  }
  if (socket_.is_ready_to(what_)) {
    socket_.wake_ = Wake::ready;
    return true;
  }
  return false;
}

void Socket::Awaiter::await_suspend(std::coroutine_handle<> waiter) {
  socket_.waiting_ = what_;
  socket_.waiter_ = waiter;
  socket_.loop_.arm(socket_.timer_, deadline_);
  if (watch_ != nullptr && watch_ != &socket_) {
    socket_.watched_ = watch_;
    watch_->watched_by_ = &socket_;
  }
}

bool Socket::is_ready_to(WaitFor what) const {
  return (readable_ && (what == WaitFor::read || what == WaitFor::read_or_write)) ||
         (writable_ && (what == WaitFor::write || what == WaitFor::read_or_write));
}

void Socket::resume(Wake wake) {
  waiting_ = WaitFor::nothing;
  wake_ = wake;
  timer_.disarm();
  if (watched_ != nullptr) {
    watched_->watched_by_ = nullptr;
    watched_ = nullptr;
  }
  waiter_.resume();  // may destroy *this
}

void Socket::on_timer(void* self) { static_cast<Socket*>(self)->resume(Wake::timed_out); }

void Socket::cancel() {
  if (waiting_ != WaitFor::nothing) resume(Wake::canceled);
}

void Socket::leave() { on_events(EPOLLHUP); }

void Socket::on_events(std::uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) writable_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) peer_gone_ = true;
  if (writable_ && !rest_.empty()) send_rest();
  if (peer_gone_ && watched_by_ != nullptr) {
    watched_by_->resume(Wake::gone);  // may destroy *this; its other events no longer matter
    return;
  }
  if (peer_gone_ && waiting_ == WaitFor::gone) {
    resume(Wake::gone);
    return;
  }
  if (is_ready_to(waiting_)) resume(Wake::ready);
}

}  // namespace tidegate
