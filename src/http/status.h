// Reason phrases of HTTP status codes. Pure function, any thread.
#pragma once

#include <string_view>

namespace tidegate::http {

// "Not Found"; "Status" for codes without a name of their own.
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace tidegate::http
