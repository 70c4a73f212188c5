#include "engine/command.h"

#include <array>

namespace tidegate::engine {

using store::Value;

Result<std::int64_t> give_command(store::Store& store, const Command& command, WallTime now) {
  const std::array<Value, 5> values{
      command.run.value, std::string_view(command.verb), std::string_view(command.task),
      std::string_view(command.argument),
      std::int64_t{
          std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count()}};
  std::int64_t id = 0;
  auto added = store.query(
      "INSERT INTO command (run, verb, task, argument, given_us) VALUES ($1, $2, $3, $4, $5) "
      "RETURNING id",
      values, [&](const store::Row& row) { id = row.integer(0); });
  if (!added) return std::unexpected(std::move(added.error()));
  return id;
}

Result<std::string> answer_of(store::Store& store, std::int64_t command) {
  std::string answer;
  const std::array<Value, 1> values{command};
  auto found = store.query("SELECT coalesce(answer, '') FROM command WHERE id = $1", values,
                           [&](const store::Row& row) { answer = row.text(0); });
  if (!found) return std::unexpected(std::move(found.error()));
  return answer;
}

}  // namespace tidegate::engine
