#include "workload/tokens.h"

#include <algorithm>
#include <cmath>

namespace tidegate::workload {
namespace {

// Fitted to o200k_base, judged by tests/golden/tokens; the scales take up what other tokenizers do.
// A letter would fit best with 0; then megabytes of letters without a space would weigh nothing.
constexpr double kPerLetter = 0.02, kPerRun = 0.53, kPerBreak = 1.58, kPerDigit = 0.15,
                 kPerSpace = 0.02, kPerPunctuation = 0.50, kPerEscape = 0.10, kPerCjk = 0.73,
                 kPerOther = 1.16;
// Chat templates: role and separators of a message, the frame of a prompt and of a tool.
constexpr double kPerMessage = 4, kPerPrompt = 3, kPerTool = 6, kPerImage = 1000;

constexpr double kLeastScale = 0.2, kMostScale = 5;
constexpr std::uint32_t kMemory = 16;  // answers that count as the recent past
constexpr double kFullTrust = 256;     // tokens; shorter prompts teach less

double text_tokens(const TokenSample& sample) {
  const auto& text = sample.text;
  const auto times = [](double weight, std::uint64_t count) {
    return weight * static_cast<double>(count);
  };
  return times(kPerLetter, text.letters) + times(kPerRun, text.runs) +
         times(kPerBreak, text.breaks) + times(kPerDigit, text.digits) +
         times(kPerSpace, text.spaces) + times(kPerPunctuation, text.punctuation) +
         times(kPerEscape, text.escapes) + times(kPerCjk, text.cjk) +
         times(kPerOther, text.other_lead) + times(kPerMessage, sample.messages) +
         times(kPerTool, sample.tools) + kPerPrompt;
}

}  // namespace

TokenSample sample_of(const protocol::Conversation& conversation) {
  return {conversation.text, conversation.messages, conversation.tools, conversation.images,
          conversation.token_ids};
}

TextKind kind_of(const protocol::ByteClasses& text) {
  const std::uint64_t marks = text.punctuation + text.escapes;
  const std::uint64_t bytes =
      text.letters + text.digits + text.spaces + marks + 3 * text.cjk + 2 * text.other_lead;
  if (3 * text.cjk * 10 > bytes * 3) return TextKind::cjk;
  if (2 * text.other_lead * 10 > bytes * 3) return TextKind::other_script;
  if (text.spaces * 25 < bytes) return TextKind::dense;
  if ((marks + text.digits) * 10 > bytes * 3) return TextKind::structured;
  if (marks * 100 > bytes * 12) return TextKind::code;
  return TextKind::prose;
}

PlainEstimate::PlainEstimate(const TokenSample& sample)
    : tokens(text_tokens(sample)),
      kind(kind_of(sample.text)),
      images(sample.images),
      token_ids(sample.token_ids) {}

Tokens estimate_tokens(const PlainEstimate& prompt, const TokenWeights& weights) {
  const double scale = weights.scale[static_cast<std::size_t>(prompt.kind)];
  return std::llround(prompt.tokens * scale + kPerImage * prompt.images) + prompt.token_ids;
}

TokenWeights TokenCalibration::weights() const {
  TokenWeights weights;
  const float overall = overall_.scale.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < kTextKinds; ++i) {
    const bool seen = kinds_[i].seen.load(std::memory_order_relaxed) > 0;
    weights.scale[i] = seen ? kinds_[i].scale.load(std::memory_order_relaxed) : overall;
  }
  return weights;
}

void TokenCalibration::learn(const PlainEstimate& prompt, Tokens reported) {
  if (reported <= 0 || prompt.images > 0 || prompt.token_ids > 0) return;
  const auto count = static_cast<double>(reported);
  const double ratio = std::clamp(count / prompt.tokens, kLeastScale, kMostScale);
  const double trust = std::min(1.0, count / kFullTrust);
  kinds_[static_cast<std::size_t>(prompt.kind)].learn(ratio, trust);
  overall_.learn(ratio, trust);
}

// A running mean that becomes an exponential one, so that it follows a provider's new tokenizer.
void TokenCalibration::Cell::learn(double ratio, double trust) {
  const std::uint32_t before = seen.load(std::memory_order_relaxed);
  const double step = trust / (1 + std::min(before, kMemory - 1));
  const double old = scale.load(std::memory_order_relaxed);
  scale.store(static_cast<float>(old + step * (ratio - old)), std::memory_order_relaxed);
  if (before < kMemory) seen.store(before + 1, std::memory_order_relaxed);
}

}  // namespace tidegate::workload
