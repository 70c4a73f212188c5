// Addresses of PostgreSQL databases as people may see them. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

namespace tidegate::store {

// The address without its password, for messages.
[[nodiscard]] std::string without_password(std::string_view url);

}  // namespace tidegate::store
