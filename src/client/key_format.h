// The form that providers give their keys. A key that was copied in part or belongs to another
// provider is found before it is sent anywhere. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace tidegate::client {

// What is wrong with `key`, in a sentence that begins with `where` (a variable or an option) and
// shows nothing of the key; nullopt: it may be one. Only meant for keys of the dialect's own
// provider: others' servers have keys of any form.
[[nodiscard]] std::optional<std::string> check_key(config::Dialect dialect, std::string_view key,
                                                   std::string_view where);

}  // namespace tidegate::client
