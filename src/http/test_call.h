// For tests: a provider that plays scripts, and a fixture that makes calls to it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "http/call.h"
#include "http/test_peer.h"
#include "loop/run_task.h"

namespace tidegate::http {

using Script = std::function<void(RawPeer&)>;

// A provider that plays one script per connection, one after the other.
class ScriptedProvider {
 public:
  explicit ScriptedProvider(std::vector<Script> scripts)
      : fd_(*listen_on(*Address::parse_listen("127.0.0.1:0"))), address(local_address(fd_)) {
    ::fcntl(fd_, F_SETFL, 0);  // listen_on() made it non-blocking
    thread_ = std::thread([this, scripts = std::move(scripts)] {
      for (const Script& script : scripts) {
        RawPeer peer(::accept(fd_, nullptr, nullptr));
        if (peer.fd() < 0) return;
        ++accepted;
        script(peer);
      }
    });
  }
  ~ScriptedProvider() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }

 private:
  const int fd_;

 public:
  const Address address;
  std::atomic<int> accepted{0};

 private:
  std::thread thread_;
};

struct Outcome {
  std::optional<Error> error;  // of start()
  int status = 0;
  std::string body;
  Call::Next end = Call::Next::wait;
};

class Silence final : public SilenceListener {
 public:
  void on_silence() override {
    ++count;
    if (also) also();
  }
  int count = 0;
  std::function<void()> also;
};

inline std::string error_of(const Outcome& outcome) {
  return outcome.error ? outcome.error->message : "(no error)";
}

class CallTest : public testing::Test {
 protected:
  CallTest() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    client.emplace(loop, fds[0]);
    client_peer.emplace(fds[1]);
  }

  void use(const Address& address, int max_connections = 512) {
    Endpoint endpoint = *Endpoint::parse("http://" + address.text());
    endpoint.max_connections = max_connections;
    pool.emplace(loop, resolver, endpoint, nullptr);
  }

  static Task<void> run(ClientPool& from, Socket& on_behalf_of, std::string request,
                        Call::Deadlines deadlines, SilenceListener& listener, Outcome& out) {
    Call call(from);
    const std::string_view pieces[] = {std::string_view(request).substr(0, 7), "",
                                       std::string_view(request).substr(7)};
    const Result<void> started = co_await call.start(pieces, deadlines, on_behalf_of, listener);
    if (!started) {
      out.error = started.error();
      co_return;
    }
    out.status = call.head().status;
    for (;;) {
      std::string_view data;
      out.end = call.next(data);
      if (out.end == Call::Next::data) {
        out.body += data;
      } else if (out.end != Call::Next::wait) {
        co_return;
      } else {
        const TimePoint by = from.loop().now() + 5s;
        const Wake wake = co_await call.until_more(by, on_behalf_of);
        if (wake != Wake::ready) co_return;
      }
    }
  }

  Outcome call(const std::string& request = "GET / HTTP/1.1\r\n\r\n") {
    Outcome out;
    deadlines.total = kNever;
    run_task(loop, run(*pool, *client, request, deadlines, silence, out));
    return out;
  }

  const SystemClock clock;
  Loop loop{clock};
  Resolver resolver{clock};
  std::optional<Socket> client;
  std::optional<RawPeer> client_peer;
  std::optional<ClientPool> pool;
  Silence silence;
  Call::Deadlines deadlines{.connect = 5s, .first_byte = 5s, .total = kNever, .silence = 5s};
};

inline const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

inline Script answers(std::string answer, int times = 1) {
  return [answer = std::move(answer), times](RawPeer& peer) {
    for (int i = 0; i < times; ++i) {
      peer.read_until("\r\n\r\n");
      peer.send(answer);
    }
  };
}

inline Script answers_then_leaves_without_a_byte() {
  return [](RawPeer& peer) {
    answers(kOk)(peer);
    peer.read_until("\r\n\r\n");
  };
}

}  // namespace tidegate::http
