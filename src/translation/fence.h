// A code fence around a whole answer, which models put there though they were told not to. Pure
// function, any thread.
#pragma once

#include <optional>
#include <string_view>

namespace tidegate::translation {

// What stands within the fence, when `raw` is nothing but one: ```json ... ```. Raw, as between the
// quotes in JSON, and a part of `raw`.
[[nodiscard]] std::optional<std::string_view> within_fence(std::string_view raw);

}  // namespace tidegate::translation
