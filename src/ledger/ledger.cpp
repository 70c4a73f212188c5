#include "ledger/ledger.h"

#include "ledger/writer.h"

namespace tidegate::ledger {

Ledger::~Ledger() = default;

Result<std::unique_ptr<Ledger>> Ledger::open(Options options) {
  std::unique_ptr<Ledger> ledger(new Ledger);
  ledger->on_record_ = std::move(options.on_record);
  if (ledger->on_record_ && options.path.empty() && !options.open_store) return ledger;
  if (options.path.empty() && !options.open_store) {
    return fail(ErrorCode::invalid, "the ledger needs the path of its database", "state.ledger");
  }
  if (options.journal_path.empty()) {
    return fail(ErrorCode::invalid, "the ledger needs the path of its journal", "state.journal");
  }
  if (options.queue_limit == 0 || options.commit_every < Duration::zero()) {
    return fail(ErrorCode::invalid, "the ledger's queue_limit and commit_every must be positive");
  }
  ledger->writer_ = std::make_unique<Writer>(std::move(options));
  return ledger;
}

void Ledger::record(const UsageRecord& record) {
  if (on_record_) on_record_(record);
  if (writer_ != nullptr) writer_->record(record);
}

void Ledger::flush() {
  if (writer_ != nullptr) writer_->flush();
}

Stats Ledger::stats() const { return writer_ != nullptr ? writer_->stats() : Stats{}; }

}  // namespace tidegate::ledger
