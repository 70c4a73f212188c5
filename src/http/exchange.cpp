// How answers are written: the sending half of ServerConnection.

#include <fmt/compile.h>
#include <fmt/format.h>

#include <array>
#include <cstring>

#include "http/server_connection.h"
#include "http/status.h"

namespace tidegate::http {
namespace {

// Room of an answer's head beside the handler's own lines.
constexpr std::size_t kHeadRoom = 256;

iovec as_iovec(std::string_view text) { return {const_cast<char*>(text.data()), text.size()}; }

char* append(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace

bool ServerConnection::send(std::span<iovec> pieces) {
  while (!pieces.empty() && !broken_) {
    Io io = stream_.write(pieces);
    if (io.failed()) {
      broken_ = true;
      break;
    }
    if (io.again) {
      for (const iovec& piece : pieces) {
        unsent_.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
      }
      return false;
    }
    while (!pieces.empty() && io.bytes >= pieces.front().iov_len) {
      io.bytes -= pieces.front().iov_len;
      pieces = pieces.subspan(1);
    }
    if (!pieces.empty()) {
      pieces.front().iov_base = static_cast<char*>(pieces.front().iov_base) + io.bytes;
      pieces.front().iov_len -= io.bytes;
    }
  }
  return !broken_;
}

Task<bool> ServerConnection::flush() {
  Loop& loop = worker_.worker.loop();
  std::size_t sent = 0;
  while (sent < unsent_.size() && !broken_) {
    const iovec piece = as_iovec(std::string_view(unsent_).substr(sent));
    const Io io = stream_.write({&piece, 1});
    if (io.failed()) broken_ = true;
    sent += io.bytes;
    if (io.again) {
      const Wake wake =
          co_await stream_.socket().until_writable(loop.now() + server_.options_.client_write);
      if (wake != Wake::ready) broken_ = true;
    }
  }
  unsent_ = {};
  co_return !broken_;
}

std::size_t ServerConnection::write_head(char* out, int status, std::string_view headers,
                                         std::string_view framing) {
  char* p = append(out, "HTTP/1.1 ");
  *p++ = static_cast<char>('0' + status / 100);
  *p++ = static_cast<char>('0' + status / 10 % 10);
  *p++ = static_cast<char>('0' + status % 10);
  *p++ = ' ';
  p = append(p, reason_phrase(status));
  p = append(p, "\r\n");
  p = append(p, worker_.date(worker_.worker.loop().wall()));
  p = append(p, headers);
  p = append(p, framing);
  if (server_.draining_.load(std::memory_order_relaxed)) keep_alive_ = false;
  if (!keep_alive_) {
    p = append(p, "Connection: close\r\n");
  } else if (head_.http_1_0) {
    p = append(p, "Connection: keep-alive\r\n");  // which HTTP/1.0 does not take for granted
  }
  p = append(p, "\r\n");
  return static_cast<std::size_t>(p - out);
}

bool ServerConnection::send_chunk(std::span<const std::string_view> pieces) {
  std::array<iovec, kMostPieces + 3> out;  // [head] [size line] pieces... [CRLF]
  std::size_t count = 0;
  std::size_t size = 0;
  if (bodiless_) pieces = {};
  for (const std::string_view piece : pieces) size += piece.size();
  const std::string head = std::move(unsent_);
  unsent_ = {};
  if (!head.empty()) out[count++] = as_iovec(head);
  char size_line[20];
  if (chunked_ && size != 0) {
    const auto end = fmt::format_to(size_line, FMT_COMPILE("{:x}\r\n"), size);
    out[count++] = {size_line, static_cast<std::size_t>(end - size_line)};
  }
  for (const std::string_view piece : pieces) out[count++] = as_iovec(piece);
  if (chunked_ && size != 0) out[count++] = as_iovec("\r\n");
  return send({out.data(), count});
}

std::coroutine_handle<> Sending::await_suspend(std::coroutine_handle<> awaiter) {
  rest_.emplace(exchange_.flush());
  return rest_->await_suspend(awaiter);
}

bool Exchange::write_framed(std::string_view chunks) { return write(chunks); }

void ServerConnection::release_request() {
  request_.reset();
  head_.method = head_.target = head_.host = {};
  head_.headers = {};
  body_ = {};
}

Sending ServerConnection::respond(int status, std::string_view headers, std::string_view body) {
  begun_ = finished_ = true;
  char framing[48];
  const auto framing_end =
      fmt::format_to(framing, FMT_COMPILE("Content-Length: {}\r\n"), body.size());
  const std::string_view framing_text(framing, static_cast<std::size_t>(framing_end - framing));
  const std::size_t room = headers.size() + kHeadRoom;
  char stack[2048];
  std::unique_ptr<char[]> heap;
  char* head = stack;
  if (room > sizeof stack) {
    heap.reset(new char[room]);
    head = heap.get();
  }
  const std::size_t head_size = write_head(head, status, headers, framing_text);
  iovec pieces[] = {{head, head_size}, as_iovec(bodiless_ ? std::string_view{} : body)};
  return {*this, send({pieces, bodiless_ || body.empty() ? 1u : 2u})};
}

void ServerConnection::begin(int status, std::string_view headers) {
  begun_ = true;
  // An HTTP/1.0 client gets the bytes until the connection closes.
  chunked_ = !head_.http_1_0;
  if (!chunked_) keep_alive_ = false;
  std::string head(headers.size() + kHeadRoom, '\0');
  head.resize(
      write_head(head.data(), status, headers, chunked_ ? "Transfer-Encoding: chunked\r\n" : ""));
  unsent_ = std::move(head);
}

bool ServerConnection::write(std::span<const std::string_view> pieces) {
  // What the socket does not take of a part waits, and leaves before the next.
  for (; pieces.size() > kMostPieces; pieces = pieces.subspan(kMostPieces)) {
    (void)send_chunk(pieces.first(kMostPieces));
  }
  return send_chunk(pieces);
}

bool ServerConnection::takes_framed() const { return chunked_ && !bodiless_ && unsent_.empty(); }

bool ServerConnection::write_framed(std::string_view chunks) {
  iovec piece = as_iovec(chunks);
  return send({&piece, 1});
}

Sending ServerConnection::finish() {
  finished_ = true;
  if (!chunked_ || bodiless_) return {*this, send_chunk({})};
  const std::string head = std::move(unsent_);
  unsent_ = {};
  iovec pieces[] = {as_iovec(head), as_iovec("0\r\n\r\n")};
  return {*this, send(pieces)};
}

}  // namespace tidegate::http
