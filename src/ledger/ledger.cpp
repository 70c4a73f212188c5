#include "ledger/ledger.h"

#include "ledger/writer.h"

namespace tidegate::ledger {

Ledger::Ledger(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
Ledger::~Ledger() = default;

Result<std::unique_ptr<Ledger>> Ledger::open(Options options) {
  if (options.path.empty() && !options.open_store) {
    return fail(ErrorCode::invalid, "the ledger needs the path of its database", "state.ledger");
  }
  if (options.journal_path.empty()) {
    return fail(ErrorCode::invalid, "the ledger needs the path of its journal", "state.journal");
  }
  if (options.queue_limit == 0 || options.commit_every < Duration::zero()) {
    return fail(ErrorCode::invalid, "the ledger's queue_limit and commit_every must be positive");
  }
  return std::unique_ptr<Ledger>(new Ledger(std::make_unique<Writer>(std::move(options))));
}

void Ledger::record(const UsageRecord& record) { writer_->record(record); }
void Ledger::flush() { writer_->flush(); }
Stats Ledger::stats() const { return writer_->stats(); }

}  // namespace tidegate::ledger
