#include "loop/outbox.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "loop/run_task.h"

namespace tidegate {
namespace {

// With io_uring (where this system allows it) and without.
class OutboxTest : public testing::TestWithParam<bool> {
 protected:
  ~OutboxTest() override {
    for (const auto& ends : {peers, busy_peers}) {
      for (const int peer : ends) {
        if (peer >= 0) ::close(peer);
      }
    }
  }
  Socket& connect() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    peers.push_back(fds[1]);
    sockets.push_back(std::make_unique<Socket>(loop, fds[0]));
    return *sockets.back();
  }
  // Everything that is there for the peer of sockets[i].
  std::string received(std::size_t i) {
    std::string all;
    char buffer[4096];
    for (ssize_t n; (n = ::recv(peers[i], buffer, sizeof buffer, 0)) > 0;) {
      all.append(buffer, static_cast<std::size_t>(n));
    }
    return all;
  }
  static Io write(Socket& socket, std::string_view text) {
    const iovec piece{const_cast<char*>(text.data()), text.size()};
    return socket.write({&piece, 1});
  }
  // Runs `work` within a turn that has enough to do to gather, and then to the end of that turn.
  void in_a_turn(std::function<void()> work) {
    while (busy.size() < 8) {
      int fds[2];
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
      busy_peers.push_back(fds[1]);
      busy.push_back(std::make_unique<Socket>(loop, fds[0]));
    }
    for (const int peer : busy_peers) EXPECT_EQ(::send(peer, "x", 1, 0), 1);
    loop.post([this, work = std::move(work)] {
      work();
      loop.stop();
    });
    loop.run();
  }
  const SystemClock clock;
  Loop loop{clock, GetParam()};
  std::vector<std::unique_ptr<Socket>> sockets;
  std::vector<int> peers;
  std::vector<std::unique_ptr<Socket>> busy;
  std::vector<int> busy_peers;
};

INSTANTIATE_TEST_SUITE_P(System, OutboxTest, testing::Bool(),
                         [](const auto& with) { return with.param ? "together" : "one_by_one"; });

TEST_P(OutboxTest, WhatIsWrittenInABusyTurnLeavesAtItsEnd) {
  for (int i = 0; i < 3; ++i) connect();
  in_a_turn([this] {
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(write(*sockets[i], "to " + std::to_string(i)).bytes, 4u);
    }
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(received(i), "");
  });
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(received(i), "to " + std::to_string(i));
}

TEST_P(OutboxTest, TheBytesOfASocketKeepTheirOrder) {
  connect();
  connect();
  const std::string large(Outbox::kMostBytes + 1, 'x');
  in_a_turn([&] {
    EXPECT_EQ(write(*sockets[0], "a").bytes, 1u);
    EXPECT_EQ(write(*sockets[0], "b").bytes, 1u);
    EXPECT_EQ(write(*sockets[1], "other").bytes, 5u);
    EXPECT_EQ(write(*sockets[0], "c").bytes, 1u);
    EXPECT_EQ(write(*sockets[0], large).bytes, large.size());
    EXPECT_EQ(write(*sockets[0], "d").bytes, 1u);
  });
  EXPECT_EQ(received(0), "abc" + large + "d");
  EXPECT_EQ(received(1), "other");
}

TEST_P(OutboxTest, MoreSocketsAndBytesThanItHasRoomFor) {
  constexpr std::size_t kSockets = 300;
  for (std::size_t i = 0; i < kSockets; ++i) connect();
  const auto text = [](std::size_t i) {
    return std::string(9'000, static_cast<char>('a' + i % 26));
  };
  in_a_turn([&] {
    for (std::size_t i = 0; i < kSockets; ++i) EXPECT_EQ(write(*sockets[i], text(i)).bytes, 9'000u);
  });
  for (std::size_t i = 0; i < kSockets; ++i) EXPECT_EQ(received(i), text(i)) << i;
}

TEST_P(OutboxTest, ATurnWithLittleToDoSendsAtOnce) {
  connect();
  loop.post([this] {
    EXPECT_EQ(write(*sockets[0], "now").bytes, 3u);
    EXPECT_EQ(received(0), "now");
    loop.stop();
  });
  loop.run();
}

Task<void> wait_writable(Socket& socket, TimePoint deadline, Wake& wake) {
  wake = co_await socket.until_writable(deadline);
}

TEST_P(OutboxTest, WhatAFullSocketDoesNotTakeFollowsWhenItsPeerReads) {
  Socket& full = connect();
  connect();
  const std::string block(Outbox::kMostBytes, 'b');
  std::string sent;
  bool refused = false;
  // A turn each, since more of one turn leaves at once.
  for (int i = 0; i < 1'000 && !refused; ++i) {
    in_a_turn([&] {
      const Io io = write(full, block);
      refused = io.again;
      if (!refused) sent += block;
      EXPECT_EQ(write(*sockets[1], "x").bytes, 1u);
    });
  }
  ASSERT_TRUE(refused);
  EXPECT_FALSE(full.drain());
  Wake wake{};
  run_task(loop, wait_writable(full, loop.now() + 15ms, wake));
  EXPECT_EQ(wake, Wake::timed_out);
  std::string got = received(0);
  run_task(loop, wait_writable(full, kNever, wake));
  EXPECT_EQ(wake, Wake::ready);
  EXPECT_TRUE(full.drain());
  got += received(0);
  EXPECT_EQ(got, sent);
}

Task<void> write_then_read(Socket& socket, Wake& wake, Io& io) {
  const iovec piece{const_cast<char*>("x"), 1};
  (void)socket.write({&piece, 1});
  wake = co_await socket.until_readable(kNever);
  char byte;
  io = socket.read(&byte, 1);
}

TEST_P(OutboxTest, ABrokenConnectionWakesWhoWaitsForItsAnswer) {
  Socket& broken = connect();
  Socket& other = connect();
  ::close(std::exchange(peers[0], -1));
  Wake wake{};
  Io io;
  TaskGroup group;
  in_a_turn([&] {
    EXPECT_EQ(write(other, "x").bytes, 1u);
    group.spawn(write_then_read(broken, wake, io));
  });
  EXPECT_EQ(wake, Wake::ready);
  EXPECT_TRUE(io.failed());
  EXPECT_TRUE(broken.peer_gone());
  EXPECT_EQ(write(broken, "x").error, EPIPE);
  EXPECT_EQ(received(1), "x");
}

TEST_P(OutboxTest, ASocketThatEndsInTheTurnSendsFirst) {
  connect();
  connect();
  in_a_turn([this] {
    EXPECT_EQ(write(*sockets[0], "ended").bytes, 5u);
    EXPECT_EQ(write(*sockets[1], "destroyed").bytes, 9u);
    sockets[0]->end_writing();
    EXPECT_EQ(received(0), "ended");
    sockets[1].reset();
    EXPECT_EQ(received(1), "destroyed");
  });
}

}  // namespace
}  // namespace tidegate
