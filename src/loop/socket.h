// A non-blocking stream socket registered once, edge-triggered, with a loop: reads and writes at
// once where it can, and remembers readiness so that no system call is made in vain.
// Belongs to one loop; at most one coroutine waits on it at a time.
#pragma once

#include <sys/uio.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "loop/send_ring.h"
#include "loop/timer_wheel.h"

namespace tidegate {

class Loop;

// What a read or write did. Exactly one of: bytes > 0, `again`, `eof`, error != 0.
struct Io {
  std::size_t bytes = 0;
  bool again = false;  // would block: wait, then repeat
  bool eof = false;    // reads only: the peer sent everything it will send
  int error = 0;       // errno
  [[nodiscard]] bool failed() const { return eof || error != 0; }
};

enum class Wake : std::uint8_t {
  ready,
  timed_out,
  gone,      // the watched socket's peer has left
  canceled,  // Socket::cancel()
};

class Socket {
 public:
  Socket(Loop& loop, int fd);  // takes the descriptor; sets TCP_NODELAY where it applies
  // Of a peer in this process, without a descriptor: nothing can be read or written, but others may
  // wait for its leaving.
  explicit Socket(Loop& loop) : loop_(loop), fd_(-1), writable_(false) {}
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  Io read(void* buffer, std::size_t size);
  // Little may leave with the other writes of a busy turn of the loop; it counts as written.
  Io write(std::span<const iovec> pieces);
  // Sends what waits, as far as the socket takes it. True: nothing waits.
  bool drain();
  // Drains, and says that nothing more will be written.
  void end_writing();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] Loop& loop() const { return loop_; }
  // The peer closed its sending side or the connection broke.
  [[nodiscard]] bool peer_gone() const { return peer_gone_; }
  // There may be something to read (data, end or error).
  [[nodiscard]] bool readable() const { return readable_; }
  // For those who use the descriptor themselves (accept, connect): what they found.
  void not_readable() { readable_ = peer_gone_; }
  void not_writable() { writable_ = false; }

  class Awaiter;
  // Waits until a read (a write) may succeed, until `deadline`, or until the peer of `watch` goes.
  Awaiter until_readable(TimePoint deadline, Socket* watch = nullptr);
  Awaiter until_writable(TimePoint deadline, Socket* watch = nullptr);
  // The same for whichever comes first.
  Awaiter until_readable_or_writable(TimePoint deadline, Socket* watch = nullptr);
  // Waits until `deadline` (Wake::timed_out), or less if the peer leaves (Wake::gone).
  Awaiter until_gone(TimePoint deadline);

  // The peer in this process leaves: as if its connection had closed. From this loop's thread.
  void leave();

  // Wakes whoever waits on this socket with Wake::canceled, from this loop's thread.
  void cancel();

 private:
  friend class Loop;
  friend class Outbox;
  Io send(std::span<const iovec> pieces);
  // Of bytes of which not all were sent. False: the connection is broken.
  bool keep_rest(const SendRing::Send& sent);
  void send_rest();
  void on_events(std::uint32_t events);
  void resume(Wake wake);
  static void on_timer(void* self);

  enum class WaitFor : std::uint8_t { nothing, read, write, read_or_write, gone };
  [[nodiscard]] bool is_ready_to(WaitFor what) const;

  Loop& loop_;
  int fd_;
  bool readable_ = false;
  bool writable_ = true;
  bool peer_gone_ = false;
  std::uint32_t outbox_slot_ = 0;  // 0: none
  std::string rest_;               // counts as written, but the socket was full; not writable then
  WaitFor waiting_ = WaitFor::nothing;
  Wake wake_ = Wake::ready;
  Timer timer_{&Socket::on_timer, this};
  std::coroutine_handle<> waiter_;
  Socket* watched_ = nullptr;  // whose leaving wakes us
  Socket* watched_by_ = nullptr;
};

class [[nodiscard]] Socket::Awaiter {
 public:
  Awaiter(Socket& socket, WaitFor what, TimePoint deadline, Socket* watch)
      : socket_(socket), deadline_(deadline), watch_(watch), what_(what) {}
  bool await_ready();
  void await_suspend(std::coroutine_handle<> waiter);
  Wake await_resume() const { return socket_.wake_; }

 private:
  Socket& socket_;
  TimePoint deadline_;
  Socket* watch_;
  WaitFor what_;
};

}  // namespace tidegate
