#include "mcp/http_link.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "mcp/message.h"
#include "mcp/url.h"
#include "tls/context.h"

namespace tidegate::mcp {
namespace {

constexpr std::size_t kMaxErrorBody = 64 * 1024;
constexpr int kMaxResumes = 5;
constexpr Duration kMaxRetryWait = 30s;
constexpr Duration kReplyTime = 10s;  // for our answer to what a server asks

class NoListener final : public http::SilenceListener {
  void on_silence() override {}
};

bool has_type(const http::ResponseHead& head, std::string_view type) {
  const std::string_view value = trim(head.content_type.substr(0, head.content_type.find(';')));
  return equals_ignoring_case(value, type);
}

Fate fate_of(const Error& error) {
  return error.field == "base_url" ? Fate::not_run : Fate::unknown;
}

// What a status says where the body says nothing.
std::unexpected<Failure> refusal(int status, std::string_view body) {
  std::string message = fmt::format("it answered with status {}", status);
  if (!body.empty()) message += fmt::format(": \"{}\"", excerpt(body, 200));
  switch (status) {
    case 401:
      return failed(ErrorCode::unauthorized, message + "; check the token that `auth` names");
    case 403:
      return failed(ErrorCode::forbidden, std::move(message));
    case 404:
    case 405:
      return failed(ErrorCode::not_found, message + "; is this the address of an MCP endpoint?");
    case 413:
      return failed(ErrorCode::too_large, std::move(message));
    case 429:
      return failed(ErrorCode::rate_limited, std::move(message));
    default:
      break;
  }
  // A proxy that gives up does not know what the server behind it does.
  if (status >= 500) return failed(ErrorCode::unavailable, std::move(message), Fate::unknown);
  return failed(ErrorCode::bad_answer, std::move(message));
}

}  // namespace

// A socket whose peer leaves when the asking is canceled: what http::Call watches.
class HttpLink::Leaving {
 public:
  Leaving(Loop& loop, Cancel& cancel)
      : listener_(cancel, [this] { ::shutdown(peer_, SHUT_RDWR); }) {
    std::array<int, 2> fds{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()) != 0) {
      problem_ = std::strerror(errno);
      return;
    }
    peer_ = fds[1];
    socket_.emplace(loop, fds[0]);
  }
  Leaving(const Leaving&) = delete;
  Leaving& operator=(const Leaving&) = delete;
  ~Leaving() {
    if (peer_ >= 0) ::close(peer_);
  }
  [[nodiscard]] bool usable() const { return socket_.has_value(); }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  Socket& socket() { return *socket_; }

 private:
  int peer_ = -1;
  std::string problem_;
  std::optional<Socket> socket_;
  Cancel::Listener listener_;
};

// What has come of the answer to one request, over all the connections that it took.
struct HttpLink::Stream {
  std::optional<std::string> answer;
  std::string last_event;  // its id; the initialize era can go on after it
  Duration retry = 1s;
  TimePoint last_sign{};
  std::string stray;  // what was sent that is no message
};

Task<Answer<void>> HttpLink::open(Cancel&) {
  if (!endpoint_) {
    const Result<Url> url = parse_url(spec_.url);
    if (!url) co_return std::unexpected(Failure{url.error(), Fate::not_run});
    endpoint_ = url->endpoint;
    endpoint_->path = url->target;
    if (endpoint_->secure) {
      auto context = tls::ClientContext::create(spec_.ca_file);
      if (!context) co_return std::unexpected(Failure{context.error(), Fate::not_run});
      tls_ = std::move(*context);
    }
    pool_ = std::make_unique<http::ClientPool>(loop_, resolver_, *endpoint_, tls_);
  }
  session_.clear();
  session_lost_ = false;
  co_return Answer<void>{};
}

std::string HttpLink::head(std::string_view method, std::string_view more, std::size_t body) const {
  std::string out = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: tidegate\r\n", method,
                                endpoint_->path, endpoint_->authority);
  if (method == "POST") {
    out += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body);
    out += "Accept: application/json, text/event-stream\r\n";
  } else if (method == "GET") {
    out += "Accept: text/event-stream\r\n";
  }
  if (!spec_.token.empty()) out += fmt::format("Authorization: Bearer {}\r\n", spec_.token);
  if (!speech_.version.empty()) {
    out += fmt::format("MCP-Protocol-Version: {}\r\n", speech_.version);
  }
  if (!session_.empty()) out += fmt::format("Mcp-Session-Id: {}\r\n", session_);
  out.append(more).append("\r\n");
  return out;
}

Task<Answer<std::string>> HttpLink::ask(const Ask& ask, Cancel& cancel) {
  if (cancel.canceled()) co_return failed(ErrorCode::canceled, "it was canceled");
  if (!is_open()) co_return failed(ErrorCode::unavailable, "its session has ended");
  Leaving leaving(loop_, cancel);
  if (!leaving.usable()) co_return failed(ErrorCode::io, leaving.problem());
  Stream stream;
  stream.last_sign = loop_.now();
  for (int resumes = 0;; ++resumes) {
    Answer<std::string> answer = co_await exchange(ask, leaving, stream);
    // The initialize era lets a stream be read on where it was cut (2025-11-25, transports).
    const bool goes_on = !answer && answer.error().error.code == ErrorCode::truncated &&
                         !stream.last_event.empty() && !speech_.stateless && resumes < kMaxResumes;
    if (!goes_on) co_return answer;
    const TimePoint until = std::min(ask.deadline, loop_.now() + stream.retry);
    const Wake wake = co_await leaving.socket().until_gone(until);
    if (wake == Wake::gone) co_return failed(ErrorCode::canceled, "it was canceled", Fate::unknown);
    stream.last_sign = loop_.now();
  }
}

Task<Answer<std::string>> HttpLink::exchange(const Ask& ask, Leaving& leaving, Stream& stream) {
  const bool resumes = !stream.last_event.empty();
  const std::string more =
      resumes ? fmt::format("Last-Event-ID: {}\r\n", stream.last_event) : ask.header_lines;
  const std::string lines = head(resumes ? "GET" : "POST", more, ask.text.size());
  const std::array<std::string_view, 2> pieces{lines, resumes ? std::string_view{} : ask.text};
  // A kept connection may have died unseen, and what is sent again then may run twice.
  std::optional<http::ClientPool> fresh;
  if (!ask.repeatable) fresh.emplace(loop_, resolver_, *endpoint_, tls_);
  http::Call call(fresh ? *fresh : *pool_);
  NoListener nobody;
  const http::Call::Deadlines deadlines{spec_.limits.connect, ask.idle, ask.deadline, ask.idle};
  const Result<void> started = co_await call.start(pieces, deadlines, leaving.socket(), nobody);
  if (!started) {
    co_return std::unexpected(Failure{started.error(), fate_of(started.error())});
  }
  stream.last_sign = loop_.now();
  note_session(call.head(), ask.method);
  co_return co_await read_body(ask, call, leaving, stream);
}

void HttpLink::note_session(const http::ResponseHead& head, std::string_view method) {
  if (method != "initialize" || head.status >= 300) return;
  session_ = head.headers.find("mcp-session-id");
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7F; };
  if (!std::ranges::all_of(session_, is_visible)) session_.clear();
}

Task<Answer<std::string>> HttpLink::read_body(const Ask& ask, http::Call& call, Leaving& leaving,
                                              Stream& stream) {
  const int status = call.head().status;
  const bool is_stream = status < 300 && has_type(call.head(), "text/event-stream");
  const std::size_t limit = status < 300 ? spec_.limits.message_bytes : kMaxErrorBody;
  http::SseScanner scanner(static_cast<std::uint32_t>(limit));
  std::string body;
  for (bool over = false; !over;) {
    std::string_view data;
    switch (call.next(data)) {
      case http::Call::Next::data:
        break;
      case http::Call::Next::wait: {
        const TimePoint deadline = std::min(ask.deadline, stream.last_sign + ask.idle);
        const Wake wake = co_await call.until_more(deadline, leaving.socket());
        if (wake == Wake::ready) continue;
        if (wake == Wake::timed_out) {
          co_return failed(ErrorCode::timeout, "it did not answer in time", Fate::unknown);
        }
        co_return failed(ErrorCode::canceled, "it was canceled", Fate::unknown);
      }
      case http::Call::Next::end:
        over = true;
        break;
      case http::Call::Next::cut:
      case http::Call::Next::broken:
        co_return failed(ErrorCode::truncated, "its answer ended before its end", Fate::unknown);
    }
    if (!is_stream) {
      if (body.size() + data.size() > limit) {
        co_return failed(ErrorCode::too_large, fmt::format("its answer is over {} bytes", limit),
                         Fate::unknown);
      }
      body.append(data);
      continue;
    }
    http::SseEvent event;
    for (bool more = !over; more && !stream.answer;) {
      const Result<bool> next = scanner.next(data, event);
      if (!next) {
        co_return failed(ErrorCode::too_large,
                         fmt::format("its answer has an event of over {} bytes", limit),
                         Fate::unknown);
      }
      more = *next && take_event(ask, event, stream);
    }
    if (over && scanner.finish(event)) take_event(ask, event, stream);
    if (stream.answer) co_return std::move(*stream.answer);
  }
  if (is_stream) {
    co_return failed(ErrorCode::truncated, "its stream ended without an answer", Fate::unknown);
  }
  each_message(body, [&](std::string_view text) { take_message(ask, text, stream); });
  if (status >= 400) {
    const bool names_session =
        status == 404 || (status == 400 && to_lower(body).find("session") != body.npos);
    if (!session_.empty() && names_session) {
      session_lost_ = true;
      co_return failed(ErrorCode::unavailable, "its session has ended");
    }
    const bool is_refused = status == 401 || status == 403 || status == 429 || status >= 500;
    if (stream.answer && !is_refused) co_return std::move(*stream.answer);
    co_return refusal(status, body);
  }
  if (stream.answer) co_return std::move(*stream.answer);
  if (status >= 300) co_return refusal(status, {});
  co_return failed(ErrorCode::bad_answer,
                   body.empty() ? fmt::format("it answered with status {} and no body", status)
                                : fmt::format("its answer is no message: \"{}\"", excerpt(body)),
                   Fate::unknown);
}

// False: the rest of the stream is of no interest.
bool HttpLink::take_event(const Ask& ask, const http::SseEvent& event, Stream& stream) {
  for (std::string_view rest = event.bytes; !rest.empty();) {
    const std::size_t end = std::min(rest.find_first_of("\r\n"), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.starts_with("id:") && line.find('\0') == line.npos) {
      stream.last_event = trim(line.substr(3));
    } else if (line.starts_with("retry:")) {
      if (const auto ms = parse_u64(trim(line.substr(6)))) {
        stream.retry =
            std::min(kMaxRetryWait,
                     Duration{std::chrono::milliseconds{std::min<std::uint64_t>(*ms, 30'000)}});
      }
    }
  }
  if (event.kind != http::SseEvent::Kind::data || event.data.empty()) return true;
  if (!event.name.empty() && event.name != "message") return true;
  const std::string data(event.data);
  each_message(data, [&](std::string_view text) { take_message(ask, text, stream); });
  return !stream.answer;
}

void HttpLink::take_message(const Ask& ask, std::string_view text, Stream& stream) {
  const Result<Message> message = read_message(text);
  if (!message) return;
  stream.last_sign = loop_.now();
  // A refusal may come without an id, where the server could not read it.
  const bool is_answer = message->kind == Message::Kind::response &&
                         (message->id == ask.id || (message->error && message->raw_id.empty()));
  if (is_answer) {
    stream.answer = text;
  } else if (message->kind == Message::Kind::request && !speech_.stateless) {
    tasks_.spawn(answer_in_background(answer_to(*message)));
  }
}

Task<void> HttpLink::answer_in_background(std::string text) {
  // Whether it arrives is the server's concern.
  Task<Answer<void>> telling = tell(std::move(text), loop_.now() + kReplyTime);
  (void)co_await telling;
  if (tasks_.size() == 1) {
    loop_.post([this] { quiet_.give(); });
  }
}

Task<Answer<void>> HttpLink::tell(std::string text, TimePoint deadline) {
  const std::string lines = head("POST", {}, text.size());
  const std::array<std::string_view, 2> pieces{lines, text};
  Cancel nobody_cancels;
  Leaving leaving(loop_, nobody_cancels);
  if (!leaving.usable()) co_return failed(ErrorCode::io, leaving.problem());
  http::Call call(*pool_);
  NoListener nobody;
  const Duration left = std::max(Duration{0}, deadline - loop_.now());
  const http::Call::Deadlines deadlines{spec_.limits.connect, left, deadline, left};
  const Result<void> started = co_await call.start(pieces, deadlines, leaving.socket(), nobody);
  if (!started) co_return std::unexpected(Failure{started.error(), fate_of(started.error())});
  const int status = call.head().status;
  if (status >= 300) co_return refusal(status, {});
  std::string_view ignored;
  call.next(ignored);  // the end, where there is no body: then the connection is kept
  co_return Answer<void>{};
}

Task<void> HttpLink::close() {
  while (!tasks_.empty()) co_await quiet_.until_given(loop_.now() + kReplyTime);
  if (pool_ == nullptr || session_.empty() || session_lost_) co_return;
  const std::string lines = head("DELETE", {}, 0);
  const std::array<std::string_view, 1> pieces{lines};
  Cancel nobody_cancels;
  Leaving leaving(loop_, nobody_cancels);
  if (!leaving.usable()) co_return;
  http::Call call(*pool_);
  NoListener nobody;
  const Duration grace = spec_.limits.stop;
  const http::Call::Deadlines deadlines{grace, grace, loop_.now() + grace, grace};
  // A session that is not ended so ends when the server forgets it.
  (void)co_await call.start(pieces, deadlines, leaving.socket(), nobody);
  session_.clear();
}

}  // namespace tidegate::mcp
