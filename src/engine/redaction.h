// What is secret never reaches the journal: keys of providers, variables that tools are given,
// secret inputs, Tidegate's own keys. Pure functions but for secrets_of(), which looks variables of
// the environment up; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/records.h"
#include "workflow/definition.h"
#include "workflow/value.h"

namespace tidegate::engine {

// Stands in the place of what was taken out.
inline constexpr std::string_view kRedacted = "***";

// Adds `value` in the forms that it may be written in. What is shorter than six characters cannot
// be told from words, and is not added.
void add_secret(std::vector<std::string>& secrets, std::string_view value);
// Of a run: its secret inputs, and what its tool servers get from the environment, but for paths.
[[nodiscard]] std::vector<std::string> secrets_of(const workflow::Workflow& workflow,
                                                  const workflow::Map& inputs);

// Takes the secrets, and whatever is written as a key of Tidegate, out of `text`.
void redact(std::string& text, std::span<const std::string> secrets);
// The same bytes where there is nothing to take out.
[[nodiscard]] Bytes redacted(Bytes bytes, std::span<const std::string> secrets);

}  // namespace tidegate::engine
