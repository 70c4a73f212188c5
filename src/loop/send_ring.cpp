#include "loop/send_ring.h"

#include <liburing.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace tidegate {

std::int64_t send_now(int fd, const char* bytes, std::size_t size) {
  for (;;) {
    // The system call itself: the function of glibc is a cancellation point, which costs two atomic
    // read-modify-writes once a process has threads. Nobody here cancels threads.
    const ssize_t n = ::syscall(SYS_sendto, fd, bytes, size, MSG_NOSIGNAL, nullptr, 0);
    if (n >= 0) return n;
    if (errno != EINTR) return -errno;
  }
}

SendRing::SendRing(std::unique_ptr<io_uring> ring) : ring_(std::move(ring)) {}

std::unique_ptr<SendRing> SendRing::create() {
  auto ring = std::make_unique<io_uring>();
  if (::io_uring_queue_init(kMost, ring.get(), 0) != 0) return nullptr;
  return std::unique_ptr<SendRing>(new SendRing(std::move(ring)));
}

SendRing::~SendRing() { ::io_uring_queue_exit(ring_.get()); }

void SendRing::send(std::span<Send> sends) {
  for (Send& send : sends) {
    io_uring_sqe* const sqe = ::io_uring_get_sqe(ring_.get());
    // Without MSG_DONTWAIT the kernel would keep the send of a full socket until there is room.
    ::io_uring_prep_send(sqe, send.fd, send.bytes, send.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    ::io_uring_sqe_set_data(sqe, &send);
  }
  const auto count = static_cast<unsigned>(sends.size());
  int submitted;
  do {
    submitted = ::io_uring_submit_and_wait(ring_.get(), count);
  } while (submitted == -EINTR);
  io_uring_cqe* done;
  unsigned head;
  unsigned seen = 0;
  io_uring_for_each_cqe(ring_.get(), head, done) {
    static_cast<Send*>(::io_uring_cqe_get_data(done))->result = done->res;
    ++seen;
  }
  ::io_uring_cq_advance(ring_.get(), seen);
}

}  // namespace tidegate
