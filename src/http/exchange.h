// Exchange: one request and its answer; what a Handler works with. The other side is a client's
// connection (ServerConnection) or a program that has the handler in its own process.
// Lives on one worker.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/head.h"
#include "loop/loop.h"
#include "loop/task.h"

namespace tidegate::http {

class Exchange;

// What respond() and finish() return: co_await it. It is ready at once when the client's socket
// took everything, so that the normal case needs no coroutine. Gives false when the client is gone.
class [[nodiscard]] Sending {
 public:
  Sending(Exchange& exchange, bool sent) : exchange_(exchange), sent_(sent) {}
  [[nodiscard]] bool await_ready() const { return sent_; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter);
  bool await_resume() { return sent_ || rest_->await_resume(); }

 private:
  Exchange& exchange_;
  bool sent_;
  std::optional<Task<bool>> rest_;
};

class Exchange {
 public:
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;

  [[nodiscard]] const RequestHead& head() const { return head_; }
  // The whole body.
  [[nodiscard]] std::string_view body() const { return body_; }
  [[nodiscard]] WallTime received() const { return received_; }
  [[nodiscard]] Loop& loop() const { return client_->loop(); }
  // Which of the workers this runs on, counting from 0.
  [[nodiscard]] std::size_t worker() const { return worker_index_; }
  // The client's socket: pass it as `watch` to waits that should end when the client leaves.
  [[nodiscard]] Socket& client() const { return *client_; }
  [[nodiscard]] bool client_gone() const { return broken_ || client_->peer_gone(); }

  // Frees the bytes of head and body; their views end here. What they say about the answer's form
  // (HEAD, HTTP/1.0) stays known.
  virtual void release_request() = 0;

  // Sends a complete answer. `headers` are lines "Name: value\r\n"; Content-Length, Date and
  // Connection are added. False: the client is gone.
  virtual Sending respond(int status, std::string_view headers, std::string_view body) = 0;

  // A streamed answer: begin, any number of writes, finish. To an HTTP/1.1 client it is chunked.
  // begin() only notes the head; it leaves with the first write. An answer that is not finished
  // closes the connection without the final chunk, so that the client sees that it was cut.
  virtual void begin(int status, std::string_view headers) = 0;
  // True when everything went out at once (the normal case, no coroutine needed). False: a copy of
  // the rest waits, in order; co_await flush() before there is much more.
  [[nodiscard]] virtual bool write(std::span<const std::string_view> pieces) = 0;
  [[nodiscard]] bool write(std::string_view piece) { return write({&piece, 1}); }
  // The same for chunks that are framed already, for a client that takes_framed().
  [[nodiscard]] virtual bool write_framed(std::string_view chunks);
  // Chunked, and nothing waits to be sent before.
  [[nodiscard]] virtual bool takes_framed() const { return false; }
  virtual Task<bool> flush() = 0;  // false: the client is gone or took nothing for client_write
  virtual Sending finish() = 0;

  [[nodiscard]] virtual bool drained() const = 0;  // nothing waits to be sent
  [[nodiscard]] bool begun() const { return begun_; }
  [[nodiscard]] bool finished() const { return finished_; }

 protected:
  Exchange() = default;

  RequestHead head_;
  std::string_view body_;
  WallTime received_{};
  Socket* client_ = nullptr;  // set by the constructor of whoever has it
  std::size_t worker_index_ = 0;
  bool bodiless_ = false;  // the request is HEAD: its answer has a head only
  bool begun_ = false;     // begin() or respond() was called
  bool finished_ = false;  // the answer is complete
  bool broken_ = false;    // the client takes no more
};

// Answers requests. One object serves all connections of all workers at once: keep state per
// exchange, or thread-safe.
class Handler {
 public:
  virtual ~Handler() = default;
  // Must call respond(), or begin() and finish(). Returning without an answer closes the
  // connection.
  virtual Task<void> serve(Exchange& exchange) = 0;
  // The body of an answer that the connection gives by itself (bad framing, too large, too slow),
  // in the dialect of the listener; JSON.
  virtual std::string error_body(int status, std::string_view problem) = 0;
};

}  // namespace tidegate::http
