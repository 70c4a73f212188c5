// Schema versions: every component of a database brings its tables up step by step.
// Called once after a store is opened, by the thread that owns it.
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"
#include "store/store.h"

namespace tidegate::store {

// 0: the component has no tables.
Result<std::int64_t> version_of(Store& store, std::string_view component);
// That the tables have a later version than the `known` one, and what to do.
Error newer(std::string_view component, std::int64_t version, std::size_t known);

// Runs the steps that `component` still lacks, each in a transaction of its own together with its
// version number, kept in the table schema_version. steps[0] leads from nothing to version 1;
// published steps never change. Error::invalid when the database is newer than the program.
Result<void> migrate(Store& store, std::string_view component,
                     std::span<const std::string_view> steps);

}  // namespace tidegate::store
