// AnswerCheck: gathers an answer's text as its events pass and tells, at the end, whether it has
// the form that was asked for. Used by AnswerPass. One per answer, one worker.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "translation/asked_form.h"
#include "translation/event.h"

namespace tidegate::translation {

class AnswerCheck {
 public:
  explicit AnswerCheck(std::shared_ptr<const AskedForm> form) : form_(std::move(form)) {}

  // The text of a whole answer without the fence around it.
  std::string_view unwrap(std::string_view raw);
  void take(const Event& event);
  // After the answer's last event. Says nothing of answers that are no text to be parsed: calls,
  // refusals, and those that were cut off, as their finish reason tells the client.
  void judge();

  [[nodiscard]] const AskedForm& form() const { return *form_; }
  // What does not fit, "at /items/0: expected a number, found a string"; empty: nothing.
  [[nodiscard]] const std::string& fault() const { return fault_; }
  // Why it could not be told; empty: it could.
  [[nodiscard]] const std::string& undecided() const { return undecided_; }
  // The client should not take the answer for a good one.
  [[nodiscard]] bool refuses() const { return form_->strict && !fault_.empty(); }
  // The text with a fence and what is in it, as views of the whole answer; empty: there was none.
  [[nodiscard]] std::string_view fenced() const { return fenced_; }
  [[nodiscard]] std::string_view in_fence() const { return in_fence_; }

 private:
  std::shared_ptr<const AskedForm> form_;
  std::string text_;
  bool other_ = false;  // it is not a text to be parsed
  bool broken_ = false, too_long_ = false;
  std::string fault_, undecided_;
  std::string_view fenced_, in_fence_;
};

}  // namespace tidegate::translation
