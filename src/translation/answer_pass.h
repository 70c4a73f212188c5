// AnswerPass: reads an answer on its way to the client, and writes it anew where the client speaks
// another surface than the provider. Used by the gateway for whatever is not chat passed on to
// chat. One per attempt, one worker.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/stream.h"
#include "translation/answer_check.h"
#include "translation/answer_fold.h"
#include "translation/codec.h"
#include "translation/custom_calls.h"
#include "translation/dsml_filter.h"
#include "translation/fence.h"
#include "translation/reasoning_collector.h"

namespace tidegate::translation {

class AnswerPass : private EventSink {
 public:
  AnswerPass(Surface provider, const protocol::DialectTable& dialect)
      : codec_(codec(provider)), dialect_(dialect) {}

  // The answer is to be written for a client of `surface`; else it is only read.
  void write_for(Surface surface, AnswerContext context);
  // The answer is to be kept as a whole, in the words of `surface`.
  void record(Surface surface, AnswerContext context) {
    recorder_ = codec(surface).answer_encoder(std::move(context));
  }
  [[nodiscard]] std::string take_recorded() { return std::move(recorded_); }
  // Calls of these tools are of custom ones, which the provider was told as functions.
  void restore_custom_calls(std::vector<std::string> tools) {
    if (!tools.empty()) custom_.emplace(static_cast<EventSink&>(*this), std::move(tools));
  }
  // Calls of these tools that leak into its text are to be made calls again. `seed` differs from
  // answer to answer. After restore_custom_calls().
  void repair_dsml(std::vector<std::string> tools, std::string_view seed) {
    tools_ = std::move(tools);
    dsml_.emplace(after_dsml(), std::vector<std::string_view>(tools_.begin(), tools_.end()), seed);
  }
  // It is to be held against the form that was asked for. One that the client must not take for
  // good ends without its end marker.
  void check(std::shared_ptr<const AskedForm> form) { check_.emplace(std::move(form)); }
  [[nodiscard]] bool is_refused() const { return check_ && check_->refuses(); }
  [[nodiscard]] const AnswerCheck* checked() const { return check_ ? &*check_ : nullptr; }
  // Its reasoning is to be collected.
  void collect(std::string_view maker, ReasoningCollector::Wanted wanted) {
    if (wanted.turn || wanted.seals) collector_.emplace(std::string(maker), wanted);
  }

  // One event of a stream; what the client gets is appended to out().
  protocol::EventClass read_event(std::string_view name, std::string_view data);
  // A whole answer. Error invalid: it is none.
  Result<void> read_whole(std::string_view body);

  [[nodiscard]] bool writes() const { return writes_; }
  // Bytes for the client that it does not have yet; the caller clears them.
  [[nodiscard]] std::string& out() { return out_; }

  [[nodiscard]] const protocol::Answer& answer() const { return fold_.answer(); }
  [[nodiscard]] bool done() const { return fold_.done(); }
  // As the provider named it; empty if it did not.
  [[nodiscard]] const std::string& answer_id() const { return fold_.id(); }
  // The client's surface has no words for a source that it cites.
  [[nodiscard]] bool drops_citations() const { return drops_citations_; }
  // What a stream amounts to if it ends now.
  [[nodiscard]] protocol::Ending ending() const;
  void remember(ReasoningMemory& memory, std::string_view owner) {
    if (collector_) collector_->remember(memory, owner);
    collector_.reset();
  }

 private:
  void take(const Event& event) override;
  void check_and_pass(const Event& event);
  void pass(const Event& event);

  const Codec& codec_;
  const protocol::DialectTable& dialect_;
  bool writes_ = false;
  bool drops_citations_ = false;
  Surface client_ = Surface::chat;
  AnswerContext context_;
  std::unique_ptr<StreamDecoder> decoder_;
  std::unique_ptr<StreamEncoder> encoder_;
  std::unique_ptr<StreamEncoder> recorder_;
  std::string recorded_;
  [[nodiscard]] EventSink& after_dsml() {
    return custom_ ? static_cast<EventSink&>(*custom_) : *this;
  }
  [[nodiscard]] EventSink& sink() { return dsml_ ? static_cast<EventSink&>(*dsml_) : after_dsml(); }

  AnswerFold fold_;
  std::vector<std::string> tools_;  // dsml_ has views of them
  std::optional<CustomCalls> custom_;
  std::optional<DsmlFilter> dsml_;  // has a reference to custom_
  std::optional<ReasoningCollector> collector_;
  std::optional<AnswerCheck> check_;
  StreamFence fence_;  // of a stream that is checked and written
  std::string out_;
  protocol::EventClass seen_ = protocol::EventClass::other;  // of the event that is being read
};

}  // namespace tidegate::translation
