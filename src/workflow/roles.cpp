#include "workflow/roles.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>

#include "workflow/shipped_roles.h"

namespace tidegate::workflow {
namespace {

// A role's file names no others.
class NoFiles final : public FileSource {
 public:
  Result<std::string> read(const std::string& path) const override {
    return fail(ErrorCode::not_found, path + ": a built-in role names no files");
  }
};

std::shared_ptr<RoleLayer> read_role(std::string_view text, const std::string& file,
                                     std::vector<config::Problem>& problems) {
  const NoFiles no_files;
  const Surroundings nowhere;
  Library library(no_files, nowhere);
  auto tree = Tree::parse(std::make_shared<const std::string>(text));
  auto role = std::make_shared<RoleLayer>();
  if (!tree) {
    const Place place = place_in(text, tree.error().offset);
    problems.push_back({{file, place.line, place.column}, tree.error().message, false});
    return role;
  }
  FileReader reader(*tree, file, library);
  read_keys(role_file_keys(), reader, 0, *role);
  problems = library.take_problems();
  return role;
}

}  // namespace

const Keys<RoleLayer>& role_keys() {
  using R = RoleLayer;
  static const Keys<R> keys = [] {
    Keys<R> all{
        text_key<R>("description", &R::description, "What it is for."),
        {{"extends", "A role whose settings and prompt hold where this one is silent.",
          kTextSchema},
         [](R& role, FileReader& reader, Tree::Index at) {
           if (const auto text = reader.text(at)) role.extends = std::string(*text);
           role.extends_at = at;
         }},
        {{"system", "Its system prompt, or file:PATH; it may name inputs and run.", kTextSchema},
         [](R& role, FileReader& reader, Tree::Index at) {
           role.system = reader.text_template(at);
           role.system_at = at;
         }},
    };
    for (const auto& key : settings_keys()) all.push_back(within(&R::settings, key));
    return all;
  }();
  return keys;
}

const Keys<RoleLayer>& role_file_keys() {
  static const Keys<RoleLayer> keys = [] {
    Keys<RoleLayer> all = role_keys();
    all.push_back(text_key<RoleLayer>("name", &RoleLayer::name, "Its name.").required());
    return all;
  }();
  return keys;
}

std::span<const std::string_view> built_in_role_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const ShippedRole& role : kShippedRoles) all.push_back(role.name);
    return all;
  }();
  return names;
}

std::shared_ptr<const RoleLayer> built_in_role(std::string_view name) {
  // A mutex, since roles are read once each and loads may run in several threads.
  static std::mutex mutex;
  static std::map<std::string_view, std::shared_ptr<const RoleLayer>> roles;
  const std::lock_guard lock(mutex);
  if (const auto known = roles.find(name); known != roles.end()) return known->second;
  for (const ShippedRole& shipped : kShippedRoles) {
    if (shipped.name != name) continue;
    std::vector<config::Problem> problems;
    auto role = read_role(shipped.text, "data/roles/" + std::string(name) + ".yaml", problems);
    if (!problems.empty()) {
      std::fputs((config::format(problems.front()) + "\n").c_str(), stderr);
      std::abort();
    }
    return roles.emplace(shipped.name, std::move(role)).first->second;
  }
  return nullptr;
}

std::vector<config::Problem> check_role_file(std::string_view text, const std::string& file) {
  std::vector<config::Problem> problems;
  read_role(text, file, problems);
  return problems;
}

}  // namespace tidegate::workflow
