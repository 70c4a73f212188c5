// Models: how a task's request reaches a model and what comes back. In the product the gateway of
// this very process (gateway_models.h); in tests and benchmarks something nearer (test_models.h).
// Used by the runner; calls may run side by side on its loop.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "base/usage.h"
#include "engine/records.h"
#include "loop/cancel.h"
#include "loop/task.h"
#include "workflow/definition.h"

namespace tidegate::engine {

struct Question {
  RunId run{};
  std::string_view role;
  std::string body{};        // of a POST to /v1/chat/completions
  Duration queue{};          // how long its answer may take to begin; 0: until the end
  Duration idle{};           // the longest silence within the answer; 0: until the end
  TimePoint until{};         // the latest time at which the answer may be complete
  Cancel* cancel = nullptr;  // of whoever asks; kept until the answer has come
};

struct ToolCall {
  std::string id{}, name{};
  std::string arguments{};  // JSON, as the model wrote it
};

struct Answer {
  std::string text{};
  std::string reasoning{};
  std::vector<ToolCall> tool_calls{};
  std::string finish_reason{};
  std::string model{}, provider{};  // that answered
  std::string request_id{};         // the gateway's
  std::optional<Usage> usage{};     // absent: the provider did not say
  std::optional<WallTime> first_byte{};
};

// Why there is no answer, or none that is of use.
struct Failure {
  workflow::ErrorClass error_class = workflow::ErrorClass::transport;
  Error error{};
  bool retryable = true;  // false: the same request would be refused again
  bool sent = true;       // false: nothing left, so nothing can have been billed
  bool cancelled = false;
  bool orphaned = false;   // whoever was asked died; what was reserved counts as its cost
  Duration retry_after{};  // 0: nothing was said
  // What is known of what was used all the same.
  std::string model{}, provider{}, request_id{};
  std::optional<Usage> usage{};
  std::optional<Tokens> begun{};  // about so many of its answer had come; absent: it had not begun
};

// Nothing was sent, as it is no longer wanted.
[[nodiscard]] Failure cancelled_failure();
// Trying again would not help.
[[nodiscard]] Failure final_failure(std::string message);

// What an answer is taken for where the provider does not say.
[[nodiscard]] Tokens estimated_completion(const Answer& answer);

using AskResult = std::expected<Answer, Failure>;

class Models {
 public:
  virtual ~Models() = default;
  virtual Task<AskResult> ask(Question question) = 0;
};

}  // namespace tidegate::engine
