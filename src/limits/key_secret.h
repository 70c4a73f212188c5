// The server's secret, under which keys are hashed: whoever has the store but not this can neither
// use nor try keys. It stands in a file of its own, readable by its owner alone.
// Called by the owner of a KeyStore, on its thread.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"

namespace tidegate::limits {

// nullopt: there is no such file. Errors: io, and invalid when others may read the file or it does
// not hold 64 hexadecimal digits.
Result<std::optional<std::string>> read_key_secret(const std::string& path);

// Makes the file, durable when this returns. One caller at a time.
Result<std::string> make_key_secret(const std::string& path);

}  // namespace tidegate::limits
