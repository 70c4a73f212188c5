#include "http/server.h"

#include <gtest/gtest.h>

#include <string>

#include "http/test_server.h"

namespace tidegate::http {
namespace {

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(Server, KeepsTheConnectionForFurtherRequests) {
  TestServer server;
  RawPeer peer = server.connect();
  for (int i = 0; i < 3; ++i) {
    peer.send(post("/echo", "Content-Length: 2\r\n", "hi"));
    EXPECT_EQ(peer.read_answer(), "200 POST /echo hi");
  }
  EXPECT_EQ(server.server().accepted(), 1u);
  EXPECT_EQ(server.server().open(), 1);
}

TEST(Server, GivesItsAnswersTheLinesOfAnHttpAnswer) {
  TestServer server;
  const std::string answer = server.ask(get("/echo", "Connection: close\r\n"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << answer;
  EXPECT_NE(answer.find(" GMT\r\nX-Kind: echo\r\nContent-Length: 10\r\nConnection: close\r\n\r\n"
                        "GET /echo "),
            std::string::npos)
      << answer;
}

TEST(Server, AnswersPipelinedRequestsInTheirOrder) {
  TestServer server;
  RawPeer peer = server.connect();
  peer.send(get("/slow") + post("/echo", "Content-Length: 1\r\n", "1") +
            post("/echo", "Transfer-Encoding: chunked\r\n", "1\r\n2\r\n0\r\n\r\n") + get("/3") +
            get("/4").substr(0, 9));
  EXPECT_EQ(peer.read_answer(), "200 slow");
  EXPECT_EQ(peer.read_answer(), "200 POST /echo 1");
  EXPECT_EQ(peer.read_answer(), "200 POST /echo 2");
  EXPECT_EQ(peer.read_answer(), "200 GET /3 ");
  peer.send(get("/4").substr(9));
  EXPECT_EQ(peer.read_answer(), "200 GET /4 ");
}

TEST(Server, ReadsARequestThatIsSplitAnywhere) {
  TestServer server;
  const std::string with_length = post("/echo", "Content-Length: 5\r\n", "hello");
  const std::string with_chunks =
      post("/echo", "Transfer-Encoding: chunked\r\n", "2\r\nhe\r\n3;x\r\nllo\r\n0\r\n\r\n");
  for (const std::string& request : {with_length, with_chunks}) {
    RawPeer peer = server.connect();
    for (std::size_t cut = 1; cut < request.size(); ++cut) {
      peer.send(request.substr(0, cut));
      // Another connection's request passes in between, through the same scratch memory.
      RawPeer other = server.connect();
      other.send(get("/other"));
      ASSERT_EQ(other.read_answer(), "200 GET /other ");
      peer.send(request.substr(cut));
      ASSERT_EQ(peer.read_answer(), "200 POST /echo hello") << cut;
    }
  }
}

TEST(Server, ReadsARequestThatComesByteByByte) {
  TestServer server;
  RawPeer peer = server.connect();
  for (const char byte : post("/echo", "Content-Length: 5\r\n", "hello")) peer.send({&byte, 1});
  EXPECT_EQ(peer.read_answer(), "200 POST /echo hello");
}

TEST(Server, AsksForTheBodyWhenTheClientExpectsIt) {
  TestServer server;
  RawPeer peer = server.connect();
  peer.send(post("/echo", "Content-Length: 2\r\nExpect: 100-continue\r\n", ""));
  EXPECT_EQ(peer.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("hi");
  EXPECT_EQ(peer.read_answer(), "200 POST /echo hi");
  // Not when the body came along.
  peer.send(post("/echo", "Content-Length: 2\r\nExpect: 100-continue\r\n", "hi"));
  EXPECT_EQ(peer.read_answer(), "200 POST /echo hi");
}

TEST(Server, TakesABigBody) {
  TestServer server;
  const std::string body(8u << 20, 'b');
  RawPeer peer = server.connect();
  peer.send(post("/echo", "Content-Length: " + std::to_string(body.size()) + "\r\n", body));
  EXPECT_EQ(peer.read_answer(), "200 POST /echo " + body);
  std::string chunks;
  for (std::size_t at = 0; at < body.size(); at += 65536) {
    chunks += "10000\r\n" + body.substr(at, 65536) + "\r\n";
  }
  peer.send(post("/echo", "Transfer-Encoding: chunked\r\n", chunks + "0\r\n\r\n"));
  EXPECT_EQ(peer.read_answer(), "200 POST /echo " + body);
}

TEST(Server, StreamsInChunks) {
  TestServer server;
  RawPeer peer = server.connect();
  for (int i = 0; i < 2; ++i) {
    peer.send(get("/stream"));
    const std::string head = peer.read_until("\r\n\r\n");
    EXPECT_NE(head.find("X-Kind: stream\r\nTransfer-Encoding: chunked\r\n\r\n"), std::string::npos);
    EXPECT_EQ(peer.read_until("0\r\n\r\n"), "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n");
  }
}

TEST(Server, AWriteMayHaveAnyNumberOfPieces) {
  TestServer server;
  RawPeer peer = server.connect();
  peer.send(get("/pieces", "Connection: close\r\n"));
  const std::string answer = peer.read_to_end();
  int pieces = 0;
  for (auto at = answer.find("piece "); at != std::string::npos;
       at = answer.find("piece ", at + 1)) {
    ++pieces;
  }
  EXPECT_EQ(pieces, 100);
  EXPECT_TRUE(answer.ends_with("\r\n0\r\n\r\n"));
}

TEST(Server, AStreamThatIsNotFinishedEndsWithoutItsLastChunk) {
  TestServer server;
  const std::string answer = server.ask(get("/cut"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n")) << answer;
}

TEST(Server, AHandlerThatDoesNotAnswerClosesTheConnection) {
  TestServer server;
  EXPECT_EQ(server.ask(get("/silent")), "");
}

TEST(Server, AnswersHeadWithoutABody) {
  TestServer server;
  RawPeer peer = server.connect();
  peer.send("HEAD /echo HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_NE(peer.read_until("\r\n\r\n").find("Content-Length: 11\r\n"), std::string::npos);
  // A body would stand before the next answer.
  peer.send("HEAD /stream HTTP/1.1\r\nHost: t\r\nRelease: early\r\n\r\n");
  EXPECT_TRUE(peer.read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
  peer.send(get("/echo"));
  EXPECT_EQ(peer.read_answer(), "200 GET /echo ");
}

TEST(Server, AnswersHttp10TheOldWay) {
  TestServer server;
  const std::string once = server.ask("GET /echo HTTP/1.0\r\n\r\n");
  EXPECT_NE(once.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(once.ends_with("GET /echo "));
  // Without chunks, to the end of the connection; also when the request is freed before.
  for (const char* lines : {"", "Release: early\r\n"}) {
    const std::string stream = server.ask("GET /stream HTTP/1.0\r\n" + std::string(lines) +
                                          "Connection: keep-alive\r\n\r\n");
    EXPECT_TRUE(stream.ends_with("\r\n\r\nhello world")) << stream;
    EXPECT_EQ(count(stream, "chunked"), 0u);
  }
  RawPeer peer = server.connect();
  for (int i = 0; i < 2; ++i) {
    peer.send("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_NE(peer.read_until("\r\n\r\n").find("Connection: keep-alive\r\n"), std::string::npos);
    EXPECT_EQ(peer.read(10), "GET /echo ");
  }
}

TEST(Server, NoticesAClientThatLeaves) {
  TestServer server;
  RawPeer peer = server.connect();
  peer.send(get("/wait"));
  while (server.server().open() == 0) std::this_thread::yield();
  peer.close();
  while (server.server().open() != 0) std::this_thread::yield();
  EXPECT_EQ(server.handler.clients_gone, 1);
}

TEST(Server, ASlowReaderHoldsTheStreamBack) {
  TestServer server({.client_write = 100ms});
  RawPeer peer(server.address, 16 * 1024);
  peer.send(get("/flood"));
  // It takes nothing for client_write, so the server ends it; meanwhile only what the kernel holds
  // was written, not the 64 MiB.
  while (server.handler.clients_gone == 0) std::this_thread::yield();
  EXPECT_LT(server.handler.written, 16u << 20);
  while (server.server().open() != 0) std::this_thread::yield();
}

TEST(Server, AReaderThatTakesEverythingGetsEverything) {
  TestServer server;
  RawPeer peer = server.connect();
  peer.send(get("/flood", "Connection: close\r\n"));
  const std::string answer = peer.read_to_end();
  EXPECT_EQ(count(answer, "\r\n10000\r\n"), 1024u);
  EXPECT_TRUE(answer.ends_with("\r\n0\r\n\r\n"));
}

TEST(Server, AClientThatLeavesInTheMiddleOfAnAnswerHarmsNobody) {
  TestServer server;
  RawPeer peer = server.connect();
  peer.send(get("/flood"));
  peer.read(100'000);
  peer.close();
  while (server.server().open() != 0) std::this_thread::yield();
  EXPECT_EQ(server.handler.clients_gone, 1);
  RawPeer next = server.connect();
  next.send(get("/echo"));
  EXPECT_EQ(next.read_answer(), "200 GET /echo ");
}

}  // namespace
}  // namespace tidegate::http
