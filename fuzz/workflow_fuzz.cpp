// Workflow files: any bytes as the workflow, which may use and name itself. Nothing may crash or
// take long; a file is either taken whole or refused with at least one problem in words.
#include <cstdint>
#include <string>
#include <string_view>

#include "require.h"
#include "workflow/load.h"
#include "workflow/plan.h"

namespace {

using namespace tidegate;

class OneFile final : public workflow::FileSource {
 public:
  explicit OneFile(std::string_view text) : text_(text) {}
  Result<std::string> read(const std::string& path) const override {
    if (path == "w" || path == "x/w" || path == "p.md") return std::string(text_);
    return fail(ErrorCode::not_found, "there is no such file", path);
  }

 private:
  std::string_view text_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const OneFile files({reinterpret_cast<const char*>(data), size});
  const workflow::Loaded loaded = workflow::load("w", files, {});
  if (!loaded.ok()) {
    require(!loaded.problems.empty());
    for (const auto& problem : loaded.problems) require(!problem.message.empty());
    return 0;
  }
  const auto& flow = *loaded.workflow;
  require(flow.order.size() == flow.tasks.size());
  const auto kept = workflow::unpack(workflow::pack(flow.files));
  require(kept.has_value());
  const auto again = workflow::load("w", workflow::KeptFiles(*kept), {});
  require(again.ok() && again.workflow->hash == flow.hash);
  const auto plan =
      workflow::plan(flow, {WallTime{}, {}, 3, &catalog::Catalog::shipped(), nullptr});
  if (plan) require_json(workflow::to_json(*plan));
  return 0;
}
