#include "engine/turn_loop.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "engine/tool_turn.h"
#include "engine/turn_messages.h"
#include "engine/turn_record.h"

namespace tidegate::engine {
namespace {

std::unexpected<Failure> stopped(ToolTurn::Stop stop) {
  return std::unexpected(Failure{.error_class = workflow::ErrorClass::tool,
                                 .error = std::move(stop.error),
                                 .retryable = false,
                                 .sent = false,
                                 .cancelled = stop.cancelled});
}

std::unexpected<Failure> guarded(std::string message) {
  return stopped({{ErrorCode::too_large, std::move(message), {}}});
}

// A server that cannot be had may be there later; a tool that it does not have will not.
std::unexpected<Failure> without_tools(const mcp::Failure& failure) {
  const ErrorCode code = failure.error.code;
  const bool may_pass = code == ErrorCode::unavailable || code == ErrorCode::timeout ||
                        code == ErrorCode::rate_limited || code == ErrorCode::truncated;
  return std::unexpected(Failure{.error_class = workflow::ErrorClass::tool,
                                 .error = failure.error,
                                 .retryable = may_pass,
                                 .sent = false,
                                 .cancelled = code == ErrorCode::canceled});
}

// Ids that a provider left out are given, so that each result names its call.
void name_calls(std::vector<ToolCall>& calls, std::uint32_t turn) {
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (calls[i].id.empty()) calls[i].id = fmt::format("call_{}_{}", turn, i);
  }
}

Bytes bytes(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

class Turns {
 public:
  Turns(Loop& loop, const TurnLimits& limits, Conversation& conversation, ToolSet& tools)
      : conversation_(conversation), turn_(loop, limits, conversation, tools) {
    for (const OfferedTool& tool : tools.offered()) forms_.push_back(tool.form);
  }

  Task<AskResult> lead() {
    std::optional<ToolTurn::Stop> stop = co_await go_on();
    if (stop) co_return stopped(std::move(*stop));
    const workflow::Guards& guards = conversation_.definition().settings->guards;
    for (;;) {
      if (guards.turns > 0 && number_ >= static_cast<std::uint32_t>(guards.turns)) {
        co_return guarded(fmt::format("no answer after {} turns (limits.turns)", guards.turns));
      }
      AskResult asked = co_await conversation_.ask(forms_, more_);
      if (!asked || asked->tool_calls.empty()) co_return asked;
      ++number_;
      if (asked->usage) used_ += asked->usage->prompt + asked->usage->completion;
      if (guards.tokens > 0 && used_ > guards.tokens) {
        co_return guarded(
            fmt::format("{} tokens were used, and no answer yet; {} are allowed "
                        "(limits.tokens)",
                        used_, guards.tokens));
      }
      name_calls(asked->tool_calls, number_);
      const Bytes answer = bytes(assistant_message(*asked));
      record_turn(conversation_, number_, answer, nullptr);
      stop = co_await take_turn(answer, std::move(asked->tool_calls), {});
      if (stop) co_return stopped(std::move(*stop));
    }
  }

 private:
  // What an earlier process or attempt did, up to the turn that it left open.
  Task<std::optional<ToolTurn::Stop>> go_on() {
    const std::span<const StoredTurn> stored = conversation_.before();
    const std::vector<StoredTurn> before(stored.begin(), stored.end());  // it may grow meanwhile
    for (const StoredTurn& turn : before) {
      number_ = turn.number;
      Result<std::vector<ToolCall>> calls = calls_of(*turn.answer);
      if (!calls) co_return ToolTurn::Stop{calls.error()};
      if (turn.results == nullptr) {
        std::optional<ToolTurn::Stop> stop =
            co_await take_turn(turn.answer, std::move(*calls), turn.calls, true);
        if (stop) co_return stop;
        continue;
      }
      turn_.remember(*calls);
      Result<std::vector<std::string>> results = from_array(*turn.results);
      if (!results) co_return ToolTurn::Stop{results.error()};
      more_.push_back(*turn.answer);
      std::ranges::move(*results, std::back_inserter(more_));
    }
    co_return std::nullopt;
  }

  Task<std::optional<ToolTurn::Stop>> take_turn(Bytes answer, std::vector<ToolCall> calls,
                                                std::span<const SetToolCall> stored,
                                                bool from_journal = false) {
    auto running = turn_.run(number_, std::move(calls), stored, from_journal);
    std::expected<std::vector<std::string>, ToolTurn::Stop> results = co_await running;
    if (!results) co_return std::move(results.error());
    record_turn(conversation_, number_, answer, bytes(as_array(*results)));
    more_.push_back(*answer);
    std::ranges::move(*results, std::back_inserter(more_));
    co_return std::nullopt;
  }

  Conversation& conversation_;
  ToolTurn turn_;
  std::vector<workflow::ToolForm> forms_;
  std::vector<std::string> more_;  // messages behind the prompt
  std::uint32_t number_ = 0;       // of the last turn
  Tokens used_ = 0;
};

}  // namespace

Task<mcp::Answer<std::unique_ptr<ToolSet>>> TurnLoop::open(Conversation& conversation) {
  const workflow::Workflow& workflow = conversation.workflow();
  co_return co_await source_.open(workflow, conversation.definition(), conversation.scope(),
                                  conversation.cancel());
}

Task<AskResult> TurnLoop::converse(Conversation& conversation) {
  mcp::Answer<std::unique_ptr<ToolSet>> tools = co_await open(conversation);
  if (!tools) co_return without_tools(tools.error());
  Turns turns(loop_, limits_, conversation, **tools);
  co_return co_await turns.lead();
}

}  // namespace tidegate::engine
