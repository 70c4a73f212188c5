// The texts of data/roles/*.yaml, compiled in by embed.cmake, in the order of their names.
// Constant, any thread.
#pragma once

#include <span>
#include <string_view>

namespace tidegate::workflow {

struct ShippedRole {
  std::string_view name, text;
};
extern const std::span<const ShippedRole> kShippedRoles;

}  // namespace tidegate::workflow
