#include "loop/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "loop/loop.h"

namespace tidegate {
namespace {

// The system calls themselves: the functions of glibc are cancellation points, which costs each of
// them two atomic read-modify-writes once a process has threads. Nobody here cancels threads.
ssize_t receive(int fd, void* buffer, std::size_t size) {
  return ::syscall(SYS_recvfrom, fd, buffer, size, 0, nullptr, nullptr);
}

ssize_t send(int fd, const iovec& piece) {
  return ::syscall(SYS_sendto, fd, piece.iov_base, piece.iov_len, MSG_NOSIGNAL, nullptr, 0);
}

ssize_t send(int fd, const msghdr& pieces) {
  return ::syscall(SYS_sendmsg, fd, &pieces, MSG_NOSIGNAL);
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
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  for (;;) {
    const ssize_t n = pieces.size() == 1 ? send(fd_, pieces[0]) : send(fd_, message);
    if (n >= 0) return {.bytes = static_cast<std::size_t>(n)};
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      writable_ = false;
      return {.again = true};
    }
    return {.error = errno};
  }
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
