// Cut: a stretch of a body that is replaced, all other bytes staying as they are. For repairs of
// requests that are not translated. Plain values, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/conversation.h"

namespace tidegate::translation {

struct Cut {
  protocol::Range place;  // empty: an insertion
  std::string replacement;
};

// `cuts` must not overlap; in any order.
[[nodiscard]] std::string apply(std::string_view body, std::vector<Cut> cuts);

}  // namespace tidegate::translation
