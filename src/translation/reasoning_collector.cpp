#include "translation/reasoning_collector.h"

#include <utility>

namespace tidegate::translation {

void ReasoningCollector::take(const Event& event) {
  switch (event.kind) {
    case Event::Kind::reasoning:
      if (!wanted_.turn) break;
      bytes_ += event.text.size();
      if (bytes_ <= kMostBytes) open_ += event.text;
      break;
    case Event::Kind::reasoning_seal:
      bytes_ += event.text.size();
      cargo_.push_back({event.seal, maker_, std::string(event.id), std::string(event.text),
                        std::exchange(open_, {})});
      break;
    case Event::Kind::tool_call:
      close();
      turn_.calls.emplace_back(event.id);
      break;
    case Event::Kind::tool_seal:
      if (event.index >= turn_.calls.size()) break;
      bytes_ += event.text.size();
      cargo_.push_back({event.seal, maker_, turn_.calls[event.index], std::string(event.text), {}});
      break;
    case Event::Kind::text:
      turn_.text.add(event.text);
      break;
    default:
      break;
  }
}

void ReasoningCollector::close() {
  if (open_.empty()) return;
  cargo_.push_back({Seal::none, maker_, {}, {}, std::exchange(open_, {})});
}

void ReasoningCollector::remember(ReasoningMemory& memory, std::string_view owner) {
  close();
  if (bytes_ == 0 || bytes_ > kMostBytes) return;
  if (wanted_.turn) memory.remember(owner, turn_, cargo_);
  if (wanted_.seals) memory.remember_seals(owner, cargo_);
}

}  // namespace tidegate::translation
