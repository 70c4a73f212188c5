#include "tls/stream.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <optional>
#include <string>

#include "loop/run_task.h"
#include "tls/test_certificates.h"

namespace tidegate::tls {
namespace {

// Both ends of a connection on one loop.
class StreamTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    certificates = new TestCertificates;
    certificates->add("good", "DNS:api.test,DNS:*.wild.test,IP:127.0.0.1");
    certificates->add("expired", "DNS:api.test", 0);
  }
  static void TearDownTestSuite() { delete certificates; }

  StreamTest() { connect_sockets(); }

  void connect_sockets() {
    int fds[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    client.emplace(loop, fds[0]);
    server.emplace(loop, fds[1]);
  }

  static std::shared_ptr<ServerContext> server_context(const std::string& name = "good") {
    return *ServerContext::create(certificates->certificate(name), certificates->key(name));
  }
  static std::shared_ptr<ClientContext> client_context(bool trusts = true) {
    return *ClientContext::create(trusts ? certificates->ca() : "");
  }

  // The client's outcome: "" or the problem.
  std::string shake_hands() {
    Result<void> client_side, server_side;
    run_task(loop, both(*client, *server, client_side, server_side));
    return client_side ? "" : client_side.error().message;
  }
  std::string shake_hands(const std::string& host, const std::string& name, bool trusts = true) {
    server->secure(server_context(name)->accept());
    client->secure(client_context(trusts)->connect(host, nullptr));
    return shake_hands();
  }

  static Task<void> one(Stream& stream, Result<void>& out, TaskGroup&) {
    out = co_await stream.handshake(stream.socket().loop().now() + 5s);
    // A failure must reach the other side; TLS says it with an alert, which was sent.
    if (!out) ::shutdown(stream.socket().fd(), SHUT_WR);
  }
  static Task<void> both(Stream& first, Stream& second, Result<void>& first_out,
                         Result<void>& second_out) {
    TaskGroup group;
    group.spawn(one(second, second_out, group));
    co_await one(first, first_out, group);
    while (!group.empty()) {
      const TimePoint soon = first.socket().loop().now() + 1ms;
      co_await first.socket().loop().sleep_until(soon);
    }
  }

  static Task<void> write_all(Stream& stream, std::string data) {
    std::size_t sent = 0;
    while (sent < data.size()) {
      // Two pieces, so that small ones are gathered and large ones are not.
      const std::size_t half = (data.size() - sent) / 2;
      const iovec pieces[] = {{data.data() + sent, half},
                              {data.data() + sent + half, data.size() - sent - half}};
      const Io io = stream.write(pieces);
      if (io.failed()) co_return;
      sent += io.bytes;
      if (io.again) co_await stream.socket().until_writable(kNever);
    }
  }
  // Until `size` bytes are here or the stream ends; `last` is what ended it.
  static Task<void> read_all(Stream& stream, std::size_t size, std::string& out, Io& last) {
    char buffer[50'000];
    while (out.size() < size) {
      last = stream.read(buffer, sizeof buffer);
      if (last.failed()) co_return;
      if (last.again) co_await stream.socket().until_readable(kNever);
      out.append(buffer, last.bytes);
    }
  }
  void carry(Stream& from, Stream& to, const std::string& data, std::string& out, Io& last) {
    TaskGroup group;
    group.spawn(write_all(from, data));
    run_task(loop, read_all(to, data.size(), out, last));
    EXPECT_TRUE(group.empty());
  }

  static TestCertificates* certificates;
  const SystemClock clock;
  Loop loop{clock};
  std::optional<Stream> client, server;
};
TestCertificates* StreamTest::certificates = nullptr;

TEST_F(StreamTest, TrustsAChainToItsCaFileForTheRightName) {
  EXPECT_EQ(shake_hands("api.test", "good"), "");
}

TEST_F(StreamTest, TrustsAnAddressThatTheCertificateNames) {
  EXPECT_EQ(shake_hands("127.0.0.1", "good"), "");
}

TEST_F(StreamTest, RefusesAnotherAddress) {
  EXPECT_EQ(shake_hands("127.0.0.2", "good"),
            "TLS handshake failed: the certificate was refused: IP address mismatch");
}

TEST_F(StreamTest, RefusesAnotherName) {
  EXPECT_EQ(shake_hands("evil.test", "good"),
            "TLS handshake failed: the certificate was refused: hostname mismatch");
}

TEST_F(StreamTest, AWildcardCoversOneLabel) {
  EXPECT_EQ(shake_hands("a.wild.test", "good"), "");
  connect_sockets();
  EXPECT_NE(shake_hands("a.b.wild.test", "good"), "");
}

TEST_F(StreamTest, RefusesAnExpiredCertificate) {
  EXPECT_EQ(shake_hands("api.test", "expired"),
            "TLS handshake failed: the certificate was refused: certificate has expired");
}

TEST_F(StreamTest, RefusesAnUnknownAuthority) {
  EXPECT_TRUE(shake_hands("api.test", "good", false)
                  .starts_with("TLS handshake failed: the certificate was refused: "));
}

TEST_F(StreamTest, RefusesTls11FromEitherSide) {
  for (const bool old_client : {false, true}) {
    connect_sockets();
    SslPtr theirs = server_context()->accept();
    SslPtr ours = client_context()->connect("api.test", nullptr);
    SSL* const old = old_client ? ours.get() : theirs.get();
    SSL_set_security_level(old, 0);
    SSL_set_min_proto_version(old, TLS1_1_VERSION);
    SSL_set_max_proto_version(old, TLS1_1_VERSION);
    server->secure(std::move(theirs));
    client->secure(std::move(ours));
    EXPECT_NE(shake_hands(), "") << old_client;
  }
}

TEST_F(StreamTest, APeerThatDoesNotSpeakTlsIsAnError) {
  client->secure(client_context()->connect("api.test", nullptr));
  const std::string http = "HTTP/1.1 400 Bad Request\r\n\r\n";
  const iovec piece{const_cast<char*>(http.data()), http.size()};
  EXPECT_GT(server->write({&piece, 1}).bytes, 0u);
  Result<void> out;
  TaskGroup group;
  run_task(loop, one(*client, out, group));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, ErrorCode::unavailable);
}

TEST_F(StreamTest, ASilentPeerTimesOutAndOneWhoLeavesDoesNotWait) {
  const auto shake = [](Stream& stream, Duration patience, Result<void>& out) -> Task<void> {
    out = co_await stream.handshake(stream.socket().loop().now() + patience);
  };
  client->secure(client_context()->connect("api.test", nullptr));
  Result<void> out;
  run_task(loop, shake(*client, 20ms, out));
  EXPECT_EQ(out.error().code, ErrorCode::timeout);
  loop.post([this] { server.reset(); });
  run_task(loop, shake(*client, 10s, out));
  EXPECT_EQ(out.error().code, ErrorCode::unavailable);
}

TEST_F(StreamTest, ResumesASession) {
  const auto context = client_context();
  const auto listener = server_context();
  SessionPtr session;
  for (const bool second : {false, true}) {
    connect_sockets();
    SslPtr ours = context->connect("api.test", session.get());
    SSL* const raw = ours.get();
    client->secure(std::move(ours));
    server->secure(listener->accept());
    ASSERT_EQ(shake_hands(), "");
    EXPECT_EQ(SSL_session_reused(raw), second ? 1 : 0);
    std::string out;
    Io last;
    carry(*server, *client, "the ticket comes before this", out, last);
    session = client->session();
    ASSERT_NE(session, nullptr);
  }
}

TEST_F(StreamTest, CarriesAMebibyteBothWays) {
  ASSERT_EQ(shake_hands("api.test", "good"), "");
  std::string data(1 << 20, '\0');
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 7 + i / 256);
  for (int i = 0; i < 2; ++i) {
    std::string out;
    Io last;
    carry(i == 0 ? *client : *server, i == 0 ? *server : *client, data, out, last);
    EXPECT_TRUE(out == data);
  }
}

TEST_F(StreamTest, TheEndOfAStreamIsAnEndWithAndWithoutGoodbye) {
  for (const bool goodbye : {true, false}) {
    connect_sockets();
    ASSERT_EQ(shake_hands("api.test", "good"), "");
    std::string out;
    Io last;
    carry(*server, *client, "last words", out, last);
    if (goodbye) {
      server->end_writing();
    } else {
      ::shutdown(server->socket().fd(), SHUT_WR);
    }
    run_task(loop, read_all(*client, 100, out, last));
    EXPECT_EQ(out, "last words");
    EXPECT_TRUE(last.eof) << goodbye << " errno " << last.error;
  }
}

TEST(Context, NamesTheFileThatCannotBeRead) {
  const auto client = ClientContext::create("/nonexistent/ca.pem");
  ASSERT_FALSE(client);
  EXPECT_NE(client.error().message.find("\"/nonexistent/ca.pem\""), std::string::npos);
  const auto server = ServerContext::create("/nonexistent/a.pem", "/nonexistent/a.key");
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().field, "tls.certificate");
}

TEST(Context, RefusesAKeyOfAnotherCertificate) {
  TestCertificates certificates;
  certificates.add("a", "DNS:a.test");
  certificates.add("b", "DNS:b.test");
  const auto server = ServerContext::create(certificates.certificate("a"), certificates.key("b"));
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().field, "tls.key");
}

}  // namespace
}  // namespace tidegate::tls
