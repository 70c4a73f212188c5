// What `tidegate workflow diff` prints. Pure functions, any thread.
#pragma once

#include <string>

#include "engine/run_diff.h"

namespace tidegate::cli {

[[nodiscard]] std::string diff_text(const engine::RunDiff& diff);
[[nodiscard]] std::string diff_json(const engine::RunDiff& diff);

}  // namespace tidegate::cli
