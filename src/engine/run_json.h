// What the admin API says of runs, as JSON. Pure functions, any thread.
#pragma once

#include <string>
#include <vector>

#include "engine/journal_reader.h"
#include "engine/run_picture.h"

namespace tidegate::engine {

[[nodiscard]] std::string runs_json(const std::vector<StoredRun>& runs);
[[nodiscard]] std::string picture_json(const RunPicture& picture);
// The data of an event of a stream.
[[nodiscard]] std::string event_json(const StoredEvent& event, std::string_view task_id);

}  // namespace tidegate::engine
