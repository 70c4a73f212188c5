// The form of data/catalog.yaml: one table per section, as for the config.
// Used by Catalog::parse only. Immutable after the first use, any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "config/option.h"

namespace tidegate::catalog {

struct CatalogData {
  std::map<std::string, Calendar> calendars;
  std::vector<Model> models;
  std::vector<config::Position> model_positions;  // of models[i]
};

const config::Section<CatalogData>& catalog_options();

}  // namespace tidegate::catalog
