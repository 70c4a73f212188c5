// The page docs/configuration.md, made from the option tables so that it cannot be out of date.
#pragma once

#include <string>

namespace tidegate::config {

std::string reference_markdown();

}  // namespace tidegate::config
