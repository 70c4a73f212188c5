// The texts of data/catalog.yaml and data/clients.yaml, compiled in by embed.cmake. Constant, any
// thread.
#pragma once

#include <string_view>

namespace tidegate::catalog {

extern const std::string_view kShippedCatalog;
extern const std::string_view kShippedClients;

}  // namespace tidegate::catalog
