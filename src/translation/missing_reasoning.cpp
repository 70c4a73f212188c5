#include "translation/missing_reasoning.h"

#include <fmt/format.h>

#include "base/hash.h"

namespace tidegate::translation {
namespace {

std::string turns(std::uint32_t count) {
  return fmt::format("{} {}", count, count == 1 ? "turn" : "turns");
}

}  // namespace

std::vector<Cargo> MissingReasoning::recall(const ReasoningMemory::Turn& turn) const {
  if (aim_.memory == nullptr) return {};
  return aim_.memory->recall(aim_.owner, turn, aim_.unknown);
}

std::string MissingReasoning::stand_in(std::uint32_t turn_number,
                                       const ReasoningMemory::Turn& turn) {
  ++missing_;
  std::uint64_t mark = turn.text.value();
  for (const std::string& call : turn.calls) mark = hash_bytes(call, mark);
  return fmt::format("(The reasoning of step {} was not kept; mark {:08x}.)", turn_number + 1,
                     static_cast<std::uint32_t>(mark ^ mark >> 32));
}

std::string_view MissingReasoning::signature_stand_in() {
  ++missing_;
  return "skip_thought_signature_validator";
}

std::string MissingReasoning::details_stand_in(std::string_view call) {
  return fmt::format(
      R"([{{"type":"reasoning.encrypted","id":"{}","data":"{}","format":"google-gemini-v1","index":0}}])",
      call, signature_stand_in());
}

void MissingReasoning::note(Notes& notes) const {
  if (restored_ != 0) notes.add(fmt::format("reasoning of {} restored", turns(restored_)));
  if (missing_ != 0) notes.add(fmt::format("reasoning of {} missing", turns(missing_)));
}

}  // namespace tidegate::translation
