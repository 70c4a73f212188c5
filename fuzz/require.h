// What fuzz targets demand: a broken demand ends the process, which libFuzzer reports.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "json/checked_text.h"
#include "json/reader.h"

namespace tidegate {

inline void require(bool holds) {
  if (!holds) std::abort();
}

inline void require_json(std::string_view text) {
  const auto checked = json::check_text(text);
  require(checked.has_value());
  json::Reader reader(*checked);
  require(reader.skip() && reader.finish());
}

// Whole SSE events, each with JSON or the end mark.
inline void require_events(std::string_view out) {
  while (!out.empty()) {
    if (out.starts_with("event: ")) out.remove_prefix(std::min(out.find('\n'), out.size() - 1) + 1);
    require(out.starts_with("data: "));
    const std::size_t end = out.find('\n');
    require(end != std::string_view::npos && out.substr(end, 2) == "\n\n");
    const std::string_view payload = out.substr(6, end - 6);
    if (payload != "[DONE]") require_json(payload);
    out.remove_prefix(end + 2);
  }
}

}  // namespace tidegate
