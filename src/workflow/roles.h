// Roles as files say them, built-in ones included, and how they are put together.
// Used by the loader. Plain values; built-in roles are read at their first use, any thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "workflow/settings.h"

namespace tidegate::workflow {

struct RoleLayer {
  std::string name;  // of a built-in role, in its file
  std::optional<std::string> extends, description;
  std::optional<Template> system;
  SettingsLayer settings;
  Tree::Index at = 0, extends_at = 0, system_at = 0;
};
const Keys<RoleLayer>& role_keys();
// Those of a built-in role's file: a name as well.
const Keys<RoleLayer>& role_file_keys();

// In alphabetical order.
[[nodiscard]] std::span<const std::string_view> built_in_role_names();
// Null: there is none of that name. Ends the process if the compiled-in file is broken, which a
// test rules out.
[[nodiscard]] std::shared_ptr<const RoleLayer> built_in_role(std::string_view name);
// What is wrong with a role's file; none: nothing.
[[nodiscard]] std::vector<config::Problem> check_role_file(std::string_view text,
                                                           const std::string& file);

}  // namespace tidegate::workflow
