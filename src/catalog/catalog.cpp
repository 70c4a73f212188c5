#include "catalog/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/hash.h"
#include "base/text.h"
#include "catalog/catalog_options.h"
#include "catalog/shipped_data.h"

namespace tidegate::catalog {
namespace {

void check_references(const CatalogData& data, const Catalog& catalog, config::Reader& reader) {
  const auto names = catalog.names();
  for (std::size_t i = 0; i < data.models.size(); ++i) {
    const Model& model = data.models[i];
    const config::Position& at = data.model_positions[i];
    for (const std::string& fallback : model.fallback) {
      if (catalog.find(fallback) != nullptr) continue;
      reader.problem(at, fmt::format("models.{}.fallback: there is no model \"{}\".{}", model.id,
                                     fallback, did_you_mean(fallback, names)));
    }
    if (!model.calendar.empty() && !data.calendars.contains(model.calendar)) {
      reader.problem(at, fmt::format("models.{}.calendar: there is no calendar \"{}\"", model.id,
                                     model.calendar));
    }
  }
}

}  // namespace

std::size_t Catalog::NameHash::operator()(std::string_view name) const { return hash_bytes(name); }

const Catalog& Catalog::shipped() {
  static const Catalog catalog = [] {
    std::vector<config::Problem> problems;
    Catalog parsed = parse(kShippedCatalog, "data/catalog.yaml", problems);
    if (!problems.empty()) throw std::runtime_error(config::format(problems.front()));
    return parsed;
  }();
  return catalog;
}

Catalog Catalog::parse(std::string_view yaml, const std::string& file,
                       std::vector<config::Problem>& problems) {
  config::Document document = config::parse_document(yaml, file);
  problems.insert(problems.end(), document.problems.begin(), document.problems.end());
  Catalog catalog;
  if (document.root.kind == config::Node::Kind::null) return catalog;
  config::Reader reader(file, problems);
  CatalogData data;
  read_section(catalog_options(), document.root, "", data, reader);
  catalog.models_ = data.models;
  for (std::size_t i = 0; i < data.models.size(); ++i) {
    catalog.by_name_.emplace(data.models[i].id, i);
  }
  for (std::size_t i = 0; i < data.models.size(); ++i) {
    for (const std::string& alias : data.models[i].aliases) {
      if (catalog.by_name_.emplace(alias, i).second) continue;
      reader.problem(data.model_positions[i],
                     fmt::format("models.{}.aliases: \"{}\" names another model already",
                                 data.models[i].id, alias));
    }
  }
  catalog.calendars_.insert(data.calendars.begin(), data.calendars.end());
  check_references(data, catalog, reader);
  return catalog;
}

MediaSet Model::misses(MediaSet shown) const {
  if (takes.empty()) return 0;
  MediaSet taken = 0;
  for (const Media kind : takes) add(taken, kind);
  return shown & static_cast<MediaSet>(~taken);
}

const Model* Catalog::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &models_[found->second];
}

std::vector<std::string> Catalog::names() const {
  std::vector<std::string> names;
  names.reserve(by_name_.size());
  for (const auto& [name, index] : by_name_) names.push_back(name);
  std::ranges::sort(names);
  return names;
}

}  // namespace tidegate::catalog
