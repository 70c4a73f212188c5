#include "http/server_connection.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "http/chunked.h"

namespace tidegate::http {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// For the request after one of `size` bytes; 0: too large to be held ready.
std::size_t room_for(std::size_t size) {
  constexpr std::size_t kSmall = 4096, kLarge = 8192;
  if (size < kSmall - kSmall / 8) return kSmall;
  return size < kLarge - kLarge / 8 ? kLarge : 0;
}

}  // namespace

ServerConnection::ServerConnection(Server& server, Server::PerWorker& worker, int fd)
    : server_(server), worker_(worker), stream_(worker.worker.loop(), fd) {
  client_ = &stream_.socket();
  worker_index_ = worker.index;
  next_ = worker.first;
  if (next_ != nullptr) next_->previous_ = this;
  worker.first = this;
}

ServerConnection::~ServerConnection() {
  (previous_ != nullptr ? previous_->next_ : worker_.first) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
}

void ServerConnection::close_if_idle() {
  if (!idle_) return;
  // A request may be here that the loop has not heard of yet: it shall still be answered.
  char byte;
  const ssize_t waiting = ::recv(stream_.socket().fd(), &byte, 1, MSG_PEEK);
  if (waiting <= 0) stream_.socket().cancel();
}

void ServerConnection::abort() { ::shutdown(stream_.socket().fd(), SHUT_RDWR); }

Task<void> ServerConnection::run() {
  Loop& loop = worker_.worker.loop();
  Socket& socket = stream_.socket();
  const ServerOptions& options = server_.options_;
  if (options.tls != nullptr) {
    stream_.secure(options.tls->accept());
    const Result<void> secured = co_await stream_.handshake(loop.now() + options.client_head);
    if (!secured) co_return;
  }
  // A connection that says nothing gets as long as a slow head; later, the keep-alive time.
  Duration patience = options.client_head;
  while (keep_alive_) {
    std::string_view received;
    RecycledBytes room;
    if (carry_.empty()) {
      Io io = read_first(room, received);
      while (io.again) {
        idle_ = true;
        const Wake wake = co_await socket.until_readable(loop.now() + patience);
        idle_ = false;
        if (wake != Wake::ready) co_return;
        io = read_first(room, received);
      }
      if (io.failed()) co_return;
    } else {
      received = carry_;
    }
    received_ = loop.wall();
    head_result_ = read_head(received);
    if (head_result_.state == HeadState::incomplete) {
      const bool complete = co_await complete_head(received);
      if (!complete) co_return;
      received = carry_;
    }
    if (head_result_.state == HeadState::bad) {
      co_await refuse(head_result_.status, head_result_.problem);
      co_return;
    }
    if (!take_whole_request(received, room)) {
      const Read read = co_await read_body(received);
      if (read != Read::request) co_return;
      room.reset();
    }
    keep_alive_ = head_.keep_alive;
    bodiless_ = head_.method == "HEAD";
    begun_ = finished_ = false;
    co_await server_.handler_.serve(*this);
    release_request();
    if (!finished_ || broken_) co_return;
    if (server_.draining_.load(std::memory_order_relaxed)) break;
    patience = options.client_idle;
  }
  co_await linger();
}

// Reads what is there of a next request: into `room`, which then needs no copy, if it is likely to
// fit.
Io ServerConnection::read_first(RecycledBytes& room, std::string_view& received) {
  char* to = worker_.worker.loop().scratch();
  std::size_t size = Loop::kScratchSize;
  if (likely_size_ != 0 && stream_.socket().readable()) {
    room = RecycledBytes(likely_size_);
    to = room.get();
    size = likely_size_;
  }
  const Io io = stream_.read(to, size);
  if (io.again) room.reset();
  received = {to, io.bytes};
  return io;
}

HeadResult ServerConnection::read_head(std::string_view received) {
  if (worker_.heads.recall(received, head_)) return {HeadState::complete};
  const HeadResult result = parse_request_head(received, server_.options_.head, head_);
  if (result.state == HeadState::complete) worker_.heads.remember(received, head_);
  return result;
}

// The normal case: one read brought a whole request. It keeps `room` if it lies there, and else
// gets a buffer of its own.
bool ServerConnection::take_whole_request(std::string_view received, RecycledBytes& room) {
  const std::uint64_t body = head_.framing == Framing::none ? 0 : head_.content_length;
  if (head_.framing == Framing::chunked || received.size() - head_.size < body) return false;
  if (body > server_.options_.body_bytes) return false;  // read_body() refuses it
  const std::size_t size = head_.size + static_cast<std::size_t>(body);
  if (received.data() == room.get()) {
    request_ = std::move(room);
  } else {
    request_ = RecycledBytes(size);
    std::memcpy(request_.get(), received.data(), size);
    head_.rebase(received.data(), request_.get());
  }
  body_ = {request_.get() + head_.size, static_cast<std::size_t>(body)};
  likely_size_ = room_for(size);
  if (received.data() == carry_.data()) {
    carry_.erase(0, size);
    if (carry_.empty()) carry_.shrink_to_fit();
  } else if (received.size() > size) {
    carry_.assign(received.substr(size));
  }
  return true;
}

// Gathers a head that came in pieces into carry_. False: the connection ended or was too slow.
Task<bool> ServerConnection::complete_head(std::string_view received) {
  Loop& loop = worker_.worker.loop();
  const TimePoint deadline = loop.now() + server_.options_.client_head;
  if (received.data() != carry_.data()) carry_.assign(received);
  std::size_t searched = 0;
  for (;;) {
    std::size_t got = 0;
    const bool alive = co_await more(loop.scratch(), Loop::kScratchSize, got, deadline);
    if (!alive) {
      if (loop.now() >= deadline) {
        co_await refuse(408, "the request's head did not arrive in time");
      }
      co_return false;
    }
    carry_.append(loop.scratch(), got);
    // Parsing starts anew each time, so only when the end may be there or the limit is passed;
    // otherwise a head that comes byte by byte would cost its length squared.
    const bool may_end = carry_.find("\r\n\r\n", searched) != std::string::npos ||
                         carry_.find("\n\n", searched) != std::string::npos;
    searched = carry_.size() - std::min<std::size_t>(carry_.size(), 3);
    if (!may_end && carry_.size() <= server_.options_.head.bytes) continue;
    head_result_ = parse_request_head(carry_, server_.options_.head, head_);
    if (head_result_.state != HeadState::incomplete) co_return true;
  }
}

// Waits for and reads at least one byte. False: closed, failed or timed out.
Task<bool> ServerConnection::more(char* to, std::size_t size, std::size_t& got,
                                  TimePoint deadline) {
  for (;;) {
    const Io io = stream_.read(to, size);
    if (io.bytes != 0) {
      got = io.bytes;
      co_return true;
    }
    if (io.failed()) co_return false;
    const Wake wake = co_await stream_.socket().until_readable(deadline);
    if (wake != Wake::ready) co_return false;
  }
}

Task<ServerConnection::Read> ServerConnection::read_body(std::string_view received) {
  const bool nothing_yet = received.size() == head_.size;
  if (head_.framing == Framing::length && head_.content_length > server_.options_.body_bytes) {
    co_await refuse(413, fmt::format("the body has {} bytes; the limit is {} (option http.body)",
                                     head_.content_length, server_.options_.body_bytes));
    co_return Read::refused;
  }
  if (head_.expect_continue && nothing_yet) {
    // The head may lie in the scratch memory, which a wait gives up.
    if (received.data() != carry_.data()) {
      const char* const from = received.data();
      carry_.assign(received);
      head_.rebase(from, carry_.data());
      received = carry_;
    }
    iovec piece{const_cast<char*>(kContinue.data()), kContinue.size()};
    const bool sent = send({&piece, 1});
    if (!sent) co_await flush();
  }
  const Read read = head_.framing == Framing::chunked ? co_await read_chunked_body(received)
                                                      : co_await read_length_body(received);
  co_return read;
}

Task<ServerConnection::Read> ServerConnection::read_length_body(std::string_view received) {
  Loop& loop = worker_.worker.loop();
  const std::size_t size = head_.size + static_cast<std::size_t>(head_.content_length);
  request_ = RecycledBytes(size);
  std::memcpy(request_.get(), received.data(), received.size());
  head_.rebase(received.data(), request_.get());
  std::size_t have = received.size();
  carry_ = {};
  while (have < size) {
    std::size_t got = 0;
    const TimePoint deadline = loop.now() + server_.options_.client_body;
    const bool alive = co_await more(request_.get() + have, size - have, got, deadline);
    if (!alive) {
      if (loop.now() >= deadline) co_await refuse(408, "the request's body did not arrive in time");
      co_return Read::closed;
    }
    have += got;
  }
  body_ = {request_.get() + head_.size, static_cast<std::size_t>(head_.content_length)};
  co_return Read::request;
}

Task<ServerConnection::Read> ServerConnection::read_chunked_body(std::string_view received) {
  Loop& loop = worker_.worker.loop();
  const std::uint64_t limit = server_.options_.body_bytes;
  ChunkedDecoder decoder;
  std::string gathered(received.substr(0, head_.size));
  std::string input(received.substr(head_.size));
  head_.rebase(received.data(), gathered.data());
  const char* base = gathered.data();
  carry_ = {};
  for (;;) {
    std::string_view rest = input;
    std::string_view data;
    ChunkedDecoder::State state;
    while ((state = decoder.next(rest, data)) == ChunkedDecoder::State::data) {
      if (gathered.size() - head_.size + data.size() > limit) {
        co_await refuse(413,
                        fmt::format("the body has more than {} bytes (option http.body)", limit));
        co_return Read::refused;
      }
      gathered.append(data);
    }
    if (gathered.data() != base) {
      head_.rebase(base, gathered.data());
      base = gathered.data();
    }
    if (state == ChunkedDecoder::State::bad) {
      co_await refuse(400, decoder.problem());
      co_return Read::refused;
    }
    if (state == ChunkedDecoder::State::end) {
      carry_.assign(rest);
      break;
    }
    std::size_t got = 0;
    const TimePoint deadline = loop.now() + server_.options_.client_body;
    const bool alive = co_await more(loop.scratch(), Loop::kScratchSize, got, deadline);
    if (!alive) {
      if (loop.now() >= deadline) co_await refuse(408, "the request's body did not arrive in time");
      co_return Read::closed;
    }
    input.assign(loop.scratch(), got);
  }
  request_ = RecycledBytes(gathered.size());
  std::memcpy(request_.get(), gathered.data(), gathered.size());
  head_.rebase(gathered.data(), request_.get());
  body_ = {request_.get() + head_.size, gathered.size() - head_.size};
  co_return Read::request;
}

// Answers a request that no handler gets, and ends the connection: its framing is not to be
// trusted.
Task<void> ServerConnection::refuse(int status, std::string_view problem) {
  keep_alive_ = false;
  const std::string body = server_.handler_.error_body(status, problem);
  // What was understood of the head may lie in memory that is gone.
  head_ = {};
  bodiless_ = false;
  begun_ = finished_ = false;
  co_await respond(status, "Content-Type: application/json\r\n", body);
  co_await linger();
}

// Closing with unread input makes the kernel send a reset, which can overtake the answer. So: no
// more output, then read and forget for a moment.
Task<void> ServerConnection::linger() {
  Loop& loop = worker_.worker.loop();
  Socket& socket = stream_.socket();
  while (!socket.drain()) {
    const Wake wake = co_await socket.until_writable(loop.now() + server_.options_.client_write);
    if (wake != Wake::ready) co_return;
  }
  stream_.end_writing();
  // Many clients read no answer before they have sent all of a body that is too large.
  const TimePoint deadline = loop.now() + 5s;
  std::size_t left = server_.options_.body_bytes + (8u << 20);
  while (left != 0) {
    std::size_t got = 0;
    const bool alive =
        co_await more(loop.scratch(), std::min(left, Loop::kScratchSize), got, deadline);
    if (!alive) co_return;
    left -= got;
  }
}

}  // namespace tidegate::http
