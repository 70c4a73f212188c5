#include "loop/socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "loop/run_task.h"

namespace tidegate {
namespace {

// A socket on a loop and the other end of its connection, as a plain descriptor.
class SocketTest : public testing::Test {
 protected:
  SocketTest() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    socket = std::make_unique<Socket>(loop, fds[0]);
    peer = fds[1];
  }
  ~SocketTest() override { close_peer(); }

  void close_peer() {
    if (peer >= 0) ::close(std::exchange(peer, -1));
  }
  void peer_sends(std::string_view text) {
    ASSERT_EQ(::send(peer, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  Io read(std::size_t size = 100) {
    buffer.resize(size);
    const Io io = socket->read(buffer.data(), size);
    buffer.resize(io.bytes);
    return io;
  }
  Io write(std::string_view text) {
    const iovec piece{const_cast<char*>(text.data()), text.size()};
    return socket->write({&piece, 1});
  }

  const SystemClock clock;
  Loop loop{clock};
  std::unique_ptr<Socket> socket;
  int peer = -1;
  std::string buffer;
};

Task<void> wait_readable(Socket& socket, TimePoint deadline, Socket* watch, Wake& wake) {
  wake = co_await socket.until_readable(deadline, watch);
}

Task<void> wait_writable(Socket& socket, TimePoint deadline, Wake& wake) {
  wake = co_await socket.until_writable(deadline);
}

Task<void> wait_gone(Socket& socket, TimePoint deadline, Wake& wake) {
  wake = co_await socket.until_gone(deadline);
}

TEST_F(SocketTest, ReadsWhatIsThereAndKnowsWhenNothingIs) {
  EXPECT_TRUE(read().again);
  peer_sends("hello");
  Wake wake{};
  run_task(loop, wait_readable(*socket, kNever, nullptr, wake));
  EXPECT_EQ(wake, Wake::ready);
  EXPECT_EQ(read(3).bytes, 3u);
  EXPECT_EQ(buffer, "hel");
  EXPECT_TRUE(socket->readable());  // a full read may have left something
  EXPECT_EQ(read().bytes, 2u);
  EXPECT_FALSE(socket->readable());  // a short one has not
  peer_sends("!");
  EXPECT_TRUE(read().again) << "no system call before the loop tells of the edge";
  run_task(loop, wait_readable(*socket, kNever, nullptr, wake));
  EXPECT_EQ(read().bytes, 1u);
}

TEST_F(SocketTest, TheEndComesAfterTheBytesBeforeIt) {
  peer_sends("last");
  close_peer();
  Wake wake{};
  run_task(loop, wait_readable(*socket, kNever, nullptr, wake));
  EXPECT_TRUE(socket->peer_gone());
  EXPECT_EQ(read().bytes, 4u);
  EXPECT_TRUE(read().eof);
  EXPECT_TRUE(read().eof);
}

TEST_F(SocketTest, AWaitEndsAtItsDeadline) {
  Wake wake{};
  const TimePoint deadline = loop.now() + 15ms;
  run_task(loop, wait_readable(*socket, deadline, nullptr, wake));
  EXPECT_EQ(wake, Wake::timed_out);
  EXPECT_GE(loop.now(), deadline);
}

TEST_F(SocketTest, ACanceledWaitSaysSo) {
  Wake wake{};
  loop.post([this] { socket->cancel(); });
  run_task(loop, wait_readable(*socket, kNever, nullptr, wake));
  EXPECT_EQ(wake, Wake::canceled);
  socket->cancel();  // nobody waits: nothing happens
}

TEST_F(SocketTest, AFullSocketIsWritableAgainOnceThePeerReads) {
  const std::string block(64 * 1024, 'x');
  std::size_t sent = 0;
  for (Io io = write(block); !io.again; io = write(block)) {
    ASSERT_EQ(io.error, 0);
    sent += io.bytes;
  }
  Wake wake{};
  run_task(loop, wait_writable(*socket, loop.now() + 15ms, wake));
  EXPECT_EQ(wake, Wake::timed_out);
  std::string taken(sent, '\0');
  std::size_t received = 0;
  for (ssize_t n; (n = ::recv(peer, taken.data(), taken.size(), 0)) > 0;) {
    received += static_cast<std::size_t>(n);
  }
  EXPECT_EQ(received, sent);
  run_task(loop, wait_writable(*socket, kNever, wake));
  EXPECT_EQ(wake, Wake::ready);
  EXPECT_GT(write(block).bytes, 0u);
}

TEST_F(SocketTest, WritingToOneWhoLeftIsAnErrorNotASignal) {
  close_peer();
  EXPECT_EQ(write("x").error, EPIPE);
}

TEST_F(SocketTest, TheLeavingOfAWatchedSocketEndsTheWaitOfAnother) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  Socket upstream(loop, fds[0]);
  Wake wake{};
  loop.post([this] { close_peer(); });
  run_task(loop, wait_readable(upstream, kNever, socket.get(), wake));
  EXPECT_EQ(wake, Wake::gone);
  // And one who has left before is noticed at once.
  wake = Wake::ready;
  run_task(loop, wait_readable(upstream, kNever, socket.get(), wake));
  EXPECT_EQ(wake, Wake::gone);
  ::close(fds[1]);
}

TEST_F(SocketTest, UntilGoneIgnoresBytes) {
  peer_sends("bytes");
  Wake wake{};
  run_task(loop, wait_gone(*socket, loop.now() + 15ms, wake));
  EXPECT_EQ(wake, Wake::timed_out);
  loop.post([this] { close_peer(); });
  run_task(loop, wait_gone(*socket, kNever, wake));
  EXPECT_EQ(wake, Wake::gone);
}

// Both sockets have an event in one batch; the first to wake destroys the second.
TEST_F(SocketTest, AnEventOfADestroyedSocketReachesNobody) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  auto other = std::make_unique<Socket>(loop, fds[0]);
  const auto wait_and_destroy = [](Socket& waits, std::unique_ptr<Socket>& victim,
                                   int& woken) -> Task<void> {
    const Wake wake = co_await waits.until_readable(kNever);
    if (wake == Wake::ready) ++woken;
    victim.reset();
  };
  int woken = 0;
  // A post runs before the sockets' events are read, so both lie in the next batch.
  loop.post([&] {
    peer_sends("1");
    ASSERT_EQ(::send(fds[1], "2", 1, 0), 1);
  });
  run_task(loop, wait_and_destroy(*socket, other, woken));
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(other, nullptr);
  ::close(fds[1]);
}

}  // namespace
}  // namespace tidegate
