// What one option cannot know alone: that names meet and values fit together.
// Used by the loader only.
#pragma once

#include "config/config.h"
#include "config/reader.h"

namespace tidegate::config {

void check(const Config& config, Reader& reader);

}  // namespace tidegate::config
