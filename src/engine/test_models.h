// For tests and benchmarks: models in this process, which answer as a function says, at once or
// after a while, and count who asked.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "engine/models.h"
#include "loop/loop.h"

namespace tidegate::engine {

class TestModels final : public Models {
 public:
  using Respond = std::function<AskResult(const Question& question)>;
  explicit TestModels(Loop& loop, Respond respond = {}, Duration takes = {})
      : loop_(loop), respond_(std::move(respond)), takes_(takes) {}

  static Answer says(std::string text) {
    Answer answer;
    answer.text = std::move(text);
    answer.model = "deepseek-v4-flash";
    answer.provider = "deepseek";
    answer.finish_reason = "stop";
    answer.usage = Usage{.prompt = 100, .cached = 64, .completion = 10};
    return answer;
  }
  static AskResult fails(workflow::ErrorClass error_class, Duration retry_after = {}) {
    Failure failure{.error = {ErrorCode::unavailable, "as the test wants it", {}}};
    failure.error_class = error_class;
    failure.retry_after = retry_after;
    return std::unexpected(std::move(failure));
  }

  Task<AskResult> ask(Question question) override {
    ++asked;
    ++in_flight;
    most_in_flight = std::max(most_in_flight, in_flight);
    const TimePoint until = loop_.now() + takes_;
    while (loop_.now() < until && !question.cancel->canceled()) {
      co_await loop_.sleep_until(std::min(until, loop_.now() + 10ms));
    }
    --in_flight;
    if (question.cancel->canceled()) {
      Failure failure{.error = {ErrorCode::canceled, "cancelled", {}}};
      failure.cancelled = true;
      co_return std::unexpected(std::move(failure));
    }
    if (respond_) co_return respond_(question);
    co_return says("done");
  }

  int asked = 0;
  int in_flight = 0, most_in_flight = 0;

 private:
  Loop& loop_;
  Respond respond_;
  const Duration takes_;
};

}  // namespace tidegate::engine
