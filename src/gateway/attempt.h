// Attempt: one try at one provider: send the request, judge the answer, pass it on.
// Lives in the pipeline's coroutine, on one worker.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/walk.h"
#include "http/call.h"
#include "http/sse_scanner.h"
#include "ledger/usage_record.h"
#include "protocol/error_body.h"
#include "protocol/stream.h"

namespace tidegate::gateway {

inline constexpr protocol::ErrorPolicy kProviderFailed{
    .retryable = true, .provider_at_fault = true, .try_fallback = true};

// A provider's answer that may yet reach the client, if nothing better comes.
struct HeldAnswer {
  int status = 0;
  const routing::Target* target = nullptr;  // whose answer it is
  std::string fields;                       // of its head, without ours
  std::string body;
};

struct Failure {
  Error error;                     // in a sentence for the client
  protocol::ErrorPolicy policy;    // what may follow; of no meaning when the client was answered
  std::optional<HeldAnswer> held;  // the provider's own answer to it
  std::optional<Duration> retry_after;
};

// Small, since a stream holds several while it lasts.
struct AttemptEnd {
  ledger::Outcome outcome = ledger::Outcome::ok;
  std::unique_ptr<Failure> failure;  // null: all went well

  static AttemptEnd failed(ledger::Outcome outcome, Error error, protocol::ErrorPolicy policy);
};

class Attempt : private http::SilenceListener {
 public:
  // `target` belongs to walk.snapshot.
  Attempt(Walk& walk, const routing::Target& target);

  // Runs to the end. Whether the client has its answer then is said by walk.answered.
  Task<AttemptEnd> run();

 private:
  struct Outgoing;  // the request's bytes; freed once the answer's head is here

  std::unique_ptr<Outgoing> prepare();  // null: the attempt failed
  Task<void> read_answer(http::Call& call);
  Task<void> read_error(http::Call& call);
  Task<void> read_whole(http::Call& call);
  void judge_whole(std::string_view body);
  Task<bool> gather(http::Call& call, std::string& body, std::size_t limit);

  // Streams: stream_answer.cpp.
  Task<void> pass_stream(http::Call& call, const http::ResponseHead& head);
  bool pass_events(std::string_view data, std::string_view chunk);
  void end_stream(http::Call::Next how);
  void begin_stream();
  void begin_failed(protocol::EventClass kind);
  void on_silence() override;

  void fail_with(ledger::Outcome outcome, Error error, protocol::ErrorPolicy policy);
  [[nodiscard]] Error unreachable(Error error) const;
  void interrupted(Wake wake, std::string_view waiting_for);
  [[nodiscard]] bool failed() const { return end_.failure != nullptr; }
  [[nodiscard]] std::string client_headers(const http::ResponseHead& head) const;
  void settle();  // settle.cpp

  Walk& walk_;
  const routing::Target& target_;
  const ProviderRuntime& provider_;
  AttemptEnd end_;
  const WallTime started_wall_;
  const TimePoint started_;
  TimePoint first_byte_{};  // of the answer's body
  TimePoint last_heard_{};  // any byte of the provider, comments included
  int status_ = 0;
  bool hide_usage_ = false;        // the usage chunk was asked for by us alone
  bool alive_ = false;             // comments or blank lines came: queued, not dead
  std::uint32_t seen_tokens_ = 0;  // a guess: one for each event with content, or four bytes
  std::string stream_headers_;     // until the stream begins
  http::SseScanner scanner_;
  protocol::StreamReader reader_;
  std::unique_ptr<protocol::Answer> whole_;  // of an answer that is no stream
};

}  // namespace tidegate::gateway
