// What the server refuses, how long it waits, and how it ends.
#include <gtest/gtest.h>

#include <string>

#include "http/test_server.h"

namespace tidegate::http {
namespace {

// The status and the body of the last answer that came before the connection ended.
std::string refusal(const std::string& answer) {
  if (answer.size() < 12) return "(nothing)";
  const auto end = answer.find("\r\n\r\n");
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
  EXPECT_FALSE(answer.ends_with("(no end)")) << answer;
  return answer.substr(end + 4);
}

TEST(ServerLimits, RefusesABadHeadAndEndsTheConnection) {
  TestServer server({.head = {.bytes = 200, .headers = 3}});
  EXPECT_EQ(refusal(server.ask("GET / HTTP/1.1\r\n\r\n")), "400: the Host header is missing");
  EXPECT_EQ(refusal(server.ask("GET / HTTP/3.0\r\n\r\n")), "505: the HTTP version is not 1.1");
  EXPECT_EQ(refusal(server.ask(get("/", "A: b\r\nA: b\r\nA: b\r\n"))),
            "431: the head has too many header lines");
  EXPECT_EQ(refusal(server.ask(get("/", "A: " + std::string(300, 'a') + "\r\n"))),
            "431: the head is larger than the limit");
  EXPECT_EQ(refusal(server.ask(get("/" + std::string(300, 'a')))),
            "414: the request target is larger than the limit");
  EXPECT_EQ(refusal(server.ask("GET / HTTP/1.1\nHost: t\n\n")),
            "400: the request line does not end in CRLF");
}

// The bytes behind a refused request are never taken for another one.
TEST(ServerLimits, DoesNotReadOnBehindABadRequest) {
  TestServer server;
  const std::string smuggled = get("/smuggled");
  for (const std::string& request :
       {post("/", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        post("/", "Content-Length: 0\r\nContent-Length: 0\r\n", ""),
        post("/", "Transfer-Encoding: chunked\r\n", "0 \r\n\r\n")}) {
    const std::string answer = server.ask(request + smuggled);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
    EXPECT_EQ(answer.find("smuggled"), std::string::npos) << answer;
  }
}

// The refusal must not look at the request before, whose memory is gone.
TEST(ServerLimits, RefusesASecondRequestAfterAGoodOne) {
  TestServer server;
  for (const char* bad : {"\x01", "GET", "HEAD / HTTP/9.9\r\n\r\n"}) {
    RawPeer peer = server.connect();
    peer.send("HEAD /first HTTP/1.1\r\nHost: t\r\n\r\n");
    peer.read_until("\r\n\r\n");
    peer.send(std::string(bad) + "\r\n\r\n");
    EXPECT_NE(refusal(peer.read_to_end()).find(": the "), std::string::npos);
  }
}

TEST(ServerLimits, RefusesABodyOverTheLimitHoweverItComes) {
  TestServer server({.body_bytes = 10});
  const std::string with_length = post("/echo", "Content-Length: 11\r\n", "");
  EXPECT_EQ(refusal(server.ask(with_length)),
            "413: the body has 11 bytes; the limit is 10 (option http.body)");
  EXPECT_EQ(refusal(server.ask(with_length + "hello world")),
            "413: the body has 11 bytes; the limit is 10 (option http.body)");
  EXPECT_EQ(refusal(server.ask(post("/", "Transfer-Encoding: chunked\r\n",
                                    "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n"))),
            "413: the body has more than 10 bytes (option http.body)");
  // Nobody is asked to send what would be refused.
  EXPECT_TRUE(server.ask(post("/", "Content-Length: 11\r\nExpect: 100-continue\r\n", ""))
                  .starts_with("HTTP/1.1 413 "));
  RawPeer peer = server.connect();
  peer.send(post("/echo", "Content-Length: 10\r\n", "hello worl"));
  EXPECT_EQ(peer.read_answer(), "200 POST /echo hello worl");
}

// The client still writes when the refusal comes; a reset must not overtake it.
TEST(ServerLimits, ARefusedClientThatIsStillSendingSeesTheAnswer) {
  TestServer server({.body_bytes = 10});
  const std::string body(4u << 20, 'b');
  EXPECT_TRUE(
      server.ask(post("/", "Content-Length: 4194304\r\n", body)).starts_with("HTTP/1.1 413 "));
}

TEST(ServerLimits, ASlowHeadOrBodyIsRefusedInTime) {
  TestServer server({.client_head = 40ms, .client_body = 40ms});
  EXPECT_EQ(refusal(server.ask("GET /")), "408: the request's head did not arrive in time");
  EXPECT_EQ(refusal(server.ask(post("/", "Content-Length: 5\r\n", "hell"))),
            "408: the request's body did not arrive in time");
  EXPECT_EQ(refusal(server.ask(post("/", "Transfer-Encoding: chunked\r\n", "5\r\nhell"))),
            "408: the request's body did not arrive in time");
}

TEST(ServerLimits, AHeadMustBeWholeInTimeHoweverOftenABytesComes) {
  TestServer server({.client_head = 60ms});
  RawPeer peer = server.connect();
  const timeval moment{.tv_sec = 0, .tv_usec = 10'000};
  ::setsockopt(peer.fd(), SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
  const auto start = std::chrono::steady_clock::now();
  std::string answer = "(no end)";
  while (answer == "(no end)" && std::chrono::steady_clock::now() - start < 5s) {
    peer.send("x");
    answer = peer.read_to_end();
  }
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
}

TEST(ServerLimits, ClosesConnectionsThatAreIdleForTooLong) {
  TestServer server({.client_head = 40ms, .client_idle = 40ms});
  EXPECT_EQ(server.ask(""), "");
  const std::string answer = server.ask(get("/echo"));
  EXPECT_TRUE(answer.ends_with("GET /echo ")) << answer;
}

TEST(ServerLimits, ClosesConnectionsOverTheLimitAtOnce) {
  TestServer server({.connections = 1});
  RawPeer first = server.connect();
  first.send(get("/echo"));
  EXPECT_EQ(first.read_answer(), "200 GET /echo ");
  RawPeer second = server.connect();
  EXPECT_EQ(second.read_to_end(), "");
  first.close();
  while (server.server().open() != 0) std::this_thread::yield();
  RawPeer third = server.connect();
  third.send(get("/echo"));
  EXPECT_EQ(third.read_answer(), "200 GET /echo ");
}

TEST(ServerLimits, DrainingClosesIdleConnectionsAndFinishesTheOthers) {
  TestServer server;
  RawPeer idle = server.connect();
  idle.send(get("/echo"));
  EXPECT_EQ(idle.read_answer(), "200 GET /echo ");
  RawPeer fresh = server.connect();
  RawPeer busy = server.connect();
  busy.send(get("/slow"));
  while (server.server().open() != 3) std::this_thread::yield();
  server.server().drain();
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(fresh.read_to_end(), "");
  EXPECT_EQ(refusal(busy.read_to_end()), "slow");
  busy.close();
  while (server.server().open() != 0) std::this_thread::yield();
  // And who comes now is refused, not left waiting.
  server.on_owner([] {});
  const int late = ::socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_NE(::connect(late, server.address.raw(), server.address.raw_size()), 0);
  ::close(late);
}

TEST(ServerLimits, AbortEndsWhatIsInFlight) {
  TestServer server;
  RawPeer peer = server.connect();
  peer.send(get("/wait"));
  while (server.server().open() != 1) std::this_thread::yield();
  server.server().abort();
  EXPECT_EQ(peer.read_to_end(), "");
  while (server.server().open() != 0) std::this_thread::yield();
}

// The end of a server meets the ends of its connections and what is still posted for them.
TEST(ServerLimits, MayEndAtAnyMoment) {
  for (int i = 0; i < 30; ++i) {
    TestServer server;
    RawPeer idle = server.connect();
    RawPeer busy = server.connect();
    busy.send(get("/wait"));
    if (i % 3 == 1) server.server().drain();
    if (i % 3 == 2) server.server().abort();
    if (i % 2 == 0) idle.close();
  }
}

}  // namespace
}  // namespace tidegate::http
