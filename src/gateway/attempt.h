// Attempt: one try at one provider: send the request, judge the answer, pass it on.
// Lives in the pipeline's coroutine, on one worker.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/response_state.h"
#include "gateway/walk.h"
#include "http/call.h"
#include "http/sse_scanner.h"
#include "ledger/usage_record.h"
#include "protocol/error_body.h"
#include "protocol/stream.h"
#include "translation/aim.h"
#include "translation/answer_pass.h"

namespace tidegate::gateway {

inline constexpr protocol::ErrorPolicy kProviderFailed{
    .retryable = true, .provider_at_fault = true, .try_fallback = true};

struct Failure {
  Error error;                     // in a sentence for the client
  protocol::ErrorPolicy policy;    // what may follow; of no meaning when the client was answered
  std::optional<HeldAnswer> held;  // the provider's own answer to it
  std::optional<Duration> retry_after;
  bool throttled = false;  // the provider asks for fewer requests
  bool diverts = false;    // a budget sends such requests to another route
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
  struct WholeAnswer : Recycled, protocol::Answer {};

  // What is sent, prepare.cpp. Null or false: the attempt failed.
  std::unique_ptr<Outgoing> prepare();
  bool splice(Outgoing& out, const translation::Aim& aim, bool repairs);
  bool translate(Outgoing& out, const translation::Aim& aim);
  [[nodiscard]] Result<void> check_self_contained(const translation::Request& request) const;
  [[nodiscard]] translation::Aim aim();
  [[nodiscard]] bool must_repair(const translation::Aim& aim) const;
  [[nodiscard]] bool must_write_anew(const translation::Aim& aim) const;
  [[nodiscard]] bool repairs_dsml() const;
  [[nodiscard]] bool keeps_response() const;
  [[nodiscard]] bool keeps_reasoning(const translation::Aim& aim) const;
  [[nodiscard]] bool must_rename_max_tokens(const protocol::Conversation& conversation) const;
  [[nodiscard]] bool needs_usage() const;  // even if the client did not ask for it
  void prepare_passes(const translation::Aim& aim, bool keeps);
  void take_notes(const translation::Notes& notes);

  Task<void> read_answer(http::Call& call);
  Task<void> read_error(http::Call& call);
  Task<void> read_whole(http::Call& call);
  void judge_whole(std::string_view body);
  Result<protocol::Answer> read_answer_body(std::string_view body);
  Task<bool> gather(http::Call& call, std::string& body, std::size_t limit);

  // The form that was asked for: judge_form.cpp.
  Result<std::shared_ptr<const translation::AskedForm>> asked_form();
  [[nodiscard]] const translation::AnswerCheck* checked() const;
  [[nodiscard]] Error unfit(const translation::AnswerCheck& check) const;
  void note_form(const translation::AnswerCheck& check);
  void judge_form();
  bool refuses_form();
  void hold_unfit(std::string fields, std::string body);
  [[nodiscard]] std::optional<std::string> without_fence(std::string_view body) const;

  // Streams: stream_answer.cpp.
  Task<void> pass_stream(http::Call& call, const http::ResponseHead& head);
  bool pass_events(std::string_view data, std::string_view chunk, bool chunk_follows);
  protocol::EventClass read_event(const http::SseEvent& event);
  void end_stream(http::Call::Next how);
  void begin_stream();
  void begin_failed(protocol::EventClass kind);
  void on_silence() override;

  void fail_with(ledger::Outcome outcome, Error error, protocol::ErrorPolicy policy);
  [[nodiscard]] Error unreachable(Error error) const;
  void interrupted(Wake wake, std::string_view waiting_for);
  [[nodiscard]] bool failed() const { return end_.failure != nullptr; }
  [[nodiscard]] bool translates() const { return pass_ != nullptr && pass_->writes(); }
  [[nodiscard]] const protocol::Answer& answer() const;
  [[nodiscard]] bool stream_done() const { return pass_ ? pass_->done() : reader_.done(); }
  [[nodiscard]] std::string client_headers(const http::ResponseHead& head) const;
  void remember();  // settle.cpp
  void settle();

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
  std::string_view framed_;        // chunks that leave as they came, with the one that follows
  http::SseScanner scanner_;
  protocol::StreamReader reader_;
  std::unique_ptr<WholeAnswer> whole_;  // of an answer that is no stream
  // Reads what the two above cannot, and writes what the client cannot read.
  std::unique_ptr<translation::AnswerPass> pass_;
  // Beside the readers of chat: gathers reasoning for clients that will not bring it back.
  std::unique_ptr<translation::AnswerPass> gatherer_;
  std::unique_ptr<PendingResponse> pending_;  // to be remembered with the answer
  std::string owner_;                         // of what is remembered
  // What this gateway does not remember and another may; only where there are others.
  translation::ReasoningMemory::Unknown unknown_;
  protocol::Surface upstream_;  // that the provider is asked on
};

}  // namespace tidegate::gateway
