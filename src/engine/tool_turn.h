// ToolTurn: the calls of one turn of a conversation, made and written down. Used by TurnLoop; lives
// as long as the conversation, on its loop.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/conversation.h"
#include "engine/tool_set.h"
#include "engine/turn_loop.h"
#include "loop/loop.h"
#include "loop/notice.h"

namespace tidegate::engine {

class ToolTurn {
 public:
  ToolTurn(Loop& loop, const TurnLimits& limits, Conversation& conversation, ToolSet& tools)
      : loop_(loop), limits_(limits), conversation_(conversation), tools_(tools) {}

  // Why the conversation must end.
  struct Stop {
    Error error;
    bool cancelled = false;
  };
  // The tools' messages, one for each of `calls`. `stored`: what an earlier process wrote of this
  // very turn. `from_journal`: so are the calls, without what was secret in them.
  Task<std::expected<std::vector<std::string>, Stop>> run(std::uint32_t turn,
                                                          std::vector<ToolCall> calls,
                                                          std::span<const SetToolCall> stored,
                                                          bool from_journal = false);
  // Counts calls of a turn that was completed before, for the guard of repetitions.
  void remember(std::span<const ToolCall> calls);

 private:
  struct Planned {
    ToolCall call;
    std::uint32_t number = 0;
    std::optional<std::size_t> tool;  // nullopt: it is answered, not made
    std::string arguments;            // canonical
    std::string content;              // of its message
    bool made_before = false;         // it may have run in an earlier process
    bool from_journal = false;        // what was secret in its arguments is gone
  };

  std::optional<Stop> plan(std::vector<ToolCall> calls, std::span<const SetToolCall> stored,
                           std::vector<Planned>& out);
  std::optional<Stop> plan_one(Planned& planned, const SetToolCall* stored);
  Task<std::optional<Stop>> make(std::uint32_t turn, Planned& planned, Cancel& cancel);
  Task<void> make_beside(std::uint32_t turn, Planned& planned, Cancel& cancel,
                         std::optional<Stop>& stop, std::size_t& left, Notice& done);
  Task<std::optional<Stop>> make_all(std::uint32_t turn, std::vector<Planned>& calls,
                                     Cancel& cancel);
  Task<std::optional<Stop>> make_side_by_side(std::uint32_t turn, std::span<Planned> calls,
                                              Cancel& cancel);
  void write(std::uint32_t turn, const Planned& planned, Bytes result, bool failed);
  [[nodiscard]] const OfferedTool& tool_of(const Planned& planned) const {
    return tools_.offered()[*planned.tool];
  }
  [[nodiscard]] bool once() const;
  [[nodiscard]] Stop unknown_outcome(const Planned& planned, std::string_view why) const;

  Loop& loop_;
  const TurnLimits& limits_;
  Conversation& conversation_;
  ToolSet& tools_;
  std::map<std::string, int> made_;  // by tool and canonical arguments
  bool warned_ = false;              // of a repetition
};

}  // namespace tidegate::engine
