#include "workflow/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "json/writer.h"
#include "tls/digest.h"
#include "workflow/workflow_reader.h"

namespace tidegate::workflow {
namespace {

// Null, with problems, if anything is wrong.
std::shared_ptr<Workflow> read_one(Library& library, const std::string& path,
                                   const std::shared_ptr<const std::string>& text) {
  const auto tree = Tree::parse(text);
  if (!tree) {
    const Place place = place_in(*text, tree.error().offset);
    library.problem({path, place.line, place.column}, tree.error().message);
    return nullptr;
  }
  return WorkflowReader(*tree, path, library).read();
}

// Sizes stand in between, so that no two sets of files look alike.
std::string hash_of(const std::vector<SourceFile>& files) {
  std::string all;
  for (const SourceFile& file : files) {
    all += fmt::format("{} {}\n", file.path.size(), file.text->size());
    all += file.path;
    all += *file.text;
  }
  return tls::sha256_hex(all);
}

}  // namespace

Result<std::string> DiskFiles::read(const std::string& path) const {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    return fail(ErrorCode::not_found, fmt::format("{}: there is no such file", path), path);
  }
  if (!std::filesystem::is_regular_file(status)) {
    return fail(ErrorCode::io, fmt::format("{}: not a file", path), path);
  }
  const auto size = std::filesystem::file_size(path, error);
  if (!error && size > kMaxFileBytes) {
    return fail(
        ErrorCode::too_large,
        fmt::format("{}: {} bytes; expected at most {} MiB", path, size, kMaxFileBytes >> 20),
        path);
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (file) {
    text.resize_and_overwrite(size, [&](char* to, std::size_t room) {
      file.read(to, static_cast<std::streamsize>(room));
      return static_cast<std::size_t>(file.gcount());
    });
  }
  if (!file.is_open() || file.bad()) {
    return fail(ErrorCode::io,
                fmt::format("{}: cannot be read: {}", path,
                            errno != 0 ? std::strerror(errno) : "read error"),
                path);
  }
  return text;
}

Result<std::string> KeptFiles::read(const std::string& path) const {
  const auto found = std::ranges::find(files_, path, &SourceFile::path);
  if (found == files_.end()) {
    return fail(ErrorCode::not_found, fmt::format("{}: not among the files that were kept", path),
                path);
  }
  return *found->text;
}

Loaded load(const std::string& path, const FileSource& files, const Surroundings& surroundings) {
  Library library(files, surroundings);
  Loaded loaded;
  const auto text = library.read(path);
  if (!text) {
    std::string_view what = text.error().message;
    if (what.starts_with(path + ": ")) what.remove_prefix(path.size() + 2);  // a problem says where
    loaded.problems.push_back({{path, 0, 0}, std::string(what), false});
    return loaded;
  }
  library.reading.push_back(path);
  auto workflow = read_one(library, path, *text);
  if (workflow != nullptr && !library.has_errors()) {
    workflow->files = library.files();
    workflow->hash = hash_of(workflow->files);
    loaded.workflow = std::move(workflow);
  }
  loaded.problems = library.take_problems();
  return loaded;
}

std::shared_ptr<const Workflow> load_used(Library& library, const std::string& path,
                                          FileReader& user, Tree::Index at) {
  if (const auto open = std::ranges::find(library.reading, path); open != library.reading.end()) {
    std::string cycle;
    for (auto file = open; file != library.reading.end(); ++file) cycle += *file + " -> ";
    user.problem(at, fmt::format("the workflow uses itself in the end: {}{}", cycle, path));
    return nullptr;
  }
  if (library.reading.size() >= kMaxSubWorkflowDepth) {
    user.problem(at,
                 fmt::format("more than {} workflows inside of one another", kMaxSubWorkflowDepth));
    return nullptr;
  }
  if (const auto known = library.workflows.find(path); known != library.workflows.end()) {
    if (known->second == nullptr) user.problem(at, fmt::format("{} has problems", path));
    return known->second;
  }
  const auto text = library.read(path);
  if (!text) {
    user.problem(at, text.error().message);
    return nullptr;
  }
  library.reading.push_back(path);
  auto workflow = read_one(library, path, *text);
  library.reading.pop_back();
  library.workflows[path] = workflow;
  return workflow;
}

std::string pack(const std::vector<SourceFile>& files) {
  std::string out;
  json::Writer json(out);
  json.begin_array();
  for (const SourceFile& file : files) {
    json.begin_object().member("path", file.path).member("text", *file.text).end_object();
  }
  json.end_array();
  return out;
}

Result<std::vector<SourceFile>> unpack(std::string_view packed) {
  const auto value = Value::parse(packed);
  if (!value) return std::unexpected(value.error());
  std::vector<SourceFile> files;
  for (const Value& file : value->items()) {
    const Value path = file.find("path");
    auto text = file.find("text").shared_text();
    if (!path.is_string() || text == nullptr) {
      return fail(ErrorCode::invalid, "not the files of a workflow");
    }
    files.push_back({std::string(path.text()), std::move(text)});
  }
  return files;
}

std::vector<TaskIndex> Workflow::dependents(TaskIndex task) const {
  return {dependents_list.begin() + dependents_begin[task],
          dependents_list.begin() + dependents_begin[task + 1]};
}

std::optional<TaskIndex> Workflow::find(std::string_view id) const {
  for (TaskIndex task = 0; task < tasks.size(); ++task) {
    if (tasks[task].id == id) return task;
  }
  return std::nullopt;
}

std::string_view name(ContextPolicy policy) {
  switch (policy) {
    case ContextPolicy::full:
      return "full";
    case ContextPolicy::tail:
      return "tail";
    case ContextPolicy::summary:
      return "summary";
    case ContextPolicy::map_reduce:
      return "map_reduce";
  }
  return "";
}

}  // namespace tidegate::workflow
