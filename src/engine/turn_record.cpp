#include "engine/turn_record.h"

#include <algorithm>
#include <utility>

namespace tidegate::engine {
namespace {

StoredTurn* remembered(Conversation& conversation, std::uint32_t number) {
  std::vector<StoredTurn>* memory = conversation.memory();
  if (memory == nullptr) return nullptr;
  const auto known = std::ranges::find(*memory, number, &StoredTurn::number);
  if (known != memory->end()) return &*known;
  return &memory->emplace_back(
      StoredTurn{.number = number, .answer = {}, .results = {}, .calls = {}});
}

}  // namespace

void record_turn(Conversation& conversation, std::uint32_t number, Bytes answer, Bytes results) {
  if (StoredTurn* turn = remembered(conversation, number)) {
    turn->answer = answer;
    turn->results = results;
  }
  conversation.journal().append(AddTurn{.run = conversation.run(),
                                        .task = conversation.task(),
                                        .attempt = conversation.attempt(),
                                        .number = number,
                                        .answer = conversation.redacted(std::move(answer)),
                                        .results = conversation.redacted(std::move(results)),
                                        .at = conversation.now()});
}

void record_call(Conversation& conversation, SetToolCall call) {
  call.run = conversation.run();
  call.task = conversation.task();
  call.at = conversation.now();
  if (StoredTurn* turn = remembered(conversation, call.turn)) {
    const auto known = std::ranges::find(turn->calls, call.number, &SetToolCall::number);
    if (known == turn->calls.end()) {
      turn->calls.push_back(call);
    } else {
      *known = call;
    }
  }
  call.arguments = conversation.redacted(std::move(call.arguments));
  call.result = conversation.redacted(std::move(call.result));
  conversation.journal().append(std::move(call));
}

}  // namespace tidegate::engine
