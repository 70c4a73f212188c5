#include "workload/workload.h"

#include <algorithm>

#include "workload/text_signals.h"

namespace tidegate::workload {

using protocol::Conversation;
using protocol::Effort;

double tool_density(const Conversation& conversation) {
  const auto& calls = conversation.recent_tool_calls;
  const std::size_t steps = std::min<std::size_t>(conversation.assistant_steps, calls.size());
  if (steps == 0) {
    const double able = std::min(0.25, 0.02 * conversation.tools);
    return able + (conversation.shell_tools ? 0.20 : 0) + (conversation.edit_tools ? 0.10 : 0);
  }
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < steps; ++i) sum += calls[i];
  return static_cast<double>(sum) / static_cast<double>(steps);
}

double planning_score(const Conversation& conversation) {
  const TextSignals asked = find_signals(conversation.last_user_text);
  const TextSignals role = find_signals(conversation.system_text);
  const auto count = [](std::uint32_t n) { return static_cast<double>(n); };
  const std::size_t size = conversation.last_user_text.size();

  double score = 0;
  if (asked.planning_words > 0) score += std::min(0.55, 0.05 + 0.15 * count(asked.planning_words));
  score += std::min(0.10, 0.05 * count(role.planning_words));
  if (asked.files > 1) score += std::min(0.20, 0.04 * count(asked.files));
  if (asked.steps > 1) score += std::min(0.12, 0.03 * count(asked.steps));
  if (conversation.edit_tools) score += 0.05;
  if (conversation.effort == Effort::high) score += 0.15;
  if (conversation.effort >= Effort::xhigh) score += 0.25;
  if (size >= 1024) score += size >= 4096 ? 0.10 : 0.05;
  return std::min(score, 1.0);
}

PlanningScore::operator double() const {
  if (conversation_ != nullptr && !worked_out_) {
    score_ = workload::planning_score(*conversation_);
    worked_out_ = true;
  }
  return score_;
}

Workload measure(const Conversation& conversation, const TokenWeights& weights) {
  const PlainEstimate plain(sample_of(conversation));
  return {.context_tokens = estimate_tokens(plain, weights),
          .plain = plain,
          .tool_density = tool_density(conversation),
          .planning_score = PlanningScore(conversation),
          .messages = conversation.messages,
          .tools = conversation.tools,
          .images = conversation.images,
          .media = conversation.media,
          .assistant_steps = conversation.assistant_steps,
          .max_tokens = conversation.max_tokens.value_or(0),
          .choices = conversation.choices,
          .stream = conversation.stream};
}

}  // namespace tidegate::workload
