// The text of data/catalog.yaml, compiled in by embed.cmake. Constant, any thread.
#pragma once

#include <string_view>

namespace tidegate::catalog {

extern const std::string_view kShippedCatalog;

}  // namespace tidegate::catalog
