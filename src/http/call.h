// Call: one request to a provider and its answer, over a pooled connection.
// Lives in the coroutine that makes it, on one worker.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "http/chunked.h"
#include "http/client_pool.h"
#include "http/head.h"

namespace tidegate::http {

// Is told when a provider has been silent for a while, each time anew. Must not suspend.
class SilenceListener {
 public:
  virtual ~SilenceListener() = default;
  virtual void on_silence() = 0;
};

class Call {
 public:
  explicit Call(ClientPool& pool) : pool_(pool) {}
  // Closes the connection, unless the answer was read to its end: then it goes back to the pool.
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  struct Deadlines {
    Duration connect;
    Duration first_byte;  // from the moment the request is sent to the end of the answer's head
    TimePoint total;
    Duration silence;  // how often the listener is told
  };
  static constexpr std::size_t kMostPieces = 24;
  // Sends `request` (head and body in at most kMostPieces, which must stay valid) and waits for the
  // answer's head. A status of 300 and more is taken as soon as it comes, even if not all is sent
  // yet. A pooled connection that turns out to be closed before any byte of the answer is replaced
  // once. Errors: unavailable, timeout, canceled (client left), truncated, or invalid (not HTTP).
  Task<Result<void>> start(std::span<const std::string_view> request, Deadlines deadlines,
                           Socket& client, SilenceListener& listener);

  // Valid until the caller's next suspension.
  [[nodiscard]] const ResponseHead& head() const { return head_; }

  enum class Next : std::uint8_t {
    data,    // `data` holds body bytes, valid until the next suspension
    wait,    // nothing now: co_await until_more(), then ask again
    end,     // the body is complete
    cut,     // the connection ended in the middle of it
    broken,  // its framing is malformed
  };
  Next next(std::string_view& data);
  // After Next::data: the chunk that `data` is the whole of, with its framing, as it was received;
  // empty if that is not how it came. Whoever passes the data on unchanged may send this instead.
  [[nodiscard]] std::string_view chunk() const { return chunk_; }
  // Another such chunk is here already: the next next() gives it, and what the last one gave stays
  // valid.
  [[nodiscard]] bool chunk_follows() const;
  Socket::Awaiter until_more(TimePoint deadline, Socket& client);
  // Saves what was received but not yet asked for; needed before any other suspension.
  void keep();

 private:
  bool must_wait_to_send(std::span<const std::string_view> request, std::size_t& sent);
  enum class Keep : std::uint8_t { incomplete, all };  // what of the input outlives a suspension
  Result<bool> read_head(Keep keep);
  [[nodiscard]] std::unexpected<Error> interrupted(Wake wake) const;
  Result<bool> take_head(std::string_view received);

  ClientPool& pool_;
  std::unique_ptr<ClientConnection> connection_;
  ResponseHead head_;
  std::string_view input_;  // received, not yet decoded
  std::string_view chunk_;
  std::string kept_;        // owns what must outlive a suspension: part of a head, or the input
  std::uint64_t left_ = 0;  // body bytes to come, Framing::length
  ChunkedDecoder chunks_;
  bool answered_ = false;  // a byte of the answer has come
  bool complete_ = false;
};

}  // namespace tidegate::http
