#include "protocol/tool_names.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace tidegate::protocol {
namespace {

// Claude Code, Codex, Cursor, Cline, Copilot, Gemini CLI, OpenHands, aider, SWE-agent.
constexpr std::string_view kEditors[] = {
    "apply_diff",
    "apply_patch",
    "create_file",
    "edit",
    "edit_file",
    "edit_files",
    "edit_notebook",
    "insert_content",
    "insert_edit_into_file",
    "multi_edit",
    "multiedit",
    "multi_replace_string_in_file",
    "notebookedit",
    "replace",
    "replace_in_file",
    "save_file",
    "search_replace",
    "replace_string_in_file",
    "str_replace",
    "str_replace_editor",
    "str_replace_based_edit_tool",
    "update_file",
    "write",
    "write_file",
    "write_to_file",
};
constexpr std::string_view kShells[] = {
    "bash",
    "command",
    "container.exec",
    "exec",
    "exec_command",
    "execute_bash",
    "execute_command",
    "local_shell",
    "powershell",
    "run_bash",
    "run_command",
    "run_in_terminal",
    "run_shell_command",
    "run_terminal_cmd",
    "shell",
    "shell_command",
    "terminal",
    "unified_exec",
};

template <std::size_t N>
bool is_one_of(std::string_view name, const std::string_view (&names)[N]) {
  return std::any_of(std::begin(names), std::end(names), [name](std::string_view known) {
    return known.size() == name.size() && equals_ignoring_case(known, name);
  });
}

}  // namespace

bool edits_files(std::string_view tool) { return is_one_of(tool, kEditors); }
bool runs_commands(std::string_view tool) { return is_one_of(tool, kShells); }

}  // namespace tidegate::protocol
