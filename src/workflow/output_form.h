// The form of a task's answer: a JSON Schema, in the file or beside it. Used by the tables of keys.
// One thread, that of the load.
#pragma once

#include <memory>

#include "workflow/definition.h"
#include "workflow/form.h"

namespace tidegate::workflow {

struct OutputLayer {
  Tree::Index schema = 0;
  int repair = 2;
};
const Keys<OutputLayer>& output_keys();

// Null, with a problem, if it is none.
std::shared_ptr<const OutputForm> read_output_form(FileReader& reader, Tree::Index at);

}  // namespace tidegate::workflow
