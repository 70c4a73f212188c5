#include "http/call.h"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include "http/test_call.h"

namespace tidegate::http {
namespace {

TEST_F(CallTest, KeepsTheConnectionForTheNextCall) {
  ScriptedProvider provider({answers(kOk, 3)});
  use(provider.address);
  for (int i = 0; i < 3; ++i) {
    const Outcome out = call();
    EXPECT_EQ(out.status, 200) << error_of(out);
    EXPECT_EQ(out.body, "ok");
    EXPECT_EQ(out.end, Call::Next::end);
  }
  EXPECT_EQ(provider.accepted, 1);
}

TEST_F(CallTest, ReplacesAKeptConnectionThatTurnsOutToBeClosed) {
  ScriptedProvider provider({answers_then_leaves_without_a_byte(), answers(kOk)});
  use(provider.address);
  EXPECT_EQ(call().body, "ok");
  const Outcome out = call();
  EXPECT_EQ(out.body, "ok") << error_of(out);
  EXPECT_EQ(provider.accepted, 2);
}

TEST_F(CallTest, ReplacesItOnlyOnce) {
  ScriptedProvider provider(
      {answers_then_leaves_without_a_byte(), [](RawPeer& peer) { peer.read_until("\r\n\r\n"); }});
  use(provider.address);
  call();
  const Outcome out = call();
  ASSERT_TRUE(out.error);
  EXPECT_EQ(out.error->code, ErrorCode::unavailable);
  EXPECT_EQ(provider.accepted, 2);
  EXPECT_EQ(pool->open(), 0);
}

TEST_F(CallTest, DoesNotRepeatARequestOnceAByteOfItsAnswerCame) {
  ScriptedProvider provider({[](RawPeer& peer) {
                               answers(kOk)(peer);
                               answers("H")(peer);
                             },
                             answers(kOk)});
  use(provider.address);
  call();
  const Outcome out = call();
  ASSERT_TRUE(out.error);
  EXPECT_EQ(out.error->code, ErrorCode::truncated);
  EXPECT_EQ(provider.accepted, 1);
}

Task<void> one_turn(Loop& loop) { co_await loop.sleep_until(loop.now() + 1ms); }

TEST_F(CallTest, DoesNotUseAnIdleConnectionThatWasClosedOrSaidSomething) {
  for (const char* unasked : {"", "HTTP/1.1 408 Request Timeout\r\n\r\n"}) {
    std::counting_semaphore<> said{0}, answered{0};
    ScriptedProvider provider({[&](RawPeer& peer) {
                                 answers(kOk)(peer);
                                 answered.acquire();
                                 peer.send(unasked);
                                 if (*unasked == 0) peer.close();
                                 said.release();
                                 peer.read_to_end();
                               },
                               answers(kOk)});
    use(provider.address);
    call();
    answered.release();
    said.acquire();
    run_task(loop, one_turn(loop));  // in which the loop hears of it
    const Outcome out = call();
    EXPECT_EQ(out.body, "ok") << error_of(out);
    EXPECT_EQ(provider.accepted, 2);
    pool.reset();
  }
}

// Each cut is made certain: the rest is sent when the silence after the first part was noticed.
TEST_F(CallTest, ReadsAnAnswerThatIsSplitAnywhereAndSkipsInterimOnes) {
  const std::string answer =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  const std::size_t head = answer.find("5\r\nhello");
  std::counting_semaphore<> rest{0};
  ScriptedProvider provider({[&](RawPeer& peer) {
    for (std::size_t cut = 1; cut < head; cut += 5) {
      peer.read_until("\r\n\r\n");
      peer.send(answer.substr(0, cut));
      rest.acquire();
      peer.send(answer.substr(cut));
    }
  }});
  use(provider.address);
  deadlines.silence = 1ms;
  for (std::size_t cut = 1; cut < head; cut += 5) {
    bool told = false;
    silence.also = [&] {
      if (!std::exchange(told, true)) rest.release();
    };
    const Outcome out = call();
    ASSERT_EQ(out.status, 200) << cut << error_of(out);
    ASSERT_EQ(out.body, "hello") << cut;
    ASSERT_EQ(out.end, Call::Next::end) << cut;
  }
  EXPECT_EQ(provider.accepted, 1);
}

struct Case {
  std::string answer;
  int status;
  std::string body;
  Call::Next end;
  int kept;  // connections afterwards
};

TEST_F(CallTest, KnowsWhereABodyEnds) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::vector<Case> cases = {
      {kOk, 200, "ok", Call::Next::end, 1},
      {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", Call::Next::end, 1},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", Call::Next::end, 1},
      {chunked + "2\r\nok\r\n3;x\r\n...\r\n0\r\nT: x\r\n\r\n", 200, "ok...", Call::Next::end, 1},
      {"HTTP/1.1 200 OK\r\n\r\nto the end", 200, "to the end", Call::Next::end, 0},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 200, "ok",
       Call::Next::end, 0},
      {kOk + "more than it said", 200, "ok", Call::Next::end, 0},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ncut", 200, "cut", Call::Next::cut, 0},
      {chunked + "5\r\ncut", 200, "cut", Call::Next::cut, 0},
      {chunked + "3\r\ncut\r\n", 200, "cut", Call::Next::cut, 0},
      {chunked, 200, "", Call::Next::cut, 0},
      {chunked + "3\r\nbad\r\nx", 200, "bad", Call::Next::broken, 0},
  };
  for (const Case& c : cases) {
    std::counting_semaphore<> done{0};
    ScriptedProvider provider({[&](RawPeer& peer) {
      answers(c.answer)(peer);
      if (c.kept != 0) done.acquire();
    }});
    use(provider.address);
    const Outcome out = call();
    EXPECT_EQ(out.status, c.status) << c.answer << error_of(out);
    EXPECT_EQ(out.body, c.body) << c.answer;
    EXPECT_EQ(out.end, c.end) << c.answer;
    EXPECT_EQ(pool->open(), c.kept) << c.answer;
    done.release();
    pool.reset();
  }
}

TEST_F(CallTest, SaysWhatIsWrongWithAnAnswerThatIsNotHttp) {
  for (const char* answer : {"SSH-2.0-OpenSSH_9.2p1\r\n", "HTTP/1.1 200 OK\nA: b\n\n",
                             "HTTP/1.1 101 Switching Protocols\r\n\r\n"}) {
    ScriptedProvider provider({answers(answer)});
    use(provider.address);
    const Outcome out = call();
    ASSERT_TRUE(out.error) << answer;
    EXPECT_EQ(out.error->code, ErrorCode::invalid);
    EXPECT_NE(out.error->message.find("did not answer in HTTP/1.1"), std::string::npos);
    EXPECT_EQ(pool->open(), 0);
  }
}

TEST_F(CallTest, BoundsInterimAnswers) {
  ScriptedProvider provider({[](RawPeer& peer) {
    std::string endless;
    for (int i = 0; i < 40'000; ++i) endless += "HTTP/1.1 100 Continue\r\n\r\n";
    answers(endless)(peer);
  }});
  use(provider.address);
  const Outcome out = call();
  ASSERT_TRUE(out.error);
  EXPECT_EQ(out.error->code, ErrorCode::invalid) << out.error->message;
}

TEST_F(CallTest, SendsALargeRequestToASlowReader) {
  const std::string body(8u << 20, 'b');
  std::atomic<std::size_t> received = 0;
  ScriptedProvider provider({[&](RawPeer& peer) {
    peer.read_until("\r\n\r\n");
    received = peer.read(body.size()).size();
    peer.send(kOk);
  }});
  use(provider.address);
  EXPECT_EQ(call("POST / HTTP/1.1\r\n\r\n" + body).body, "ok");
  EXPECT_EQ(received.load(), body.size());
}

// The answer comes first, and the provider only reads on to let the client finish.
TEST_F(CallTest, TakesAnAnswerThatComesBeforeTheRequestIsSent) {
  ScriptedProvider provider({[](RawPeer& peer) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    peer.read_to_end();
  }});
  use(provider.address);
  EXPECT_EQ(call("POST / HTTP/1.1\r\n\r\n" + std::string(8u << 20, 'b')).status, 413);
  EXPECT_EQ(pool->open(), 0);
}

// Nobody reads the rest of the request, so the answer must be seen while its sending is stuck.
TEST_F(CallTest, TakesARefusalWhileTheRequestCannotBeSent) {
  std::counting_semaphore<> done{0};
  ScriptedProvider provider({[&](RawPeer& peer) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 Too Large\r\nContent-");
    peer.send("Length: 2\r\n\r\nno");
    done.acquire();
  }});
  use(provider.address);
  const Outcome out = call("POST / HTTP/1.1\r\n\r\n" + std::string(64u << 20, 'b'));
  EXPECT_EQ(out.status, 413) << error_of(out);
  EXPECT_EQ(out.body, "no");
  EXPECT_EQ(pool->open(), 0) << "half a request was sent: the connection is of no more use";
  done.release();
}

TEST_F(CallTest, SendsAllOfARequestWhoseAnswerBeginsEarly) {
  const std::string body(32u << 20, 'b');
  std::atomic<std::size_t> received = 0;
  ScriptedProvider provider({[&](RawPeer& peer) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nba");
    received = peer.read(body.size()).size();
    peer.send("ck");
  }});
  use(provider.address);
  EXPECT_EQ(call("POST / HTTP/1.1\r\n\r\n" + body).body, "back");
  EXPECT_EQ(received.load(), body.size());
}

}  // namespace
}  // namespace tidegate::http
