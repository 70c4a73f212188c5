#include "loop/resolver.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <mutex>
#include <semaphore>
#include <thread>

#include "loop/run_task.h"

namespace tidegate {
namespace {

// A DNS server on loopback that knows a few names: A records only, NXDOMAIN for others.
class TinyDns {
 public:
  struct Record {
    const char* ip;
    std::uint8_t ttl_seconds;
  };

  explicit TinyDns(std::map<std::string, Record> records, bool held = false)
      : records_(std::move(records)), fd_(::socket(AF_INET, SOCK_DGRAM, 0)), held_(held) {
    const Address any = *Address::parse_ip("127.0.0.1", 0);
    EXPECT_EQ(::bind(fd_, any.raw(), any.raw_size()), 0);
    address_ = local_address(fd_);
    thread_ = std::thread([this] { serve(); });
  }
  ~TinyDns() {
    release();
    const Address self = address_;
    ::sendto(fd_, "", 0, 0, self.raw(), self.raw_size());  // an empty question ends serve()
    thread_.join();
    ::close(fd_);
  }
  [[nodiscard]] std::string text() const { return address_.text(); }
  [[nodiscard]] int questions() const { return questions_.load(); }
  void release() { gate_.release(); }

 private:
  void serve() {
    for (;;) {
      unsigned char question[512];
      sockaddr_in from{};
      socklen_t from_size = sizeof from;
      const ssize_t n = ::recvfrom(fd_, question, sizeof question, 0,
                                   reinterpret_cast<sockaddr*>(&from), &from_size);
      if (n <= 16) return;
      if (std::exchange(held_, false)) gate_.acquire();
      const std::string reply =
          answer({reinterpret_cast<char*>(question), static_cast<std::size_t>(n)});
      ::sendto(fd_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), from_size);
    }
  }

  // RFC 1035, 4.1: header of 12 bytes, the name in labels, type and class.
  std::string answer(const std::string& question) {
    std::string name;
    std::size_t at = 12;
    while (question[at] != 0) {
      const std::size_t size = static_cast<unsigned char>(question[at]);
      name += (name.empty() ? "" : ".") + question.substr(at + 1, size);
      at += size + 1;
    }
    const bool is_a = question[at + 2] == 1;
    if (is_a) ++questions_;
    const auto record = records_.find(name);
    std::string reply = question.substr(0, at + 5);
    reply[2] = '\x81';                                      // an answer, recursion desired
    reply[3] = record == records_.end() ? '\x83' : '\x80';  // NXDOMAIN or no error
    for (std::size_t i = 6; i < 12; ++i) reply[i] = 0;      // no records beside the question
    if (record == records_.end() || !is_a) return reply;
    reply[7] = 1;
    reply += std::string("\xc0\x0c\0\1\0\1\0\0\0", 9);  // the name of the question, A, IN, TTL
    reply += static_cast<char>(record->second.ttl_seconds);
    in_addr ip{};
    ::inet_pton(AF_INET, record->second.ip, &ip);
    reply += std::string("\0\4", 2) + std::string(reinterpret_cast<char*>(&ip), 4);
    return reply;
  }

  std::map<std::string, Record> records_;
  int fd_;
  bool held_;  // the first answer waits for release()
  std::counting_semaphore<> gate_{0};
  Address address_;
  std::atomic<int> questions_{0};
  std::thread thread_;
};

using Answer = Result<std::vector<Address>>;

Task<void> look_up(Resolver& resolver, Loop& loop, std::string host, Answer& out) {
  out = co_await resolver.resolve(loop, std::move(host), 443);
}

class ResolverTest : public testing::Test {
 protected:
  std::string ask(Resolver& resolver, const std::string& host) {
    Answer answer = fail(ErrorCode::internal, "not answered");
    run_task(loop, look_up(resolver, loop, host, answer));
    if (!answer) return answer.error().message;
    std::string all;
    for (const Address& address : *answer) all += address.text() + " ";
    return all;
  }

  const SystemClock clock;
  FakeClock ttl_clock;
  Loop loop{clock};
};

TEST_F(ResolverTest, IpLiteralsNeedNoServer) {
  Resolver resolver(ttl_clock, {.servers = "127.0.0.1:1"});
  EXPECT_EQ(ask(resolver, "192.0.2.7"), "192.0.2.7:443 ");
  EXPECT_EQ(ask(resolver, "2001:db8::1"), "[2001:db8::1]:443 ");
  EXPECT_EQ(ask(resolver, "[::1]"), "[::1]:443 ");
}

TEST_F(ResolverTest, LocalhostNeedsNoHostsFile) {
  TinyDns dns({});
  Resolver resolver(ttl_clock, {.servers = dns.text()});
  EXPECT_EQ(ask(resolver, "tide.localhost"), "127.0.0.1:443 [::1]:443 ");
}

TEST_F(ResolverTest, KeepsAnAnswerForItsTtl) {
  TinyDns dns({{"api.test", {"192.0.2.1", 30}}});
  Resolver resolver(ttl_clock, {.servers = dns.text()});
  EXPECT_EQ(ask(resolver, "api.test"), "192.0.2.1:443 ");
  ttl_clock.advance(29s);
  EXPECT_EQ(ask(resolver, "api.test"), "192.0.2.1:443 ");
  EXPECT_EQ(dns.questions(), 1);
  ttl_clock.advance(2s);
  EXPECT_EQ(ask(resolver, "api.test"), "192.0.2.1:443 ");
  EXPECT_EQ(dns.questions(), 2);
}

TEST_F(ResolverTest, ATtlOfZeroIsKeptForTheMinimumOnly) {
  TinyDns dns({{"api.test", {"192.0.2.1", 0}}});
  Resolver resolver(ttl_clock, {.servers = dns.text()});
  ask(resolver, "api.test");
  ask(resolver, "api.test");
  EXPECT_EQ(dns.questions(), 1);
  ttl_clock.advance(1100ms);
  ask(resolver, "api.test");
  EXPECT_EQ(dns.questions(), 2);
}

TEST_F(ResolverTest, AFailureNamesTheHostAndIsKeptForAMoment) {
  TinyDns dns({});
  Resolver resolver(ttl_clock, {.servers = dns.text()});
  EXPECT_TRUE(
      ask(resolver, "missing.test").starts_with("the host name \"missing.test\" cannot be"));
  const int questions = dns.questions();
  ask(resolver, "missing.test");
  EXPECT_EQ(dns.questions(), questions);
  ttl_clock.advance(1100ms);
  ask(resolver, "missing.test");
  EXPECT_GT(dns.questions(), questions);
}

TEST_F(ResolverTest, AServerThatIsSilentTimesOut) {
  TinyDns dns({{"api.test", {"192.0.2.1", 30}}}, true);
  Resolver resolver(ttl_clock, {.timeout = 30ms, .servers = dns.text()});
  EXPECT_TRUE(ask(resolver, "api.test").starts_with("the host name \"api.test\" cannot be"));
}

TEST_F(ResolverTest, ManyWaitForOneQuestion) {
  constexpr std::size_t kWaiters = 50;
  TinyDns dns({{"api.test", {"192.0.2.1", 30}}}, true);
  Resolver resolver(ttl_clock, {.servers = dns.text()});
  std::vector<Answer> answers(kWaiters, fail(ErrorCode::internal, "not answered"));
  std::size_t answered = 0;
  const auto wait = [](Resolver& from, Loop& on, Answer& out, std::size_t& count) -> Task<void> {
    out = co_await from.resolve(on, "api.test", 443);
    if (++count == kWaiters) on.stop();
  };
  TaskGroup group;
  for (Answer& answer : answers) group.spawn(wait(resolver, loop, answer, answered));
  EXPECT_EQ(group.size(), kWaiters);
  dns.release();
  loop.run();
  for (const Answer& answer : answers) EXPECT_TRUE(answer.has_value());
  EXPECT_EQ(dns.questions(), 1);
}

}  // namespace
}  // namespace tidegate
