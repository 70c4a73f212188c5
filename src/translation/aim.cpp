#include "translation/aim.h"

namespace tidegate::translation {

bool Aim::wants_details() const {
  return dialect->reasoning_details && wire_model.starts_with("google/");
}

bool Aim::thinks(protocol::Toggle toggle, protocol::Effort effort) const {
  using protocol::Effort;
  using protocol::Toggle;
  if (!can_think) return false;
  // The toggle wins over the effort (fact sheet of DeepSeek V4, 1.2).
  if (toggle != Toggle::unset) return toggle == Toggle::on;
  if (effort != Effort::unset) return effort != Effort::none;
  if (thinking != config::Thinking::unset) return thinking != config::Thinking::off;
  return thinks_by_default;
}

}  // namespace tidegate::translation
