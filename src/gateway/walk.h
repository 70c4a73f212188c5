// What one request carries from step to step of the pipeline.
// Lives in the coroutine that serves the request, on one worker.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/request_id.h"
#include "gateway/budgeted.h"
#include "gateway/limited.h"
#include "gateway/understand.h"
#include "gateway/worker_state.h"
#include "http/exchange.h"
#include "ledger/usage_record.h"

namespace tidegate::gateway {

// A provider's answer that may yet reach the client, if nothing better comes.
struct HeldAnswer {
  int status = 0;
  const routing::Target* target = nullptr;  // whose answer it is
  std::string fields;                       // of its head, without ours
  std::string body;
  std::string note;  // what is wrong with it, for x-tidegate-notes
};

struct Walk {
  Walk(http::Exchange& client_exchange, WorkerState& on, protocol::Surface of_client, Caller by)
      : exchange(client_exchange),
        caller(std::move(by)),
        surface(of_client),
        worker(on),
        snapshot(on.snapshot),
        id(RequestId::make(client_exchange.received())),
        started(on.loop.now()),
        deadline(started + snapshot->config.timeouts.total) {}

  http::Exchange& exchange;
  const Caller caller;
  const protocol::Surface surface;  // that the client speaks
  WorkerState& worker;
  const std::shared_ptr<const Snapshot> snapshot;  // stays the same through a reload
  const RequestId id;
  const TimePoint started;
  const TimePoint deadline;

  Understanding understood;
  std::string notes;
  unsigned attempts = 0;
  bool committed = false;  // the head of the answer has left, so the status can no longer change
  bool answered = false;   // bytes of an answer have left, so no other attempt may be made

  std::unique_ptr<Limited> limited;    // null: nothing is limited
  std::unique_ptr<Budgeted> budgeted;  // null: no budget counts the request

  // For the request's log line; the last attempt's.
  const routing::Target* target = nullptr;
  ledger::Outcome outcome = ledger::Outcome::ok;
  int status = 0;  // as the client was answered
  std::string error;
  Usage usage;
  std::optional<NanoDollars> cost;
  Duration first_byte{};

  // An answer that does not fit the schema which was asked for: better than none, unless the schema
  // was strict.
  std::optional<HeldAnswer> spare;

  // The record of a failed attempt, until it is known whether another one follows.
  std::unique_ptr<ledger::UsageRecord> unfiled;

  void file(bool last) {
    if (unfiled == nullptr) return;
    unfiled->last = last;
    record(*unfiled);
    unfiled.reset();
  }
  // Into the ledger, and first into budgets that a reload brought meanwhile.
  void record(const ledger::UsageRecord& attempt) {
    if (snapshot->budgets->followed()) count_late(attempt);
    worker.shared.ledger->record(attempt);
  }
  void count_late(const ledger::UsageRecord& attempt) const;  // afford.cpp
  // Frees what only another attempt would need.
  void release_question() {
    understood.workload.planning_score = {};  // it would read the question
    understood.question.reset();
    understood.whole.reset();
    exchange.release_request();
  }
  // Once, however many attempts say it.
  void note(std::string_view text) {
    if (notes.find(text) != std::string::npos) return;
    if (!notes.empty()) notes += ", ";
    notes += text;
  }
};

}  // namespace tidegate::gateway
