// What came of a request to a model, as a text: how a helper tells the owner of a run of it.
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "engine/models.h"

namespace tidegate::engine {

[[nodiscard]] std::string to_text(const AskResult& result);
// Error bad_answer: another program wrote it.
[[nodiscard]] Result<AskResult> ask_result(std::string_view text);

}  // namespace tidegate::engine
