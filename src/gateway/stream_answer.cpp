// How an attempt passes a streamed answer on: event by event as it arrives, reading as it goes.
#include <algorithm>
#include <array>

#include "gateway/answer_headers.h"
#include "gateway/attempt.h"
#include "translation/error_answer.h"

namespace tidegate::gateway {
namespace {

// How long the end of a stream's framing may take after its last event, for the sake of the
// connection's reuse.
constexpr Duration kEndGrace = 50ms;

// Pieces of one read that go to the client in one write; neighbours are joined.
class Batch {
 public:
  static constexpr std::size_t kMost = 12;
  // False: full.
  bool add(std::string_view bytes) {
    if (count_ != 0 && pieces_[count_ - 1].data() + pieces_[count_ - 1].size() == bytes.data()) {
      std::string_view& last = pieces_[count_ - 1];
      last = {last.data(), last.size() + bytes.size()};
      return true;
    }
    if (count_ == kMost) return false;
    pieces_[count_++] = bytes;
    return true;
  }
  [[nodiscard]] std::span<const std::string_view> pieces() const {
    return {pieces_.data(), count_};
  }
  [[nodiscard]] bool is(std::string_view bytes) const {
    return count_ == 1 && pieces_[0].data() == bytes.data() && pieces_[0].size() == bytes.size();
  }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  void clear() { count_ = 0; }

 private:
  std::array<std::string_view, kMost> pieces_;
  std::size_t count_ = 0;
};

}  // namespace

Task<void> Attempt::pass_stream(http::Call& call, const http::ResponseHead& head) {
  Loop& loop = walk_.worker.loop;
  const config::Timeouts& timeouts = walk_.snapshot->config.timeouts;
  stream_headers_ = client_headers(head);
  const TimePoint first_byte_by = started_ + timeouts.first_byte;
  http::Call::Next next;
  for (;;) {
    std::string_view data;
    next = call.next(data);
    if (next == http::Call::Next::data) {
      last_heard_ = loop.now();
      if (!pass_events(data, call.chunk(), call.chunk_follows())) {
        call.keep();
        const bool sent = co_await walk_.exchange.flush();
        if (!sent) {
          interrupted(Wake::gone, {});
          co_return;
        }
      }
      if (failed()) break;
      continue;
    }
    if (next != http::Call::Next::wait || stream_done()) break;
    const bool begun = first_byte_ != TimePoint{};
    const TimePoint until =
        std::min(walk_.deadline, begun ? last_heard_ + timeouts.idle
                                       : std::min(first_byte_by, last_heard_ + timeouts.idle));
    const TimePoint silent = loop.now() + timeouts.ping;
    const Wake wake = co_await call.until_more(std::min(until, silent), walk_.exchange.client());
    if (wake == Wake::ready) continue;
    if (wake == Wake::timed_out && loop.now() < until) {
      on_silence();
      continue;
    }
    interrupted(wake, begun ? "the next part of its answer" : "the first byte of its answer");
    break;
  }
  end_stream(next);
  if (!walk_.answered || end_.outcome == ledger::Outcome::client_gone) co_return;
  const bool sent = co_await walk_.exchange.finish();
  if (!sent) interrupted(Wake::gone, {});
  if (next == http::Call::Next::wait && sent) {
    // Only the framing's end is missing; with it the connection can serve again.
    const TimePoint until = loop.now() + kEndGrace;
    co_await call.until_more(until, walk_.exchange.client());
    std::string_view ignored;
    while (call.next(ignored) == http::Call::Next::data) {
    }
  }
}

// Passes on the whole events in `data`; `chunk`, `chunk_follows`: as http::Call says.
// False: the client's socket is full, flush() is due.
bool Attempt::pass_events(std::string_view data, std::string_view chunk, bool chunk_follows) {
  Batch batch;
  const std::string_view all = data;
  bool sent_all = true;
  http::SseEvent event;
  const auto send = [&] {
    if (!framed_.empty()) sent_all = walk_.exchange.write_framed(framed_);
    framed_ = {};
    if (!batch.empty()) sent_all = walk_.exchange.write(batch.pieces());
    batch.clear();
  };
  for (;;) {
    const Result<bool> more = scanner_.next(data, event);
    if (!more) {
      send();
      fail_with(ledger::Outcome::failed_in_answer, more.error(), kProviderFailed);
      break;
    }
    if (!*more) break;
    if (event.kind != http::SseEvent::Kind::data) {
      alive_ = true;
      if (!walk_.committed) continue;
    } else {
      const protocol::EventClass kind = read_event(event);
      if (first_byte_ == TimePoint{}) {
        first_byte_ = walk_.worker.loop.now();
        if (kind == protocol::EventClass::error || kind == protocol::EventClass::garbage) {
          // Nothing has reached the client yet: this can still be tried elsewhere.
          begin_failed(kind);
          return true;
        }
        begin_stream();
      }
      if (kind == protocol::EventClass::content) ++seen_tokens_;
      if (kind == protocol::EventClass::done && refuses_form()) {
        send();
        break;
      }
      if (kind == protocol::EventClass::garbage &&
          (translates() || !protocol::is_object(event.data))) {
        send();
        fail_with(ledger::Outcome::failed_in_answer,
                  {ErrorCode::truncated, "the provider's stream could not be understood", {}},
                  kProviderFailed);
        break;
      }
      if (translates()) continue;
      if (hide_usage_ && kind == protocol::EventClass::usage_only) continue;
    }
    const bool in_place =
        event.bytes.data() >= all.data() && event.bytes.data() < all.data() + all.size();
    if (!in_place) {
      send();
      sent_all = walk_.exchange.write(event.bytes);
      continue;
    }
    if (!batch.add(event.bytes)) {
      send();
      batch.add(event.bytes);
    }
  }
  if (stream_done() && !failed()) remember();
  if (translates()) {
    if (!pass_->out().empty()) sent_all = walk_.exchange.write(pass_->out());
    pass_->out().clear();
  } else if (!chunk.empty() && batch.is(all) && walk_.exchange.takes_framed()) {
    // Chunks that came together leave together, in the framing that they came in.
    framed_ =
        framed_.empty() ? chunk : std::string_view(framed_.data(), framed_.size() + chunk.size());
    batch.clear();
    if (!chunk_follows) send();
  } else {
    send();
  }
  return sent_all;
}

protocol::EventClass Attempt::read_event(const http::SseEvent& event) {
  if (gatherer_) gatherer_->read_event(event.name, event.data);
  if (pass_) return pass_->read_event(event.name, event.data);
  return reader_.read(event.data);
}

// The first event of an answer: from here on the client has it, and no other attempt follows.
void Attempt::begin_stream() {
  if (!walk_.committed) walk_.exchange.begin(200, stream_headers_);
  walk_.committed = walk_.answered = true;
  stream_headers_ = {};
  walk_.release_question();
}

void Attempt::begin_failed(protocol::EventClass kind) {
  if (kind == protocol::EventClass::garbage) {
    fail_with(ledger::Outcome::failed_in_answer,
              {ErrorCode::unavailable, "the provider sent something that is not a completion", {}},
              kProviderFailed);
    return;
  }
  const auto error = protocol::read_error(200, answer().error);
  fail_with(ledger::Outcome::failed_in_answer, {ErrorCode::unavailable, error.message, {}},
            protocol::policy(error.error_class));
}

// Keeps a waiting client's connection alive; to it, and to everything between, we are not idle.
void Attempt::on_silence() {
  if (!walk_.understood.stream || !walk_.exchange.drained()) return;
  if (!walk_.committed) {
    std::string headers = decision_headers(walk_, target_);
    headers += "Content-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n";
    walk_.exchange.begin(200, headers);
    walk_.committed = true;
  }
  // What the socket does not take now stays queued; the next write or ping finds that out.
  (void)walk_.exchange.write(": tidegate: the provider is working\n\n");
}

// Judges the stream as a whole and, if it failed in the middle, tells the client.
void Attempt::end_stream(http::Call::Next how) {
  if (end_.outcome == ledger::Outcome::client_gone) return;
  if (!failed()) {
    http::SseEvent event;
    if (how != http::Call::Next::wait && scanner_.finish(event) &&
        event.kind == http::SseEvent::Kind::data) {
      const bool refused = read_event(event) == protocol::EventClass::done && refuses_form();
      if (translates()) {
        if (walk_.answered) (void)walk_.exchange.write(pass_->out());
      } else if (walk_.answered && !refused) {
        (void)walk_.exchange.write(event.bytes);
        (void)walk_.exchange.write("\n\n");
      }
    }
    switch (pass_ ? pass_->ending() : reader_.ending()) {
      case protocol::Ending::complete:
        if (failed()) break;
        return;
      case protocol::Ending::empty:
        fail_with(ledger::Outcome::failed_in_answer,
                  {ErrorCode::unavailable, "the provider gave an empty answer", {}}, {});
        return;
      case protocol::Ending::failed:
      case protocol::Ending::error:
        fail_with(ledger::Outcome::failed_in_answer,
                  {ErrorCode::unavailable, "the provider failed within its answer", {}},
                  kProviderFailed);
        if (translates()) break;
        return;  // the client has read it in the provider's own words
      case protocol::Ending::truncated:
        fail_with(
            ledger::Outcome::truncated,
            {ErrorCode::truncated,
             how == http::Call::Next::broken
                 ? "the provider's stream was malformed and had to be cut"
                 : "the provider's stream ended before its end marker; the answer is incomplete",
             {}},
            kProviderFailed);
    }
  }
  if (walk_.answered)
    (void)walk_.exchange.write(translation::error_event(walk_.surface, end_.failure->error));
}

}  // namespace tidegate::gateway
