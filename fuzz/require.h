// What fuzz targets demand: a broken demand ends the process, which libFuzzer reports.
#pragma once

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

}  // namespace tidegate
