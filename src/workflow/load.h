// Reads a workflow and everything that it names, and says all that is wrong with it at once.
// Used by the commands, the API and the engine when it resumes. Pure but for the files that a
// FileSource reads; any thread.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"
#include "config/config.h"
#include "workflow/definition.h"

namespace tidegate::workflow {

inline constexpr std::size_t kMaxFileBytes = 64u << 20;  // one file
inline constexpr std::size_t kMaxTasks = 500'000;        // one workflow
inline constexpr std::size_t kMaxSubWorkflowDepth = 8;   // `uses` in `uses` in ...

// Where files come from: the disk, or what a journal kept of them.
class FileSource {
 public:
  virtual ~FileSource() = default;
  // Error not_found, too_large (above kMaxFileBytes) or io; the message says which and why.
  [[nodiscard]] virtual Result<std::string> read(const std::string& path) const = 0;
};

class DiskFiles final : public FileSource {
 public:
  [[nodiscard]] Result<std::string> read(const std::string& path) const override;
};

// Workflow::files of an earlier load.
class KeptFiles final : public FileSource {
 public:
  explicit KeptFiles(std::vector<SourceFile> files) : files_(std::move(files)) {}
  [[nodiscard]] Result<std::string> read(const std::string& path) const override;

 private:
  std::vector<SourceFile> files_;
};

// What a file may name that stands outside of it.
struct Surroundings {
  const catalog::Catalog* catalog = nullptr;  // models; null: their names are not checked
  // Routes of the gateway's config. A workflow's own route of the same name comes first.
  std::vector<std::string> routes;
};

struct Loaded {
  std::shared_ptr<const Workflow> workflow;  // null unless ok()
  std::vector<config::Problem> problems;  // by file, line and column; at most 200 and a last word
  [[nodiscard]] bool ok() const { return workflow != nullptr; }
};

// YAML or JSON. Files that it names are relative to the folder of the file that names them.
[[nodiscard]] Loaded load(const std::string& path, const FileSource& files,
                          const Surroundings& surroundings);

// The values of a run's inputs: `given` is what the user said, as text ("--input NAME=TEXT") or as
// JSON. Checks types and `required`, fills in defaults. Error invalid: all that is wrong, one line
// each.
[[nodiscard]] Result<Map> bind_inputs(const Workflow& workflow, const Map& given);
// Text from a command line as the input's type: a string as it is, all else as JSON.
[[nodiscard]] Result<Value> input_from_text(const Input& input, std::string_view text);

// All files in one text and back, for a journal.
[[nodiscard]] std::string pack(const std::vector<SourceFile>& files);
[[nodiscard]] Result<std::vector<SourceFile>> unpack(std::string_view packed);

}  // namespace tidegate::workflow
