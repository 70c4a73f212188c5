// What the config needs to know of each dialect: its word, its provider's address and key variable.
// Used by the provider options and the defaults. Constants, any thread.
#pragma once

#include <span>
#include <string_view>

#include "config/config.h"

namespace tidegate::config {

struct DialectTraits {
  std::string_view name;  // also the name of the default provider
  Dialect dialect;
  std::string_view base_url;      // empty: must be given
  std::string_view key_variable;  // empty: no key by default
};

std::span<const DialectTraits> dialects();
const DialectTraits& traits(Dialect dialect);

}  // namespace tidegate::config
