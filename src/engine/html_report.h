// The page about a run: one HTML file that needs nothing else and runs no script. Pure function,
// any thread.
#pragma once

#include <string>

#include "engine/run_picture.h"

namespace tidegate::engine {

// `now`: when it was made, for a run that goes on.
[[nodiscard]] std::string html_report(const RunPicture& picture, WallTime now);

}  // namespace tidegate::engine
