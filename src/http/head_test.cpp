#include "http/head.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tidegate::http {
namespace {

constexpr HeadLimits kLimits;

std::string post(const std::string& lines) {
  return "POST /v1 HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

TEST(RequestHead, GivesViewsOfAllItsParts) {
  const std::string bytes =
      "POST /v1/chat?a=b HTTP/1.1\r\nHost: api.test:80\r\nX-Empty:\r\nContent-Length:\t 12 "
      "\r\n\r\nbody";
  RequestHead head;
  ASSERT_EQ(parse_request_head(bytes, kLimits, head).state, HeadState::complete);
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/v1/chat?a=b");
  EXPECT_EQ(head.path(), "/v1/chat");
  EXPECT_EQ(head.query(), "a=b");
  EXPECT_EQ(head.host, "api.test:80");
  EXPECT_EQ(head.framing, Framing::length);
  EXPECT_EQ(head.content_length, 12u);
  EXPECT_EQ(head.size, bytes.size() - 4);
  EXPECT_TRUE(head.keep_alive);

  std::vector<std::string> seen;
  std::string lines;
  for (const Header& header : head.headers) {
    seen.push_back(std::string(header.name) + "=" + std::string(header.value()));
    lines += header.line;
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"Host=api.test:80", "X-Empty=", "Content-Length=12"}));
  EXPECT_EQ(lines, head.headers.lines());
  EXPECT_EQ(head.headers.find("content-LENGTH"), "12");
  EXPECT_EQ(head.headers.find("content-lengt"), "");
}

TEST(RequestHead, FollowsItsBytesToWhereTheyAreCopied) {
  std::string bytes = "GET /x?q HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n";
  RequestHead head;
  ASSERT_EQ(parse_request_head(bytes, kLimits, head).state, HeadState::complete);
  const std::string copy = bytes;
  head.rebase(bytes.data(), copy.data());
  bytes.assign(bytes.size(), '#');
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.query(), "q");
  EXPECT_EQ(head.host, "h");
  EXPECT_EQ(head.headers.find("a"), "b");
}

struct Accepted {
  std::string bytes;
  Framing framing;
  bool keep_alive;
  const char* why;
};

TEST(RequestHead, AcceptsWhatIsUnambiguous) {
  const std::vector<Accepted> cases = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", Framing::none, true, "the least"},
      {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Framing::none, true, "one empty line before it"},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", Framing::none, true, "an empty Host"},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", Framing::none, true, "the asterisk form"},
      {"GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n", Framing::none, true, "the absolute form"},
      {"GET / HTTP/1.0\r\n\r\n", Framing::none, false, "HTTP/1.0 closes, needs no Host"},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", Framing::none, true, "unless asked"},
      {post("Connection: close\r\n"), Framing::none, false, "HTTP/1.1 closes when asked"},
      {post("Connection: a , CLOSE,b\r\n"), Framing::none, false, "in a list, in any case"},
      {post("Connection: closed\r\n"), Framing::none, true, "but only as a whole word"},
      {post("Connection: keep-alive, close\r\n"), Framing::none, false, "close wins"},
      {post("Content-Length: 0\r\n"), Framing::none, true, "no body"},
      {post("Content-Length: 007\r\n"), Framing::length, true, "leading zeros"},
      {post("Content-Length: 999999999999999\r\n"), Framing::length, true, "15 digits"},
      {post("Transfer-Encoding: chunked\r\n"), Framing::chunked, true, "chunked"},
      {post("transfer-encoding:CHUNKED \r\n"), Framing::chunked, true, "in any case"},
      {post("X: caf\xc3\xa9\tand\ttabs\r\n"), Framing::none, true, "UTF-8 and tabs in a value"},
      {post("!#$%&'*+-.^_`|~09azAZ: x\r\n"), Framing::none, true, "every token character"},
  };
  for (const Accepted& c : cases) {
    RequestHead head;
    const HeadResult result = parse_request_head(c.bytes, kLimits, head);
    EXPECT_EQ(result.state, HeadState::complete) << c.why << ": " << result.problem;
    EXPECT_EQ(head.framing, c.framing) << c.why;
    EXPECT_EQ(head.keep_alive, c.keep_alive) << c.why;
    EXPECT_EQ(head.size, c.bytes.size()) << c.why;
  }
}

struct Refused {
  std::string bytes;
  const char* problem;  // part of the sentence
  int status = 400;
};

TEST(RequestHead, RefusesWhatTwoParsersCouldReadDifferently) {
  using namespace std::string_literals;
  const std::vector<Refused> cases = {
      {"GET / HTTP/1.1\nHost: a\r\n\r\n", "request line does not end in CRLF"},
      {"GET / HTTP/1.1\rHost: a\r\n\r\n", "request line does not end in CRLF"},
      {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "request line does not end in CRLF"},
      {"GET / HTTP/1.1\r\nHost: a\n\r\n", "bare LF"},
      {"GET / HTTP/1.1\r\nHost: a\r\n\n", "bare LF"},
      {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", "control byte"},
      {"GET / HTTP/1.1\r\nHost: a\r\n\rX", "bare CR"},
      {post("X: a\0b\r\n"s), "control byte"},
      {post("X: a\x01z\r\n"), "control byte"},
      {post("X: a\x7fz\r\n"), "control byte"},
      {post("X\0Y: a\r\n"s), "header name"},
      {post("X: a\r\n folded\r\n"), "folded"},
      {post("X: a\r\n\tfolded\r\n"), "folded"},
      {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", "folded"},
      {post("X : a\r\n"), "header name"},
      {post("Content-Length : 5\r\n"), "header name"},
      {post(": a\r\n"), "header name"},
      {post("no colon\r\n"), "header name"},
      {post("na\xc3\xafve: a\r\n"), "header name"},
      {post("Content-Length: 5\r\nContent-Length: 6\r\n"), "Content-Length is repeated"},
      {post("Content-Length: 5\r\ncontent-length: 5\r\n"), "Content-Length is repeated"},
      {post("Content-Length: 5, 5\r\n"), "plain decimal"},
      {post("Content-Length: 5 5\r\n"), "plain decimal"},
      {post("Content-Length: +5\r\n"), "plain decimal"},
      {post("Content-Length: -5\r\n"), "plain decimal"},
      {post("Content-Length: 0x5\r\n"), "plain decimal"},
      {post("Content-Length: 5.0\r\n"), "plain decimal"},
      {post("Content-Length:\r\n"), "plain decimal"},
      {post("Content-Length: 1000000000000000\r\n"), "plain decimal"},
      {post("Content-Length: 18446744073709551621\r\n"), "plain decimal"},
      {post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "are both there"},
      {post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), "are both there"},
      {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "is repeated"},
      {post("Transfer-Encoding: gzip, chunked\r\n"), "something other"},
      {post("Transfer-Encoding: chunked, chunked\r\n"), "something other"},
      {post("Transfer-Encoding: chunked;q=1\r\n"), "something other"},
      {post("Transfer-Encoding: xchunked\r\n"), "something other"},
      {post("Transfer-Encoding: \"chunked\"\r\n"), "something other"},
      {post("Transfer-Encoding: identity\r\n"), "something other"},
      {post("Transfer-Encoding:\r\n"), "something other"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0 does not know"},
      {"GET / HTTP/1.1\r\n\r\n", "Host header is missing"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "Host header is repeated"},
      {post("Expect: 200-ok\r\n"), "something other than 100-continue", 417},
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "target is empty"},
      {"GET / x HTTP/1.1\r\nHost: a\r\n\r\n", "does not end with an HTTP version"},
      {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", "does not begin with a method"},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "does not begin with a method"},
      {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "does not begin with a method"},
      {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "does not begin with a method"},
      {"GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", "does not begin with a method"},
      {"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", "target is empty or contains"},
      {"GET /\r\nHost: a\r\n\r\n", "target is empty or contains"},
      {"GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"s, "target is empty or contains"},
      {"GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", "neither a path nor"},
      {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "neither a path nor"},
      {"GET / http/1.1\r\nHost: a\r\n\r\n", "does not end with an HTTP version"},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "version is not 1.1", 505},
      {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", "version is not 1.1", 505},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "version is not 1.1", 505},
  };
  for (const Refused& c : cases) {
    RequestHead head;
    const HeadResult result = parse_request_head(c.bytes, kLimits, head);
    EXPECT_EQ(result.state, HeadState::bad) << shown(c.bytes);
    EXPECT_EQ(result.status, c.status) << shown(c.bytes);
    EXPECT_NE(result.problem.find(c.problem), std::string_view::npos)
        << shown(c.bytes) << " gave: " << result.problem;
  }
}

TEST(RequestHead, HasALimitOfHeaderLines) {
  const HeadLimits limits{.headers = 3};
  RequestHead head;
  EXPECT_EQ(parse_request_head(post("A: 1\r\nB: 2\r\n"), limits, head).state, HeadState::complete);
  EXPECT_EQ(parse_request_head(post("A: 1\r\nB: 2\r\nC: 3\r\n"), limits, head).status, 431);
}

TEST(RequestHead, HasALimitOfBytesThatDoesNotCountTheBody) {
  const std::string bytes = post("X: y\r\nContent-Length: 100\r\n");
  const HeadLimits limits{.bytes = bytes.size()};
  RequestHead head;
  EXPECT_EQ(parse_request_head(bytes + std::string(100, 'b'), limits, head).state,
            HeadState::complete);
  const HeadLimits less{.bytes = bytes.size() - 1};
  const HeadResult result = parse_request_head(bytes, less, head);
  EXPECT_EQ(result.state, HeadState::bad);
  EXPECT_EQ(result.status, 431);
  // At the limit, more may still come; whether it is too much is not known yet.
  EXPECT_EQ(parse_request_head(bytes.substr(0, less.bytes), less, head).state,
            HeadState::incomplete);
}

TEST(RequestHead, ATargetOverTheLimitHasItsOwnStatus) {
  RequestHead head;
  const HeadResult result =
      parse_request_head("GET /" + std::string(200, 'a'), {.bytes = 100}, head);
  EXPECT_EQ(result.state, HeadState::bad);
  EXPECT_EQ(result.status, 414);
}

TEST(RequestHead, IsIncompleteUntilItsLastByte) {
  const std::string bytes =
      "\r\nPOST /v1 HTTP/1.1\r\nHost: a\r\nLong: 0123456789abcdef0123456789\r\nContent-Length: "
      "5\r\n\r\n";
  RequestHead head;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // An exact copy, so that a sanitizer sees reads behind its end.
    const std::vector<char> part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(parse_request_head({part.data(), size}, kLimits, head).state, HeadState::incomplete)
        << size;
  }
  EXPECT_EQ(parse_request_head(bytes, kLimits, head).state, HeadState::complete);
}

TEST(ResponseHead, SaysHowItsBodyEnds) {
  struct Case {
    std::string bytes;
    int status;
    Framing framing;
    bool keep_alive;
  };
  const std::vector<Case> cases = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, Framing::length, true},
      {"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 200, Framing::none, true},
      {"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n", 200, Framing::chunked, true},
      {"HTTP/1.1 500 Oh no\r\n\r\n", 500, Framing::until_close, false},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, Framing::none, true},
      {"HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\n", 304, Framing::none, true},
      {"HTTP/1.1 100 Continue\r\n\r\n", 100, Framing::none, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", 200, Framing::length,
       false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", 200, Framing::length, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", 200,
       Framing::length, true},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n", 200,
       Framing::chunked, false},
  };
  for (const Case& c : cases) {
    ResponseHead head;
    const HeadResult result = parse_response_head(c.bytes, kLimits, head);
    ASSERT_EQ(result.state, HeadState::complete) << shown(c.bytes) << result.problem;
    EXPECT_EQ(head.status, c.status) << shown(c.bytes);
    EXPECT_EQ(head.framing, c.framing) << shown(c.bytes);
    EXPECT_EQ(head.keep_alive, c.keep_alive) << shown(c.bytes);
    EXPECT_EQ(head.size, c.bytes.size());
    for (std::size_t size = 0; size < c.bytes.size(); ++size) {
      EXPECT_EQ(parse_response_head(c.bytes.substr(0, size), kLimits, head).state,
                HeadState::incomplete)
          << shown(c.bytes.substr(0, size));
    }
  }
}

TEST(ResponseHead, KnowsItsContentType) {
  ResponseHead head;
  const auto content_type_in = [&head](std::string_view lines) {
    const std::string bytes = "HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n";
    EXPECT_EQ(parse_response_head(bytes, kLimits, head).state, HeadState::complete);
    return std::string(head.content_type);
  };
  EXPECT_EQ(content_type_in("x-request-id: 1\r\ncontent-TYPE:  text/event-stream \r\n"),
            "text/event-stream");
  EXPECT_EQ(content_type_in("Content-Length: 0\r\n"), "");
}

TEST(ResponseHead, RefusesWhatIsNotHttp) {
  for (const char* wrong :
       {"SSH-2.0-OpenSSH_9.2\r\n", "<html>", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20x OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    ResponseHead head;
    EXPECT_EQ(parse_response_head(wrong, kLimits, head).state, HeadState::bad) << shown(wrong);
  }
  ResponseHead head;
  const std::string endless = "HTTP/1.1 200 OK\r\nX: " + std::string(200, 'x');
  EXPECT_EQ(parse_response_head(endless, {.bytes = 100}, head).state, HeadState::bad);
}

}  // namespace
}  // namespace tidegate::http
