// Connecting, waiting and giving up; and TLS from end to end.
#include "http/client_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <semaphore>
#include <string>
#include <vector>

#include "http/test_call.h"
#include "http/test_server.h"
#include "tls/test_certificates.h"

namespace tidegate::http {
namespace {

// An address where nobody listens.
Address closed_port() {
  const int fd = *listen_on(*Address::parse_listen("127.0.0.1:0"));
  const Address address = local_address(fd);
  ::close(fd);
  return address;
}

Script hangs() {
  return [](RawPeer& peer) { peer.read_to_end(); };
}

// One of several clients at once.
struct Caller {
  explicit Caller(Loop& loop) {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    socket.emplace(loop, fds[0]);
    peer.emplace(fds[1]);
  }
  std::optional<Socket> socket;
  std::optional<RawPeer> peer;
  Silence silence;
  Outcome out;
};

class ClientPoolTest : public CallTest {
 protected:
  // Makes `count` calls at once, "GET /0", "GET /1", ..., and runs until all have ended.
  void call_all(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) callers.push_back(std::make_unique<Caller>(loop));
    TaskGroup group;
    for (std::size_t i = 0; i < count; ++i) {
      group.spawn(one(*pool, *callers[i], "GET /" + std::to_string(i) + " HTTP/1.1\r\n\r\n",
                      deadlines, count, ended));
    }
    if (ended.size() < count) loop.run();
  }
  static Task<void> one(ClientPool& from, Caller& caller, std::string request,
                        Call::Deadlines until, std::size_t count, std::vector<Outcome*>& order) {
    co_await run(from, *caller.socket, std::move(request), until, caller.silence, caller.out);
    order.push_back(&caller.out);
    if (order.size() == count) from.loop().stop();
  }

  std::vector<std::unique_ptr<Caller>> callers;
  std::vector<Outcome*> ended;
};

TEST_F(ClientPoolTest, ARefusedConnectionSaysWhere) {
  const Address nobody = closed_port();
  use(nobody);
  const Outcome out = call();
  ASSERT_TRUE(out.error);
  EXPECT_EQ(out.error->code, ErrorCode::unavailable);
  EXPECT_EQ(out.error->message, "cannot connect to " + nobody.text() +
                                    ": Connection refused (is a server running there?)");
  EXPECT_EQ(out.error->field, "base_url");
  EXPECT_EQ(pool->open(), 0);
}

// A listener that accepts nobody and whose queue is full does not answer further SYNs.
TEST_F(ClientPoolTest, AConnectionThatIsNotAnsweredTimesOut) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const Address any = *Address::parse_ip("127.0.0.1", 0);
  ASSERT_EQ(::bind(fd, any.raw(), any.raw_size()), 0);
  ASSERT_EQ(::listen(fd, 0), 0);
  const Address address = local_address(fd);
  const RawPeer fills_the_queue(address);
  use(address);
  deadlines.connect = 30ms;
  const Outcome out = call();
  ASSERT_TRUE(out.error);
  EXPECT_EQ(out.error->code, ErrorCode::timeout) << out.error->message;
  EXPECT_EQ(pool->open(), 0);
  ::close(fd);
}

TEST_F(ClientPoolTest, AProviderThatDoesNotAnswerTimesOutAfterTellingOfItsSilence) {
  ScriptedProvider provider({hangs()});
  use(provider.address);
  deadlines.first_byte = 80ms;
  deadlines.silence = 10ms;
  const Outcome out = call();
  ASSERT_TRUE(out.error);
  EXPECT_EQ(out.error->code, ErrorCode::timeout);
  EXPECT_GE(silence.count, 2);
  EXPECT_EQ(pool->open(), 0);
}

TEST_F(ClientPoolTest, AClientThatLeavesClosesTheProvidersConnection) {
  std::string seen_by_provider;
  std::atomic<bool> accepted = false;
  {
    ScriptedProvider provider({[&](RawPeer& peer) {
      accepted = true;
      seen_by_provider = peer.read_to_end();
    }});
    use(provider.address);
    deadlines.silence = 1ms;
    silence.also = [&] {
      if (accepted) client_peer->close();
    };
    const Outcome out = call();
    ASSERT_TRUE(out.error);
    EXPECT_EQ(out.error->code, ErrorCode::canceled);
    EXPECT_EQ(pool->open(), 0);
  }
  EXPECT_EQ(seen_by_provider, "GET / HTTP/1.1\r\n\r\n");
}

TEST_F(ClientPoolTest, CallsOverTheCapWaitInOrderForOneConnection) {
  ScriptedProvider provider({[](RawPeer& peer) {
    for (int i = 0; i < 5; ++i) {
      const std::string path = peer.read_until("\r\n\r\n").substr(4, 2);
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + path);
    }
  }});
  use(provider.address, 1);
  call_all(5);
  std::string order;
  for (const Outcome* out : ended) order += out->body;
  EXPECT_EQ(order, "/0/1/2/3/4");
  EXPECT_EQ(provider.accepted, 1);
}

TEST_F(ClientPoolTest, AWaitForAConnectionHasADeadlineAndEndsWhenTheClientLeaves) {
  ScriptedProvider provider({hangs()});
  use(provider.address, 1);
  deadlines.connect = 30ms;
  deadlines.first_byte = 100ms;
  loop.post([this] { callers[2]->peer->close(); });
  call_all(3);
  EXPECT_TRUE(callers[0]->out.error);
  EXPECT_EQ(error_of(callers[1]->out), "all 1 connections to " + provider.address.text() +
                                           " are in use (option max_connections)");
  EXPECT_EQ(callers[2]->out.error->code, ErrorCode::canceled);
}

// Each failure passes the turn on; a call within a call for each would need a stack as deep as the
// queue is long.
TEST_F(ClientPoolTest, AllWhoWaitForADeadProviderAreTold) {
  constexpr std::size_t kCalls = 300;
  use(closed_port(), 1);
  call_all(kCalls);
  for (std::size_t i = 0; i < kCalls; ++i) {
    ASSERT_TRUE(callers[i]->out.error);
    EXPECT_EQ(callers[i]->out.error->code, ErrorCode::unavailable);
    EXPECT_EQ(ended[i], &callers[i]->out) << "in their order";
  }
  EXPECT_EQ(pool->open(), 0);
}

class TlsCallTest : public ClientPoolTest {
 protected:
  TlsCallTest() { certificates.add("local", "IP:127.0.0.1"); }

  ServerOptions tls_options() {
    return {.tls = *tls::ServerContext::create(certificates.certificate("local"),
                                               certificates.key("local"))};
  }
  void use_tls(const Address& address, const std::string& ca_file) {
    Endpoint endpoint = *Endpoint::parse("https://" + address.text());
    pool.emplace(loop, resolver, endpoint, *tls::ClientContext::create(ca_file));
  }
  tls::TestCertificates certificates;
};

TEST_F(TlsCallTest, OurClientTalksToOurListener) {
  TestServer server(tls_options());
  use_tls(server.address, certificates.ca());
  const std::string body(3u << 20, 'b');
  for (int i = 0; i < 2; ++i) {
    const Outcome out = call(post("/echo", "Content-Length: 3145728\r\n", body));
    ASSERT_EQ(out.status, 200) << error_of(out);
    EXPECT_TRUE(out.body == "POST /echo " + body);
  }
  EXPECT_EQ(call(get("/stream")).body, "hello world");
  EXPECT_EQ(server.server().accepted(), 1u);
  // A new connection, with the session of the first.
  EXPECT_EQ(call(get("/echo", "Connection: close\r\n")).body, "GET /echo ");
  EXPECT_EQ(call(get("/echo")).body, "GET /echo ");
  EXPECT_EQ(server.server().accepted(), 2u);
}

// Without length or chunks, the end of the connection ends the body.
TEST_F(TlsCallTest, ABodyUpToTheEndOfTheConnectionIsWhole) {
  TestServer server(tls_options());
  use_tls(server.address, certificates.ca());
  const Outcome out = call("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_EQ(out.body, "hello world");
  EXPECT_EQ(out.end, Call::Next::end);
}

TEST_F(TlsCallTest, AnUntrustedListenerGetsNoRequest) {
  TestServer server(tls_options());
  use_tls(server.address, "");
  const Outcome out = call(get("/echo"));
  ASSERT_TRUE(out.error);
  EXPECT_EQ(out.error->code, ErrorCode::unavailable);
  EXPECT_TRUE(out.error->message.starts_with(
      server.address.text() + ": TLS handshake failed: the certificate was refused: "))
      << out.error->message;
  EXPECT_EQ(pool->open(), 0);
}

TEST_F(TlsCallTest, PlainHttpOnATlsListenerIsClosed) {
  TestServer server(tls_options());
  RawPeer peer = server.connect();
  peer.send(get("/echo"));
  EXPECT_EQ(peer.read_to_end().find("HTTP/"), std::string::npos);
}

}  // namespace
}  // namespace tidegate::http
