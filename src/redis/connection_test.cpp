#include "redis/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "loop/run_task.h"
#include "redis/test_redis.h"
#include "tls/test_certificates.h"

namespace tidegate::redis {
namespace {

class RedisConnection : public testing::Test {
 protected:
  Server server(std::uint16_t port) const { return {.host = "127.0.0.1", .port = port}; }

  Result<std::unique_ptr<Connection>> open(const Server& to) {
    Result<std::unique_ptr<Connection>> out;
    run_task(loop, open_to(*this, to, out));
    return out;
  }
  Result<std::vector<Reply>> exchange(Connection& connection, const Commands& commands,
                                      Duration patience = 5s) {
    Result<std::vector<Reply>> out;
    run_task(loop, exchange_on(connection, commands, clock.now() + patience, out));
    return out;
  }
  static Task<void> open_to(RedisConnection& test, Server to,
                            Result<std::unique_ptr<Connection>>& out) {
    const TimePoint deadline = test.clock.now() + 5s;
    out = co_await Connection::open(test.loop, test.resolver, to, deadline);
  }
  static Task<void> exchange_on(Connection& connection, const Commands& commands,
                                TimePoint deadline, Result<std::vector<Reply>>& out) {
    out = co_await connection.exchange(commands, deadline);
  }

  SystemClock clock;
  Loop loop{clock};
  Resolver resolver{clock};
};

// A server that says what it is told to, once.
class Impostor {
 public:
  explicit Impostor(std::string answer) : fd_(*listen_on(*Address::parse_listen("127.0.0.1:0"))) {
    thread_ = std::thread([this, answer = std::move(answer)] {
      int client = -1;
      while ((client = ::accept(fd_, nullptr, nullptr)) < 0 && errno == EAGAIN) {
        std::this_thread::yield();
      }
      ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
      char heard[4096];
      while (::recv(client, heard, sizeof heard, 0) > 0) continue;
      ::close(client);
    });
  }
  ~Impostor() {
    thread_.join();
    ::close(fd_);
  }
  [[nodiscard]] std::uint16_t port() const { return local_address(fd_).port(); }

 private:
  int fd_;
  std::thread thread_;
};

TEST_F(RedisConnection, sends_many_commands_in_one_round_trip) {
  TestRedis redis;
  auto connection = open(server(redis.port()));
  ASSERT_TRUE(connection) << connection.error().message;
  const std::uint64_t before = (*connection)->round_trips();
  Commands commands;
  const std::string binary("\0\r\n$5\r\n", 7);
  commands.add({"SET", "key", binary});
  for (int i = 0; i < 5000; ++i) commands.add({"INCR", "count"});
  commands.add({"GET", "key"});
  commands.add({"LPUSH", "key", "no list"});
  const auto replies = exchange(**connection, commands);
  ASSERT_TRUE(replies);
  ASSERT_EQ(replies->size(), 5003u);
  EXPECT_EQ((*replies)[5000].integer, 5000);
  EXPECT_EQ((*replies)[5001].text, binary);
  EXPECT_TRUE((*replies)[5002].is_error("WRONGTYPE"));
  EXPECT_EQ((*connection)->round_trips() - before, 1u);
}

TEST_F(RedisConnection, sends_a_script_whole_where_it_is_unknown) {
  TestRedis redis;
  auto connection = open(server(redis.port()));
  ASSERT_TRUE(connection);
  const Script add("return tonumber(ARGV[1]) + tonumber(redis.call('GET', KEYS[1]))");
  const Script bad("return nothing()");
  Commands commands;
  commands.add({"SET", "key", "40"});
  commands.call(add, {"key"}, {"2"});
  commands.call(bad, {}, {});
  for (const std::uint64_t round_trips : {2u, 1u}) {
    const std::uint64_t before = (*connection)->round_trips();
    const auto replies = exchange(**connection, commands);
    ASSERT_TRUE(replies);
    EXPECT_EQ((*replies)[1].integer, 42);
    EXPECT_EQ((*replies)[2].kind, Reply::Kind::error);
    // The second time the server knows the one; the other, which does not compile, it never does.
    EXPECT_LE((*connection)->round_trips() - before, round_trips + 1);
  }
}

TEST_F(RedisConnection, gives_user_password_and_database) {
  TestRedis redis(
      {"--requirepass", "top secret", "--user", "gate", "on", ">its own", "~*", "+@all"});
  Server to = server(redis.port());
  auto refused = open(to);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unauthorized);
  to.password = "wrong secret";
  refused = open(to);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unauthorized);
  EXPECT_FALSE(refused.error().message.contains("wrong secret"));
  EXPECT_TRUE(refused.error().message.contains(to.where()));
  to.password = "top secret";
  EXPECT_TRUE(open(to));
  to.user = "gate";
  to.password = "its own";
  to.database = 3;
  auto connection = open(to);
  ASSERT_TRUE(connection) << connection.error().message;
  Commands commands;
  commands.add({"CLIENT", "INFO"});
  const auto replies = exchange(**connection, commands);
  ASSERT_TRUE(replies);
  EXPECT_TRUE((*replies)[0].text.contains(" db=3 "));
  EXPECT_TRUE((*replies)[0].text.contains(" user=gate "));
  EXPECT_TRUE((*replies)[0].text.contains(" resp=3"));
  to.database = 99;
  refused = open(to);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.contains("there is no database 99"));
}

TEST_F(RedisConnection, checks_the_servers_certificate) {
  tls::TestCertificates certificates;
  certificates.add("good", "IP:127.0.0.1");
  TestRedis redis({"--port", "0", "--tls-port", "{PORT}", "--tls-cert-file",
                   certificates.certificate("good"), "--tls-key-file", certificates.key("good"),
                   "--tls-ca-cert-file", certificates.ca(), "--tls-auth-clients", "no",
                   "--requirepass", "the right one"});
  Server to = server(redis.port());
  to.password = "the right one";
  to.tls = *tls::ClientContext::create(certificates.ca());
  auto connection = open(to);
  ASSERT_TRUE(connection) << connection.error().message;
  Commands commands;
  commands.add({"ECHO", std::string(100'000, 'x')});
  const auto replies = exchange(**connection, commands);
  ASSERT_TRUE(replies);
  EXPECT_EQ((*replies)[0].text.size(), 100'000u);
  const auto refused = [&](std::string_view words) {
    auto tried = open(to);
    ASSERT_FALSE(tried) << words;
    EXPECT_TRUE(tried.error().message.contains(words)) << tried.error().message;
    EXPECT_FALSE(tried.error().message.contains("guess")) << tried.error().message;
  };
  to.password = "a wrong guess";
  refused("password");
  to.password = "the right one";
  to.host = "localhost";  // which the certificate does not name
  refused("certificate");
  to.host = "127.0.0.1";
  to.tls = *tls::ClientContext::create("");
  refused("certificate");
  to.tls = nullptr;
  EXPECT_FALSE(open(to));
}

TEST_F(RedisConnection, refuses_what_is_too_old_or_no_redis) {
  {
    Impostor old("%1\r\n+version\r\n+5.0.14\r\n+OK\r\n");
    const auto refused = open(server(old.port()));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message.contains("version is 5.0.14; at least 7"));
  }
  {
    Impostor older("-ERR unknown command `HELLO`\r\n+OK\r\n");
    const auto refused = open(server(older.port()));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message.contains("older than 6.0"));
  }
  {
    Impostor web("HTTP/1.1 400 Bad Request\r\n\r\n");
    const auto refused = open(server(web.port()));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::bad_answer);
  }
}

TEST_F(RedisConnection, waits_no_longer_than_it_may) {
  TestRedis redis;
  auto connection = open(server(redis.port()));
  ASSERT_TRUE(connection);
  Commands commands;
  commands.add({"BLPOP", "nothing", "0"});
  const auto late = exchange(**connection, commands, 20ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::timeout);
  const std::uint16_t port = redis.port();
  redis.kill();
  const auto gone = open(server(port));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace tidegate::redis
