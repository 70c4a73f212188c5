// The report on a run, for people and for programs. Pure functions, any thread.
#pragma once

#include <string>

#include "engine/run_picture.h"

namespace tidegate::cli {

[[nodiscard]] std::string report_text(const engine::RunPicture& picture);
[[nodiscard]] std::string report_json(const engine::RunPicture& picture);

}  // namespace tidegate::cli
