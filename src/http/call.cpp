#include "http/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace tidegate::http {
namespace {

constexpr HeadLimits kAnswerHead{.bytes = 64 * 1024, .headers = 256};
// Of an answer's head with the interim ones (1xx) before it.
constexpr std::size_t kInterim = 256 * 1024;

}  // namespace

Call::~Call() {
  if (connection_ == nullptr) return;
  pool_.give_back(std::move(connection_), complete_ && head_.keep_alive && input_.empty());
}

Task<Result<void>> Call::start(std::span<const std::string_view> request, Deadlines deadlines,
                               Socket& client, SilenceListener& listener) {
  Loop& loop = pool_.loop();
  connection_ = pool_.take_idle();
  for (bool replaced = false;; replaced = true) {
    if (connection_ == nullptr) {
      const TimePoint by = std::min(deadlines.total, loop.now() + deadlines.connect);
      Result<std::unique_ptr<ClientConnection>> connected = co_await pool_.connect(by, client);
      if (!connected) co_return std::unexpected(connected.error());
      connection_ = std::move(*connected);
    }
    Socket& socket = connection_->stream.socket();
    const TimePoint deadline = std::min(deadlines.total, loop.now() + deadlines.first_byte);
    std::size_t sent = 0;
    Result<bool> here = false;
    bool refused = false;
    while (!refused && must_wait_to_send(request, sent)) {
      Socket::Awaiter either = *here ? socket.until_writable(deadline, &client)
                                     : socket.until_readable_or_writable(deadline, &client);
      const Wake wake = co_await either;
      if (wake != Wake::ready) co_return interrupted(wake);
      if (!*here) here = read_head(Keep::all);
      refused = !here || (*here && head_.status >= 300);
    }
    if (here && !*here) here = read_head(Keep::incomplete);
    while (here && !*here) {
      const TimePoint silent = loop.now() + deadlines.silence;
      const Wake wake = co_await socket.until_readable(std::min(silent, deadline), &client);
      if (wake == Wake::timed_out && loop.now() < deadline) {
        listener.on_silence();
      } else if (wake != Wake::ready) {
        co_return interrupted(wake);
      }
      here = read_head(Keep::incomplete);
    }
    if (refused) head_.keep_alive = false;  // half a request was sent
    if (here) co_return Result<void>{};
    const bool stale =
        connection_->reused && !answered_ && here.error().code == ErrorCode::unavailable;
    if (!stale || replaced) co_return std::unexpected(std::move(here.error()));
    pool_.give_back(std::move(connection_), false);
  }
}

// Sends what is left of a request, of which `sent` bytes are gone. False: it is sent, or the
// provider stopped reading; then an early answer (413, 429) may be here.
bool Call::must_wait_to_send(std::span<const std::string_view> request, std::size_t& sent) {
  for (;;) {
    std::array<iovec, kMostPieces> pieces;
    std::size_t count = 0;
    std::size_t gone = sent;
    std::size_t left = 0;
    for (const std::string_view piece : request) {
      if (gone >= piece.size()) {
        gone -= piece.size();
        continue;
      }
      pieces[count++] = {const_cast<char*>(piece.data()) + gone, piece.size() - gone};
      left += piece.size() - gone;
      gone = 0;
    }
    const Io io = connection_->stream.write({pieces.data(), count});
    sent += io.bytes;
    if (io.again || io.failed() || io.bytes == left) return io.again;
  }
}

std::unexpected<Error> Call::interrupted(Wake wake) const {
  if (wake != Wake::timed_out) return fail(ErrorCode::canceled, "the client left");
  return fail(ErrorCode::timeout,
              fmt::format("{} did not answer in time", pool_.endpoint().authority));
}

// Reads what is there. True: head_ and input_ are set. False: more must come first.
Result<bool> Call::read_head(Keep keep) {
  Loop& loop = pool_.loop();
  for (;;) {
    const Io io = connection_->stream.read(loop.scratch(), Loop::kScratchSize);
    if (io.again) return false;
    if (io.failed()) {
      return fail(
          answered_ ? ErrorCode::truncated : ErrorCode::unavailable,
          fmt::format("{} closed the connection before its answer", pool_.endpoint().authority));
    }
    answered_ = true;
    std::string_view received(loop.scratch(), io.bytes);
    if (keep == Keep::all || !kept_.empty()) {
      kept_.append(received);
      received = kept_;
    }
    const Result<bool> taken = take_head(received);
    if (!taken || *taken) return taken;
    if (kept_.empty()) kept_.assign(received);
    if (kept_.size() > kInterim) {
      return fail(ErrorCode::invalid, fmt::format("{} sends interim answers without an end",
                                                  pool_.endpoint().authority));
    }
  }
}

// True: head_ and input_ are set. False: more bytes are needed.
Result<bool> Call::take_head(std::string_view received) {
  for (;;) {
    const HeadResult parsed = parse_response_head(received, kAnswerHead, head_);
    if (parsed.state == HeadState::incomplete) return false;
    if (parsed.state == HeadState::bad || head_.status == 101) {
      return fail(
          ErrorCode::invalid,
          fmt::format("{} did not answer in HTTP/1.1: {}", pool_.endpoint().authority,
                      parsed.state == HeadState::bad ? parsed.problem : "it switched protocols"));
    }
    input_ = received.substr(head_.size);
    left_ = head_.content_length;
    if (head_.status >= 200) return true;
    received = input_;  // 100 Continue, 103 Early Hints
    if (received.empty()) return false;
  }
}

Call::Next Call::next(std::string_view& data) {
  if (complete_) return Next::end;
  if (head_.framing == Framing::none) {
    complete_ = true;
    return Next::end;
  }
  for (;;) {
    if (input_.empty()) {
      Loop& loop = pool_.loop();
      const Io io = connection_->stream.read(loop.scratch(), Loop::kScratchSize);
      if (io.again) return Next::wait;
      if (io.failed()) {
        const bool whole = head_.framing == Framing::until_close && io.eof;
        complete_ = whole;
        return whole ? Next::end : Next::cut;
      }
      input_ = {loop.scratch(), io.bytes};
    }
    switch (head_.framing) {
      case Framing::length: {
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input_.size()));
        data = input_.substr(0, n);
        input_.remove_prefix(n);
        left_ -= n;
        complete_ = left_ == 0;
        return Next::data;
      }
      case Framing::until_close:
        data = input_;
        input_ = {};
        return Next::data;
      case Framing::chunked:
        if (chunks_.take_whole(input_, data, chunk_)) return Next::data;
        chunk_ = {};
        switch (chunks_.next(input_, data)) {
          case ChunkedDecoder::State::data:
            return Next::data;
          case ChunkedDecoder::State::more:
            break;
          case ChunkedDecoder::State::bad:
            return Next::broken;
          case ChunkedDecoder::State::end:
            complete_ = true;
            return Next::end;
        }
        break;
      case Framing::none:
        break;
    }
  }
}

bool Call::chunk_follows() const {
  if (input_.empty() || head_.framing != Framing::chunked) return false;
  std::string_view input = input_;
  std::string_view data;
  std::string_view chunk;
  ChunkedDecoder copy = chunks_;
  return copy.take_whole(input, data, chunk);
}

Socket::Awaiter Call::until_more(TimePoint deadline, Socket& client) {
  return connection_->stream.socket().until_readable(deadline, &client);
}

void Call::keep() {
  if (input_.empty()) return;
  std::string copy(input_);
  kept_ = std::move(copy);
  input_ = kept_;
}

}  // namespace tidegate::http
