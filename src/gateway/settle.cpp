// How an attempt is accounted: usage and cost, the ledger's record, metrics, what the token
// estimate and the provider's health learn from it.
#include <algorithm>
#include <utility>

#include "gateway/admit.h"
#include "gateway/afford.h"

namespace tidegate::gateway {
namespace {

// Provider texts that become record fields are bounded.
constexpr std::size_t kMaxText = 120;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

const protocol::Answer& Attempt::answer() const {
  if (whole_) return *whole_;
  return pass_ ? pass_->answer() : reader_.answer();
}

// Called before the answer's end leaves: the client's next request may come at once, and on another
// worker.
void Attempt::remember() {
  SharedState& shared = walk_.worker.shared;
  if (gatherer_ && shared.reasoning != nullptr) gatherer_->remember(*shared.reasoning, owner_);
  if (pass_ && shared.reasoning != nullptr) pass_->remember(*shared.reasoning, owner_);
  if (pending_ && pending_->provider.empty()) {
    remember_response(*shared.responses, *pending_, pass_->take_recorded());
  } else if (pending_ && !pass_->answer_id().empty()) {
    shared.responses->remember(pending_->owner, pass_->answer_id(), {},
                               {.provider = std::move(pending_->provider)});
  }
  pending_.reset();
}

void Attempt::settle() {
  WorkerState& worker = walk_.worker;
  const Snapshot& snapshot = *walk_.snapshot;
  const TargetRuntime& runtime = snapshot.runtime(target_);
  const protocol::Answer& answer = this->answer();

  // Initialized, not assigned: that halves the instructions of its texts.
  ledger::UsageRecord record{
      .request = walk_.id,
      .attempt = static_cast<std::uint16_t>(walk_.attempts),
      .last = walk_.answered,
      .started = started_wall_,
      .first_byte =
          first_byte_ == TimePoint{} ? Duration{} : std::max(Duration{1}, first_byte_ - started_),
      .total = worker.loop.now() - started_,
      .task = walk_.understood.task,
      .role = walk_.understood.role,
      .key = std::string(walk_.caller.key_id()),
      .tenant = std::string(walk_.caller.tenant()),
      .client = walk_.understood.client,
      .route = route_name(walk_.understood.decision),
      .provider = target_.model->provider,
      .model = target_.model->id,
      .price_epoch = {},
      .requested_model = walk_.understood.requested_model,
      .served_model{answer.model, 0, std::min(answer.model.size(), kMaxText)},
      .finish_reason =
          answer.finish == protocol::FinishReason::none ? std::string_view{} : name(answer.finish),
      .outcome = end_.outcome,
      .status = static_cast<std::uint16_t>(status_),
      .error = {},
      .stream = walk_.understood.stream,
      .usage = {},
      .estimated_prompt = walk_.understood.workload.context_tokens,
      .cost = {},
      .saved_by_cache = {},
      .saved_by_window = {},
  };
  if (failed()) {
    record.error = end_.failure->error.message.substr(0, kMaxText);
  } else if (const auto* check = checked(); check != nullptr && !check->fault().empty()) {
    record.error = unfit(*check).message.substr(0, kMaxText);
  }

  if (answer.usage) {
    record.usage = *answer.usage;
    record.usage_source = ledger::UsageSource::reported;
    runtime.calibration->learn(walk_.understood.workload.plain, answer.usage->prompt);
    // The tokenizers of embedding models are others than those of chat models.
    if (upstream_ != protocol::Surface::embeddings) {
      worker.shared.any_model.learn(walk_.understood.workload.plain, answer.usage->prompt);
    }
  } else if (walk_.answered) {
    // The provider worked but did not say how much. What gave the client nothing costs nothing.
    record.usage.prompt = walk_.understood.workload.context_tokens;
    record.usage.completion = seen_tokens_;
    record.usage_source = ledger::UsageSource::estimated;
  }
  if (walk_.limited != nullptr) {
    settle_attempt(walk_, record.usage);
    if (answer.usage && !failed()) runtime.output->learn(answer.usage->completion);
  }
  const catalog::Quote quote =
      snapshot.catalog.quote(*target_.model, started_wall_, record.usage.prompt);
  record.price_epoch = quote.epoch;
  record.peak = quote.peak;
  if (record.usage_source == ledger::UsageSource::none) {
    record.cost = NanoDollars{};
  } else if (quote.price != nullptr) {
    record.cost = catalog::cost(*quote.price, record.usage);
    if (record.cost) {
      const catalog::Savings saved = catalog::savings(quote, record.usage, *record.cost);
      record.saved_by_cache = saved.by_cache;
      record.saved_by_window = saved.by_window;
    }
  }
  if (walk_.budgeted != nullptr) settle_charge(walk_, record.cost);

  telemetry::Cells& cells = worker.cells;
  const telemetry::TargetMetrics& metrics = runtime.metrics;
  cells.add(metrics.attempts_by_outcome[static_cast<std::size_t>(end_.outcome)]);
  cells.add(metrics.prompt_tokens, static_cast<std::uint64_t>(record.usage.prompt));
  cells.add(metrics.cached_tokens, static_cast<std::uint64_t>(record.usage.cached));
  cells.add(metrics.completion_tokens, static_cast<std::uint64_t>(record.usage.completion));
  cells.add(metrics.reasoning_tokens, static_cast<std::uint64_t>(record.usage.reasoning));
  if (record.cost) {
    cells.add(metrics.cost_nanodollars, static_cast<std::uint64_t>(record.cost->value));
  } else {
    cells.add(metrics.unpriced_attempts);
  }
  if (first_byte_ != TimePoint{}) {
    cells.observe(metrics.first_token_seconds, seconds(record.first_byte));
  }
  if (walk_.answered) {
    cells.observe(metrics.input_tokens, static_cast<double>(record.usage.prompt));
    cells.observe(metrics.output_tokens, static_cast<double>(record.usage.completion));
    cells.observe(metrics.duration_seconds, seconds(worker.loop.now() - walk_.started));
    walk_.usage = record.usage;
    walk_.cost = record.cost;
    walk_.first_byte = first_byte_ == TimePoint{} ? Duration{} : first_byte_ - walk_.started;
  }
  walk_.outcome = end_.outcome;
  walk_.target = &target_;
  if (walk_.answered) walk_.status = 200;
  if (walk_.answered) {
    walk_.record(record);
  } else {
    walk_.unfiled = std::make_unique<ledger::UsageRecord>(std::move(record));
  }
}

}  // namespace tidegate::gateway
