// For tests: clears the providers' key variables, so that the machine's own keys play no part.
#pragma once

#include <cstdlib>

#include "config/dialects.h"

namespace tidegate::config {

inline void clear_keys() {
  for (const auto& dialect : dialects()) {
    if (!dialect.key_variable.empty()) unsetenv(std::string(dialect.key_variable).c_str());
  }
}

}  // namespace tidegate::config
