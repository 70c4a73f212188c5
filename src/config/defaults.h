// What the config is where the file says nothing: providers by the environment's keys, four routes,
// four rules. Used by the loader only.
#pragma once

#include "config/config.h"
#include "config/reader.h"

namespace tidegate::config {

// Fills providers, routes and policy that are empty, and the journal.
void fill_defaults(Config& config, Reader& reader);

}  // namespace tidegate::config
