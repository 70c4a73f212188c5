// ReasoningCollector: gathers the reasoning of one answer and what its turn can be found by, or
// only its seals, for the reasoning memory. Used beside the passing of an answer. One per answer,
// one worker.
#pragma once

#include <string>
#include <vector>

#include "translation/event.h"
#include "translation/reasoning_memory.h"

namespace tidegate::translation {

class ReasoningCollector {
 public:
  // Reasoning beyond this is not remembered at all: half of it would be worth less than none.
  static constexpr std::size_t kMostBytes = 1u << 20;

  struct Wanted {
    bool turn = false;   // the reasoning itself, for a client that may not bring it back
    bool seals = false;  // who made the seals, for a client that brings them back bare
  };

  // `maker`: the provider and model that answer.
  ReasoningCollector(std::string maker, Wanted wanted)
      : maker_(std::move(maker)), wanted_(wanted) {}

  void take(const Event& event);
  // Once the answer is complete. Nothing is kept of an answer without reasoning.
  void remember(ReasoningMemory& memory, std::string_view owner);

 private:
  void close();

  const std::string maker_;
  const Wanted wanted_;
  ReasoningMemory::Turn turn_;
  std::vector<Cargo> cargo_;
  std::string open_;  // text of the reasoning that is going on
  std::size_t bytes_ = 0;
};

}  // namespace tidegate::translation
