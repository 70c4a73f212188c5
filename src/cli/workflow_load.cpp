#include "cli/workflow_load.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/load_config.h"

namespace tidegate::cli {

bool load_workflow(const std::string& config, const std::string& file, WorkflowFile& out) {
  config::Loaded loaded = load_config(config);
  auto catalog = std::make_shared<const catalog::Catalog>(
      catalog::Catalog::with(loaded.config, loaded.problems));
  if (print_problems(loaded.problems)) return false;
  out.config = std::move(loaded.config);
  out.catalog = std::move(catalog);
  workflow::Surroundings around{out.catalog.get(), {}};
  for (const config::Route& route : out.config.routes) around.routes.push_back(route.name);
  out.loaded = workflow::load(file, workflow::DiskFiles{}, around);
  return true;
}

Result<workflow::Map> read_given(const workflow::Workflow& workflow, std::string_view option,
                                 const std::vector<std::string>& given) {
  workflow::Map values;
  for (const std::string& text : given) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (equals == std::string::npos || name.empty()) {
      return fail(ErrorCode::invalid,
                  fmt::format("{} {}: expected NAME=VALUE or NAME=@FILE", option, text),
                  std::string(option));
    }
    const auto input = std::ranges::find(workflow.inputs, name, &workflow::Input::name);
    if (input == workflow.inputs.end()) {
      std::vector<std::string> names;
      for (const auto& known : workflow.inputs) names.push_back(known.name);
      return fail(ErrorCode::invalid,
                  fmt::format("{} {}: the workflow has no such input.{}", option, name,
                              did_you_mean(name, names)),
                  std::string(option));
    }
    std::string value = text.substr(equals + 1);
    if (value.starts_with('@')) {
      auto content = workflow::DiskFiles{}.read(value.substr(1));
      if (!content) return std::unexpected(content.error());
      value = std::move(*content);
    }
    auto read = workflow::input_from_text(*input, value);
    if (!read) return std::unexpected(read.error());
    values.push_back({name, std::move(*read)});
  }
  return values;
}

Result<workflow::Map> read_inputs(const workflow::Workflow& workflow,
                                  const std::vector<std::string>& given) {
  auto values = read_given(workflow, "--input", given);
  if (!values) return values;
  return workflow::bind_inputs(workflow, *values);
}

}  // namespace tidegate::cli
