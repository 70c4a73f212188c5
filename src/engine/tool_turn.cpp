#include "engine/tool_turn.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/redaction.h"
#include "engine/turn_messages.h"
#include "engine/turn_record.h"
#include "loop/task_group.h"

namespace tidegate::engine {
namespace {

const ToolTurn::Stop kCancelled{{ErrorCode::canceled, "it was cancelled", {}}, true};

std::string key_of(std::string_view tool, std::string_view arguments) {
  return fmt::format("{}\n{}", tool, arguments);
}

}  // namespace

bool ToolTurn::once() const {
  return conversation_.definition().settings->side_effects == workflow::SideEffects::once;
}

ToolTurn::Stop ToolTurn::unknown_outcome(const Planned& planned, std::string_view why) const {
  return {
      {ErrorCode::unavailable,
       fmt::format("the outcome of a call of {} with side effects is unknown ({}), and the task "
                   "says `side_effects: once`; look what became of it, then start a new run or "
                   "fork this one behind the task",
                   tool_of(planned).name, why),
       {}}};
}

void ToolTurn::write(std::uint32_t turn, const Planned& planned, Bytes result, bool failed) {
  SetToolCall call;
  call.turn = turn;
  call.number = planned.number;
  call.tool = tool_of(planned).name;
  call.arguments = std::make_shared<const std::string>(planned.arguments);
  call.result = std::move(result);
  call.failed = failed;
  record_call(conversation_, std::move(call));
}

void ToolTurn::remember(std::span<const ToolCall> calls) {
  const std::span<const OfferedTool> tools = tools_.offered();
  for (const ToolCall& call : calls) {
    const auto tool = std::ranges::find(
        tools, call.name, [](const OfferedTool& each) { return std::string_view(each.form.name); });
    const Result<std::string> arguments = canonical_arguments(call.arguments);
    if (tool != tools.end() && arguments) ++made_[key_of(tool->name, *arguments)];
  }
}

// Decides what becomes of one call: made, or answered without being made.
std::optional<ToolTurn::Stop> ToolTurn::plan_one(Planned& planned, const SetToolCall* stored) {
  const std::span<const OfferedTool> tools = tools_.offered();
  const auto tool = std::ranges::find(tools, planned.call.name, [](const OfferedTool& each) {
    return std::string_view(each.form.name);
  });
  if (stored != nullptr && stored->result != nullptr) {
    planned.content = *stored->result;
    remember({&planned.call, 1});
    return {};
  }
  if (tool == tools.end()) {
    std::vector<std::string> names;
    for (const OfferedTool& each : tools) names.push_back(each.form.name);
    planned.content = fmt::format("Error: this task has no tool \"{}\". Its tools are: {}.",
                                  mcp::excerpt(planned.call.name, 64), fmt::join(names, ", "));
    return {};
  }
  Result<std::string> arguments = canonical_arguments(planned.call.arguments);
  if (!arguments) {
    planned.content =
        fmt::format("Error: the arguments are not a JSON object: {}", arguments.error().message);
    return {};
  }
  const int limit = conversation_.definition().settings->guards.repeat_tool_call;
  int& made = made_[key_of(tool->name, *arguments)];
  if (limit > 0 && made >= limit) {
    if (warned_) {
      return Stop{{ErrorCode::bad_answer,
                   fmt::format("the model goes on calling {} with the same arguments, after {} "
                               "times (limits.repeat_tool_call)",
                               tool->name, limit),
                   {}}};
    }
    warned_ = true;
    planned.content = fmt::format(
        "Error: {} was called {} times with these very arguments; its result will be no other. Use "
        "what you have, or call it with other arguments.",
        planned.call.name, limit);
    return {};
  }
  ++made;
  planned.tool = static_cast<std::size_t>(tool - tools.begin());
  planned.arguments = std::move(*arguments);
  planned.made_before = stored != nullptr;
  return {};
}

std::optional<ToolTurn::Stop> ToolTurn::plan(std::vector<ToolCall> calls,
                                             std::span<const SetToolCall> stored,
                                             std::vector<Planned>& out) {
  out.resize(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    Planned& planned = out[i];
    planned.call = std::move(calls[i]);
    planned.number = static_cast<std::uint32_t>(i);
    if (i >= limits_.calls_per_turn) {
      planned.content =
          fmt::format("Error: not made; at most {} calls at a time are.", limits_.calls_per_turn);
      continue;
    }
    const auto known = std::ranges::find(stored, planned.number, &SetToolCall::number);
    if (std::optional<Stop> stop = plan_one(planned, known == stored.end() ? nullptr : &*known)) {
      return stop;
    }
  }
  return {};
}

Task<std::expected<std::vector<std::string>, ToolTurn::Stop>> ToolTurn::run(
    std::uint32_t turn, std::vector<ToolCall> calls, std::span<const SetToolCall> stored,
    bool from_journal) {
  std::vector<Planned> planned;
  if (std::optional<Stop> stop = plan(std::move(calls), stored, planned)) {
    co_return std::unexpected(std::move(*stop));
  }
  for (Planned& each : planned) each.from_journal = from_journal;
  const std::optional<Stop> stop = co_await make_all(turn, planned, conversation_.cancel());
  if (stop) co_return std::unexpected(*stop);
  std::vector<std::string> messages;
  for (const Planned& each : planned) messages.push_back(tool_message(each.call.id, each.content));
  co_return messages;
}

// Neighbours that only read are made side by side; all others alone, in the model's order.
Task<std::optional<ToolTurn::Stop>> ToolTurn::make_all(std::uint32_t turn,
                                                       std::vector<Planned>& calls,
                                                       Cancel& cancel) {
  const auto only_reads = [&](const Planned& call) {
    return !call.tool || tool_of(call).hints.read_only;
  };
  for (std::size_t begin = 0; begin < calls.size();) {
    std::size_t end = begin;
    while (end < calls.size() && end - begin < limits_.parallel_calls && only_reads(calls[end])) {
      ++end;
    }
    std::optional<Stop> stop;
    if (end > begin) {
      const std::span<Planned> beside(calls.data() + begin, end - begin);
      stop = co_await make_side_by_side(turn, beside, cancel);
      begin = end;
    } else {
      stop = co_await make(turn, calls[begin], cancel);
      ++begin;
    }
    if (stop) co_return stop;
  }
  co_return std::nullopt;
}

Task<void> ToolTurn::make_beside(std::uint32_t turn, Planned& planned, Cancel& cancel,
                                 std::optional<Stop>& stop, std::size_t& left, Notice& done) {
  std::optional<Stop> mine = co_await make(turn, planned, cancel);
  if (mine && !stop) stop = std::move(mine);
  // The waiter destroys the group that this runs in: not before this has returned.
  if (--left == 0) loop_.post([&done] { done.give(); });
}

Task<std::optional<ToolTurn::Stop>> ToolTurn::make_side_by_side(std::uint32_t turn,
                                                                std::span<Planned> calls,
                                                                Cancel& cancel) {
  std::optional<Stop> stop;
  std::size_t left = calls.size();
  Notice done(loop_);
  TaskGroup group;
  for (Planned& each : calls) group.spawn(make_beside(turn, each, cancel, stop, left, done));
  co_await done.until_given(kNever);
  co_return stop;
}

// Makes one call, again where that does no harm, and sets what the model gets.
Task<std::optional<ToolTurn::Stop>> ToolTurn::make(std::uint32_t turn, Planned& planned,
                                                   Cancel& cancel) {
  if (!planned.tool) co_return std::nullopt;
  if (cancel.canceled()) co_return kCancelled;
  const OfferedTool& tool = tool_of(planned);
  if (planned.made_before && !tool.hints.read_only) {
    if (once()) co_return unknown_outcome(planned, "the process ended during the call");
    if (!tool.hints.idempotent) {
      planned.content =
          "Error: the outcome of this call is unknown: the process was interrupted. It was not "
          "made "
          "again; look what became of it before you do.";
      write(turn, planned, std::make_shared<const std::string>(planned.content), true);
      co_return std::nullopt;
    }
  }
  if (planned.from_journal && planned.arguments.find(kRedacted) != std::string::npos) {
    planned.content =
        "Error: this call was not made: the process was interrupted before, and a secret in its "
        "arguments was not written down.";
    write(turn, planned, std::make_shared<const std::string>(planned.content), true);
    co_return std::nullopt;
  }
  write(turn, planned, nullptr, false);
  if (!tool.hints.read_only) {
    Journal& journal = conversation_.journal();
    const Result<void> intent = co_await journal.durable();
    if (!intent) co_return Stop{intent.error()};
  }
  bool failed = false;
  Duration wait = limits_.first_wait;
  for (int attempt = 1;; ++attempt) {
    Task<mcp::Answer<mcp::ToolResult>> calling =
        tools_.call(*planned.tool, planned.arguments, cancel);
    const mcp::Answer<mcp::ToolResult> answer = co_await calling;
    if (answer) {
      failed = answer->is_error;
      planned.content = mcp::as_text(*answer);
      if (answer->needs_input) {
        planned.content = "Error: the tool asks for input of a person, which a workflow has not.";
        failed = true;
      } else if (failed) {
        planned.content = "Error: " + planned.content;
      } else if (!answer->violation.empty()) {
        planned.content +=
            fmt::format("\n[note: not as the tool's own schema says, {}]", answer->violation);
      }
      break;
    }
    const mcp::Failure& failure = answer.error();
    if (cancel.canceled()) co_return kCancelled;
    const bool is_blind = once() && !tool.hints.read_only;
    if (attempt < limits_.tries && mcp::may_repeat(failure, tool.hints, is_blind)) {
      const TimePoint until = loop_.now() + wait;
      co_await loop_.sleep_until(until);
      wait *= 2;
      continue;
    }
    if (failure.fate == mcp::Fate::unknown && is_blind) {
      co_return unknown_outcome(planned, failure.error.message);
    }
    failed = true;
    planned.content = fmt::format(
        "Error: {}{}", failure.error.message,
        failure.fate == mcp::Fate::unknown ? "; whether the tool did its work is unknown" : "");
    break;
  }
  if (planned.content.empty()) planned.content = "(no output)";
  planned.content = bounded(planned.content, limits_.tool_output_bytes);
  write(turn, planned, std::make_shared<const std::string>(planned.content), failed);
  co_return std::nullopt;
}

}  // namespace tidegate::engine
