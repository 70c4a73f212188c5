// AnswerFold: what an answer's events amount to for the attempt that got it, in the same terms as
// for a chat answer that passes by. Used beside an encoder. One per answer, one worker.
#pragma once

#include <string>

#include "translation/event.h"

namespace tidegate::translation {

class AnswerFold {
 public:
  void take(const Event& event);
  [[nodiscard]] const protocol::Answer& answer() const { return answer_; }
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] const std::string& id() const { return id_; }

 private:
  protocol::Answer answer_;
  std::string id_;
  bool done_ = false;
};

}  // namespace tidegate::translation
