// The measured shape of a request; what routing policies decide on. A plain value.
// The formulas and their numbers are in docs/workload.md; golden conversations hold them in place.
#pragma once

#include <cstdint>

#include "base/money.h"
#include "protocol/conversation.h"
#include "workload/tokens.h"

namespace tidegate::workload {

// The planning score, 0 to 1, worked out when it is first asked for: it costs as much as all other
// measures, and a policy decides on most requests without it.
class PlanningScore {
 public:
  PlanningScore() = default;
  PlanningScore(double known) : score_(known) {}
  // `conversation` must live until the score is asked for.
  explicit PlanningScore(const protocol::Conversation& conversation)
      : conversation_(&conversation) {}
  operator double() const;

 private:
  const protocol::Conversation* conversation_ = nullptr;  // null: score_ is known
  mutable double score_ = 0;
  mutable bool worked_out_ = false;
};

struct Workload {
  Tokens context_tokens = 0;  // estimate of the prompt, tools included
  PlainEstimate plain;        // what it was made from
  double tool_density = 0;    // tool calls per assistant step, last 20 steps; before any: a prior
  PlanningScore planning_score{};
  std::uint32_t messages = 0;
  std::uint32_t tools = 0;
  std::uint32_t images = 0;
  MediaSet media = 0;  // of the images and other parts that are no text
  std::uint32_t assistant_steps = 0;
  Tokens max_tokens = 0;      // asked for; 0: not said
  std::uint32_t choices = 1;  // answers to the one prompt
  bool stream = false;
};

// Bounded work whatever the conversation's size; allocates nothing.
[[nodiscard]] Workload measure(const protocol::Conversation& conversation,
                               const TokenWeights& weights);

// 1 is one call a step; parallel calls give more. Before any step a guess from the declared tools,
// at most 0.55: a conversation becomes tool work by doing it, not by being able to.
[[nodiscard]] double tool_density(const protocol::Conversation& conversation);

[[nodiscard]] double planning_score(const protocol::Conversation& conversation);

}  // namespace tidegate::workload
