// ClientOptions as the configuration that a gateway's file would give. Pure function but for the
// environment and the file that it reads; called once, by Client::open().
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "tidegate/client_options.h"

namespace tidegate::client {

// The error lists all that is wrong, a line each.
[[nodiscard]] Result<config::Config> read_options(const ClientOptions& options);

}  // namespace tidegate::client
