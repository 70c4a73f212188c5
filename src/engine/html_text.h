// Text for pages: escaped, so that nothing a model wrote becomes markup, and numbers as people read
// them. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/money.h"
#include "base/time.h"

namespace tidegate::engine {

// Fit for an element's text and for an attribute in quotes. Control characters but line breaks and
// tabs are left out, bytes that are no UTF-8 replaced.
[[nodiscard]] std::string escaped(std::string_view text);
// The same of the first `characters` of it, with an ellipsis where there were more.
[[nodiscard]] std::string escaped_short(std::string_view text, std::size_t characters);

[[nodiscard]] std::string with_commas(std::int64_t number);  // 1,234,567
[[nodiscard]] std::string short_count(std::int64_t number);  // 1.2M
[[nodiscard]] std::string short_usd(NanoDollars amount);     // $1.23, $0.0042, <$0.0001
[[nodiscard]] std::string short_time(Duration duration);     // 1h 02m, 2m 03s, 4.2 s, 15 ms
[[nodiscard]] std::string percent(double share);             // 98.7 %

}  // namespace tidegate::engine
