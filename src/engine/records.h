// What the engine writes down: each record is one fact, applied to the journal in the order in
// which it was appended. Plain values; made on the engine's loop, applied by the journal's writer
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "base/usage.h"
#include "engine/states.h"

namespace tidegate::engine {

// Sortable by time; "r" and 13 characters of Crockford's base 32 for people.
struct RunId {
  std::int64_t value = 0;

  static RunId make(WallTime now);
  static std::optional<RunId> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  auto operator<=>(const RunId&) const = default;
};

using Bytes = std::shared_ptr<const std::string>;

struct NewTask {
  std::string id{};
  std::string role{};
  std::int32_t priority = 0;
};

// A task, or an item of one, of some run.
struct TaskRef {
  RunId run{};
  std::uint32_t task = 0;
  bool operator==(const TaskRef&) const = default;
};

// What a forked run takes over of another one: a result, or those of a list's items.
struct Reuse {
  std::uint32_t task = 0;
  TaskRef source{};
  std::optional<std::uint32_t> parent{};  // an item, whose row is made: of this task
  bool items_only = false;                // they are taken over once the list is known
};

// A run and its tasks, waiting but for those whose results are taken over; the lease is its
// creator's.
struct CreateRun {
  RunId run{};
  std::string key{};  // idempotency key; empty: none
  std::string name{};
  std::string spec_hash{};
  Bytes spec{};             // the files, packed
  Bytes inputs{};           // JSON object; secret inputs by the name of their variable
  std::int64_t parent = 0;  // the run that this one is forked from; 0: none
  WallTime created{};
  std::optional<NanoDollars> budget{};
  std::shared_ptr<const std::vector<NewTask>> tasks{};
  std::vector<Reuse> reused{};
};

struct SetRunState {
  RunId run{};
  RunState state{};
  std::string reason{};  // why it paused or failed; empty: nothing to say
  WallTime at{};
};

// The outputs of a run that has succeeded, JSON.
struct SetRunOutputs {
  RunId run{};
  Bytes outputs{};
};

struct SetBudget {
  RunId run{};
  std::optional<NanoDollars> budget{};
};

// The items of task `parent` as tasks of their own, numbered from `first`.
struct AddItems {
  RunId run{};
  std::uint32_t parent = 0;
  std::uint32_t first = 0;
  std::shared_ptr<const std::vector<std::string>> keys{};
  WallTime at{};
  std::vector<Reuse> reused{};  // items that have ended in another run
};

struct SetTask {
  RunId run{};
  std::uint32_t task = 0;
  TaskState state{};
  Bytes output{};       // null: none, or as before
  std::string error{};  // of a failure: a sentence
  WallTime at{};
  WallTime not_before{};  // of delayed
};

// Committed before the request leaves. The task is running from then on.
struct BeginAttempt {
  RunId run{};
  std::uint32_t task = 0;
  std::uint32_t number = 0;  // of the task, from 1
  std::string purpose{};     // empty: the task's own request; else summary, map, repair, turn
  std::string model{};       // as asked for
  std::uint64_t request_hash = 0;
  WallTime sent{};
  NanoDollars reserved{};  // its worst case
};

// The request of an attempt that begins with it may be made by any process (offer.h).
struct AddOffer {
  RunId run{};
  std::uint32_t task = 0;
  std::uint32_t number = 0;
  std::string owner{};  // who waits for its answer
  std::string role{};
  Bytes body{};
  Duration queue{}, idle{}, total{};  // 0: no limit
  WallTime at{};
};

// A request that another process was given, and whose answer is not taken in yet.
struct GivenAttempt {
  std::uint32_t number = 0;
  std::uint64_t request_hash = 0;
  WallTime sent{};
  NanoDollars reserved{};
};

enum class CostKind : std::uint8_t { billed, estimated, unknown };
[[nodiscard]] std::string_view name_of(CostKind kind);

struct EndAttempt {
  RunId run{};
  std::uint32_t task = 0;
  std::uint32_t number = 0;
  AttemptState state{};
  std::string model{}, provider{};  // that answered
  std::string request_id{};         // the gateway's, as in the ledger
  std::string price_epoch{};
  bool peak = false;
  std::optional<WallTime> first_byte{};
  WallTime done{};
  Usage usage{};
  NanoDollars cost{};
  NanoDollars saved_by_cache{};   // what its cached tokens would have cost more
  NanoDollars saved_by_window{};  // what it would have cost more in peak hours
  CostKind cost_kind = CostKind::billed;
  std::string error_class{};  // empty: none
  std::string error{};
  bool offered = false;   // its offer is there no more
  std::string made_by{};  // the process that made the request; empty: the run's own
};

// The run goes on in another process: what was in flight in the one before is orphaned, but for
// what others were given, whose answers come to `owner` from now on.
struct OrphanAttempts {
  RunId run{};
  std::string owner{};
  WallTime at{};
};

// One round of a conversation with tools: what was asked, what came, what the tools said.
struct AddTurn {
  RunId run{};
  std::uint32_t task = 0;
  std::uint32_t attempt = 0;
  std::uint32_t number = 0;  // of the task, from 1
  Bytes answer{};            // the assistant's message, JSON, reasoning included
  Bytes results{};           // the tools' messages, JSON array; null: not there yet
  WallTime at{};
};

// A call of a tool: written before it is made, and again with its result.
struct SetToolCall {
  RunId run{};
  std::uint32_t task = 0;
  std::uint32_t turn = 0;
  std::uint32_t number = 0;  // in the turn, from 0
  std::string tool{};
  Bytes arguments{};
  Bytes result{};  // null: it is being made, or was when the process died
  bool failed = false;
  WallTime at{};
};

struct AddEvent {
  RunId run{};
  std::string kind{};
  std::string body{};  // JSON object
  WallTime at{};
};

struct AskApproval {
  RunId run{};
  std::uint32_t task = 0;
  Bytes message{};
  WallTime at{};
  std::optional<WallTime> until{};
};

struct EndApproval {
  RunId run{};
  std::uint32_t task = 0;
  bool approved = false;
  std::string by{};
  WallTime at{};
};

// Its owner works on the run no more.
struct ReleaseLease {
  RunId run{};
};

// A command of command.h was carried out.
struct EndCommand {
  std::int64_t id = 0;
  std::string answer{};
};

using Record =
    std::variant<CreateRun, SetRunState, SetRunOutputs, SetBudget, AddItems, SetTask, BeginAttempt,
                 AddOffer, EndAttempt, OrphanAttempts, AddTurn, SetToolCall, AddEvent, AskApproval,
                 EndApproval, ReleaseLease, EndCommand>;

}  // namespace tidegate::engine
