#include "engine/run_contents.h"

namespace tidegate::engine {

Result<RunContents> read_contents(JournalReader& reader, RunId run, const NeededContents& needed) {
  RunContents contents;
  const auto read_output = [&](std::int64_t row) -> Result<void> {
    if (row == 0 || contents.outputs.contains(row)) return {};
    auto content = reader.content(row);
    if (!content) return std::unexpected(std::move(content.error()));
    contents.outputs.emplace(row, std::move(*content));
    return {};
  };
  for (const std::int64_t row : needed.outputs) {
    if (auto read = read_output(row); !read) return std::unexpected(std::move(read.error()));
  }
  for (const std::uint32_t task : needed.turns) {
    auto turns = reader.turns(run, task);
    if (!turns) return std::unexpected(std::move(turns.error()));
    contents.turns.emplace(task, std::move(*turns));
  }
  for (const auto& [task, source] : needed.lists) {
    auto stored = reader.tasks(source.run);
    if (!stored) return std::unexpected(std::move(stored.error()));
    for (StoredTask& item : *stored) {
      if (item.parent != source.task || item.state != TaskState::succeeded) continue;
      if (auto read = read_output(item.output); !read) {
        return std::unexpected(std::move(read.error()));
      }
      item.reused = TaskRef{source.run, item.task};
      contents.lists[task].emplace(item.item_key, std::move(item));
    }
  }
  return contents;
}

}  // namespace tidegate::engine
