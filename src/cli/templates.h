// The files that `tidegate init` writes. Constants.
#pragma once

#include <array>
#include <string_view>

namespace tidegate::cli {

struct Template {
  std::string_view name;
  std::string_view text;
};

extern const std::array<Template, 3> kTemplates;

}  // namespace tidegate::cli
