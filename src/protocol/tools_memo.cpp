#include "protocol/tools_memo.h"

namespace tidegate::protocol {

const ToolsMemo::Known* ToolsMemo::find(std::string_view text) const {
  for (const Known& known : entries_) {
    if (!known.array.empty() && text.starts_with(known.array)) return &known;
  }
  return nullptr;
}

void ToolsMemo::remember(std::string_view array, const ToolFacts& facts) {
  if (array.size() < kLeastBytes || array.size() > kMostBytes) return;
  const std::uint32_t number = unknown_++;
  if (number < kEntries) {
    entries_[number] = {std::string(array), facts};
  } else if (number % kEach == 0) {
    entries_[number / kEach % kEntries] = {std::string(array), facts};
  }
}

}  // namespace tidegate::protocol
