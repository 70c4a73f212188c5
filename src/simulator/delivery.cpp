#include "simulator/delivery.h"

#include <sys/socket.h>

#include <string_view>

namespace tidegate::simulator {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// False: the client left before `deadline`.
Task<bool> wait_until(http::Exchange& exchange, TimePoint deadline) {
  if (deadline <= exchange.loop().now()) co_return !exchange.client_gone();
  const Wake wake = co_await exchange.client().until_gone(deadline);
  co_return wake == Wake::timed_out;
}

Task<bool> hang(http::Exchange& exchange) {
  const bool stayed = co_await wait_until(exchange, exchange.loop().now() + kLongestHang);
  co_return stayed;
}

// The connection ends with RST instead of FIN once the exchange returns unfinished.
void reset_on_close(http::Exchange& exchange) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(exchange.client().fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

Task<bool> send(http::Exchange& exchange, std::string_view bytes) {
  if (exchange.write(bytes)) co_return true;
  const bool sent = co_await exchange.flush();
  co_return sent;
}

// Every byte in a write of its own.
Task<bool> send_bytes(http::Exchange& exchange, std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const bool sent = co_await send(exchange, bytes.substr(i, 1));
    if (!sent) co_return false;
  }
  co_return true;
}

// Cuts behind the first byte of each multi-byte character, and waits there, so that the rest
// arrives by another read.
Task<bool> send_split(http::Exchange& exchange, std::string_view bytes) {
  std::size_t begin = 0;
  for (std::size_t i = 1; i < bytes.size(); ++i) {
    if (!is_continuation(bytes[i]) || is_continuation(bytes[i - 1])) continue;
    bool alive = co_await send(exchange, bytes.substr(begin, i - begin));
    if (alive) alive = co_await wait_until(exchange, exchange.loop().now() + 1ms);
    if (!alive) co_return false;
    begin = i;
  }
  const bool sent = co_await send(exchange, bytes.substr(begin));
  co_return sent;
}

Task<bool> send_as(http::Exchange& exchange, FaultKind fault, std::string_view bytes) {
  bool sent = false;
  if (fault == FaultKind::byte_by_byte) {
    sent = co_await send_bytes(exchange, bytes);
  } else if (fault == FaultKind::utf8_split) {
    sent = co_await send_split(exchange, bytes);
  } else {
    sent = co_await send(exchange, bytes);
  }
  co_return sent;
}

// What a provider sends while a request is queued (fact sheet 1.7).
Task<bool> keep_alive(http::Exchange& exchange, std::string_view line, int times, Duration gap) {
  for (int i = 0; i < times; ++i) {
    bool alive = co_await send(exchange, line);
    if (alive) alive = co_await wait_until(exchange, exchange.loop().now() + gap);
    if (!alive) co_return false;
  }
  co_return true;
}

// The answer ends here by a fault. False: the client left meanwhile.
Task<bool> break_off(http::Exchange& exchange, FaultKind fault) {
  if (fault == FaultKind::reset) reset_on_close(exchange);
  if (fault != FaultKind::hang_stream) co_return true;
  const bool stayed = co_await hang(exchange);
  co_return stayed;
}

bool breaks_off(const Fault& fault) {
  return fault.kind == FaultKind::cut || fault.kind == FaultKind::hang_stream ||
         (fault.kind == FaultKind::reset && fault.number > 0);
}

Task<bool> deliver_stream(http::Exchange& exchange, const Reply& reply) {
  const Fault& fault = reply.fault;
  const TimePoint start = exchange.loop().now() + reply.first_token;
  exchange.begin(reply.status, reply.headers);
  if (fault.kind == FaultKind::keep_alive) {
    const bool alive = co_await keep_alive(exchange, ": keep-alive\n\n", fault.number, reply.gap);
    if (!alive) co_return false;
  }
  const auto count = static_cast<int>(reply.events.size());
  for (int i = 0; i < count; ++i) {
    if (breaks_off(fault) && i == fault.number) {
      const bool stayed = co_await break_off(exchange, fault.kind);
      co_return stayed;
    }
    bool alive = co_await wait_until(exchange, start + i * reply.per_event);
    const std::string& event = reply.events[static_cast<std::size_t>(i)];
    if (alive) alive = co_await send_as(exchange, fault.kind, event);
    if (!alive) co_return false;
  }
  const bool finished = co_await exchange.finish();
  co_return finished;
}

Task<bool> deliver_body(http::Exchange& exchange, const Reply& reply) {
  const Fault& fault = reply.fault;
  const TimePoint due = exchange.loop().now() + reply.whole;
  const bool in_pieces = breaks_off(fault) || fault.kind == FaultKind::keep_alive ||
                         fault.kind == FaultKind::byte_by_byte ||
                         fault.kind == FaultKind::utf8_split;
  if (!in_pieces) {
    const bool alive = co_await wait_until(exchange, due);
    if (!alive) co_return false;
    const bool sent = co_await exchange.respond(reply.status, reply.headers, reply.body);
    co_return sent;
  }
  exchange.begin(reply.status, reply.headers);
  bool alive = true;
  if (fault.kind == FaultKind::keep_alive) {
    alive = co_await keep_alive(exchange, "\n", fault.number, reply.gap);
  }
  if (alive) alive = co_await wait_until(exchange, due);
  std::string_view body = reply.body;
  if (breaks_off(fault)) body = body.substr(0, body.size() / 2);
  if (alive) alive = co_await send_as(exchange, fault.kind, body);
  if (!alive) co_return false;
  if (breaks_off(fault)) {
    const bool stayed = co_await break_off(exchange, fault.kind);
    co_return stayed;
  }
  const bool finished = co_await exchange.finish();
  co_return finished;
}

}  // namespace

Task<bool> deliver(http::Exchange& exchange, Reply reply) {
  bool complete = true;
  switch (reply.fault.kind) {
    case FaultKind::close:
      co_return true;
    case FaultKind::hang:
      complete = co_await hang(exchange);
      co_return complete;
    case FaultKind::cut_head: {
      char half[] = "HTTP/1.1 200 OK\r\nContent-Ty";
      const iovec piece{half, sizeof half - 1};
      exchange.client().write({&piece, 1});
      co_return true;
    }
    case FaultKind::reset:
      if (reply.fault.number > 0) break;
      reset_on_close(exchange);
      co_return true;
    default:
      break;
  }
  if (reply.events.empty()) {
    complete = co_await deliver_body(exchange, reply);
  } else {
    complete = co_await deliver_stream(exchange, reply);
  }
  co_return complete;
}

}  // namespace tidegate::simulator
