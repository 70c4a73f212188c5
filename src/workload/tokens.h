// Prompt size in tokens, estimated from byte classes, and its calibration per model.
// estimate_tokens() is a pure function. A TokenCalibration belongs to one model and is shared by
// all workers: its cells are relaxed atomics, and an update that is lost in a race only learns
// less.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/money.h"
#include "protocol/conversation.h"

namespace tidegate::workload {

// What a prompt's size is estimated from.
struct TokenSample {
  protocol::ByteClasses text;
  std::uint32_t messages = 0, tools = 0, images = 0;
  std::uint32_t token_ids = 0;  // counted already
};
[[nodiscard]] TokenSample sample_of(const protocol::Conversation& conversation);

// What a text mostly is; each kind has a scale of its own (rules in docs/workload.md).
enum class TextKind : std::uint8_t { prose, code, structured, dense, cjk, other_script };
inline constexpr std::size_t kTextKinds = 6;
[[nodiscard]] TextKind kind_of(const protocol::ByteClasses& text);

// A sample before any calibration; small enough to be kept until the provider reports its count.
struct PlainEstimate {
  PlainEstimate() = default;
  PlainEstimate(const TokenSample& sample);

  double tokens = 0;  // of the text alone
  TextKind kind = TextKind::prose;
  std::uint32_t images = 0;
  std::uint32_t token_ids = 0;
};

// A model's factors on the plain estimate, by kind.
struct TokenWeights {
  std::array<float, kTextKinds> scale = {1, 1, 1, 1, 1, 1};
};

// Never negative.
[[nodiscard]] Tokens estimate_tokens(const PlainEstimate& prompt, const TokenWeights& weights);

class TokenCalibration {
 public:
  // A kind that was never seen has the scale of all that were.
  [[nodiscard]] TokenWeights weights() const;

  // Takes up the provider's count of prompt tokens. Ignored: counts that are not positive, and
  // prompts with images or token ids, which are no text.
  void learn(const PlainEstimate& prompt, Tokens reported);

 private:
  struct Cell {
    std::atomic<float> scale{1};
    std::atomic<std::uint32_t> seen{0};
    void learn(double ratio, double trust);
  };
  std::array<Cell, kTextKinds> kinds_;
  Cell overall_;
};

}  // namespace tidegate::workload
