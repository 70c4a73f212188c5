// What a declared tool does, by its name: the tools of well-known agents, compared without case.
// Used by the conversation's pass. Pure functions, any thread.
#pragma once

#include <string_view>

namespace tidegate::protocol {

// edit_file, apply_patch, Write, MultiEdit, str_replace_editor, ... (list in the .cpp)
[[nodiscard]] bool edits_files(std::string_view tool);
// bash, shell, run_terminal_cmd, execute_command, ...
[[nodiscard]] bool runs_commands(std::string_view tool);

}  // namespace tidegate::protocol
