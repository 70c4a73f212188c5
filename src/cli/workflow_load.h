// How every verb of `tidegate workflow` reads a workflow file: with the models and routes of the
// configuration that a run would use. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "config/config.h"
#include "workflow/load.h"

namespace tidegate::cli {

struct WorkflowFile {
  config::Config config;
  std::shared_ptr<const catalog::Catalog> catalog;
  workflow::Loaded loaded;
};

// False, with the problems printed to standard error, if the configuration cannot be used. What is
// wrong with the workflow is in `out`.
bool load_workflow(const std::string& config, const std::string& file, WorkflowFile& out);

// "NAME=VALUE" of `option`: as the input's type says, or @FILE. Error invalid: which and why.
Result<workflow::Map> read_given(const workflow::Workflow& workflow, std::string_view option,
                                 const std::vector<std::string>& given);
// The same of --input, with what is not given filled in.
Result<workflow::Map> read_inputs(const workflow::Workflow& workflow,
                                  const std::vector<std::string>& given);

}  // namespace tidegate::cli
